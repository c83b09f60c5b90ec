import type { Clock } from '../core/ports.ts'
import type { ScryptCost } from '../crypto/derive.ts'
import type { RunHolder } from './demo-runs.ts'
import type { Migration } from './migrate.ts'

/** What the vault needs to know of the world around it. */
export interface VaultWorld {
  readonly clock: Clock
  /** Where the memory about vaults is kept; see {@link VaultState}. */
  readonly stateDirectory: string
  /** Who acts, for the audit log: `user@host pid 123`. */
  readonly actor: () => string
  /** This process, as the holder of a demo run. */
  readonly holder: () => RunHolder
  /** Whether a process of this host still runs. */
  readonly isAlive: (holder: RunHolder) => boolean
  /** The user that the vault must belong to; undefined where the platform has none. */
  readonly uid: number | undefined
  /** Skips the rules about owner, mode and file system, for odd file systems. */
  readonly allowUnsafeFile?: boolean
  /** Cost of new passphrase slots; tests lower it. */
  readonly scryptCost?: ScryptCost
  /** Told when an older vault was migrated on opening. */
  readonly onMigrated?: (migration: Migration) => void
}
