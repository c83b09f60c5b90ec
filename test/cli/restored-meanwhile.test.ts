/** P06: a restoration that another process commits between two looks of a command. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Database } from '../../src/vault/database.ts'
import { findProfile } from '../../src/vault/profiles.ts'
import { progressOf } from '../../src/vault/seen.ts'
import { type Restored, VaultState } from '../../src/vault/state.ts'
import { CRM, homeWithVault, NODE, run, succeed } from '../support/cli.ts'

/** Lets something happen once, after what is remembered of restorations was read. */
class Interrupted extends VaultState {
  constructor(
    directory: string,
    readonly happen: () => void,
  ) {
    super(directory)
  }
  #happened = false

  override restored(profileId: Buffer): Restored | undefined {
    const restored = super.restored(profileId)
    if (!this.#happened) {
      this.#happened = true
      this.happen()
    }
    return restored
  }
}

test('P06 a vault that is restored at this moment is not taken for an older copy', async () => {
  const home = await homeWithVault()
  const add = (name: string) =>
    run(['add', 'chatwoot', '--name', name, '--account-id', '3', '--api-key-stdin', '--no-test'], { home, input: 'token-of-somebody\n' })
  succeed(await add('acme'))
  succeed(await run(['vault', 'backup', 'copy.db'], { home }))
  succeed(await add('beta'))
  succeed(await add('gamma'))
  const database = Database.open(home.vault)
  try {
    const { id, audit_count: before } = findProfile(database, 'default') ?? { id: Buffer.alloc(16), audit_count: 0 }
    const state = new Interrupted(home.path, () => {
      const { status, stderr } = spawnSync(NODE, [CRM, 'vault', 'restore', 'copy.db', '--yes'], {
        cwd: home.path,
        env: home.env,
        encoding: 'utf8',
      })
      expect(status, stderr).toBe(0)
    })
    const { count, seen } = progressOf(database, state, id)
    expect(count).toBeLessThan(before)
    expect(seen).toBeLessThanOrEqual(count)
  } finally {
    database.close()
  }
})
