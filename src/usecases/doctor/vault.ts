import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { toTimestamp } from '../../core/time.ts'
import { vaultExists } from '../../files/exists.ts'
import { checkPrivateFile, type FileOwner, modeText } from '../../files/private.ts'
import { withForbiddenMode } from '../../vault/access.ts'
import { checkVaultDirectory, inspectVaultFile } from '../../vault/file.ts'
import { fileSystemOf, formatInHeader } from '../../vault/file-facts.ts'
import { FORMAT_VERSION } from '../../vault/schema.ts'
import type { Vault } from '../../vault/vault.ts'
import { type Finding, look, ok, problem, skipped, warning } from './finding.ts'

/** What of the vault's file is looked at. */
export interface VaultFacts {
  readonly path: string
  readonly owner: FileOwner
  readonly nowMs: number
  /** Opens the vault; called when its file is as it should be. */
  readonly open: () => Promise<Vault>
}

/** What each pragma must be, once a write has begun. */
const IN_FORCE: Readonly<Record<string, string | number>> = {
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  secure_delete: 1,
  trusted_schema: 0,
  cell_size_check: 1,
  mmap_size: 0,
  temp_store: 2,
}

/** The checks that look into the vault. */
const INSIDE = ['durability', 'rollback', 'key_slots', 'unlock', 'seals', 'integrations', 'definitions', 'demos']

/** Directory, file, file system, structure and settings of the vault. `vault` is undefined where it could not be opened. */
export async function checkVault(facts: VaultFacts): Promise<{ readonly findings: readonly Finding[]; readonly vault: Vault | undefined }> {
  const { path, owner } = facts
  if (!vaultExists(path)) {
    return { findings: [warning('vault_file', `there is no vault at ${path} yet`, 'crm init')], vault: undefined }
  }
  const file = await lookAt('vault_file', path, () => fileFinding(facts))
  // What nobody may look at says nothing of itself; the file's finding names the directory that is closed.
  if (file.cause === 'io_failed') return { findings: [file, skipped('vault', 'not opened'), ...unreached()], vault: undefined }
  const findings = [
    await look('vault_directory', () => {
      const directory = dirname(path)
      checkVaultDirectory(directory, owner)
      return ok('vault_directory', `${directory}, mode ${modeText(lstatSync(directory).mode)}`)
    }),
    file,
    fileSystem(path),
  ]
  if (findings.some(({ state }) => state === 'problem'))
    return { findings: [...findings, skipped('vault', 'not opened'), ...unreached()], vault: undefined }
  const format = formatInHeader(path)
  if (format !== 0 && format < FORMAT_VERSION) {
    const older = `format ${format}; the next command that opens it brings it to ${FORMAT_VERSION}, and keeps it as it is beside it`
    return { findings: [...findings, warning('vault', older, 'crm list'), ...unreached()], vault: undefined }
  }
  let vault: Vault | undefined
  findings.push(
    await lookAt('vault', path, async () => {
      vault = await facts.open()
      return ok('vault', `format ${FORMAT_VERSION}, ${Math.ceil((await vault.size()) / 1024)} KiB, its structure as crm writes it`)
    }),
  )
  if (vault === undefined) return { findings: [...findings, ...unreached()], vault }
  findings.push(await lookAt('durability', path, () => durability(vault as Vault)))
  return { findings, vault }
}

/** A look at the vault, whose failure names the mode that forbids it. */
function lookAt(id: string, path: string, act: () => Promise<Finding> | Finding): Promise<Finding> {
  return look(id, async () => {
    try {
      return await act()
    } catch (error) {
      throw withForbiddenMode(error, path)
    }
  })
}

/** What lies behind a vault that is not opened: nobody should take a line that is not there for one that is well. */
function unreached(): readonly Finding[] {
  return INSIDE.map((id) => skipped(id, 'the vault is not opened'))
}

/** The file and those that SQLite keeps beside it. */
function fileFinding({ path, owner }: VaultFacts): Finding {
  inspectVaultFile(path, owner)
  for (const side of [`${path}-wal`, `${path}-shm`]) {
    if (lstatSync(side, { throwIfNoEntry: false }) !== undefined) checkPrivateFile(side, owner, 'the side file')
  }
  return ok('vault_file', `${path}, mode ${modeText(lstatSync(path).mode)}, of this user`)
}

function fileSystem(path: string): Finding {
  const { name, shares } = fileSystemOf(path)
  const move = 'keep the vault on a local disk: crm --vault <path> ...'
  if (shares) return problem('file_system', 'unsafe_file', `${name}: a network file system, where two machines cannot share a vault`, move)
  if (name === 'FUSE') return warning('file_system', 'FUSE: a program stands behind it, which may be a folder that is synchronised', move)
  if (name === 'tmpfs') return warning('file_system', 'tmpfs: what is on it is gone after a restart', move)
  return ok('file_system', name)
}

/** What SQLite really does, and not what it was told. */
async function durability(vault: Vault): Promise<Finding> {
  const { version, ...found } = await vault.settingsInForce()
  const wrong = Object.entries(IN_FORCE).filter(([name, value]) => found[name] !== value)
  if (wrong.length === 0) return ok('durability', `SQLite ${version}: journal_mode=wal, synchronous=FULL, secure_delete, foreign keys`)
  const told = wrong.map(([name, value]) => `${name} is ${found[name]}, not ${value}`).join('; ')
  return problem(
    'durability',
    'checks_failed',
    `SQLite does not do as it was told: ${told}`,
    'keep the vault on a local disk: crm --vault <path> ...',
  )
}

/** Whether this copy is the newest that this machine has seen, and whether its times lie behind us. */
export async function checkAge(vault: Vault, profile: string, nowMs: number): Promise<readonly Finding[]> {
  const { sequence, seen, newestAt } = await vault.progressOf(profile)
  const counter =
    sequence < seen
      ? problem(
          'rollback',
          'damaged',
          `this vault is older than the last one used here: ${sequence} events, and ${seen} were seen`,
          'restore the newer one, or go on with this one: crm vault accept-older',
        )
      : ok('rollback', `${sequence} ${sequence === 1 ? 'event' : 'events'}, none missing that this machine has seen`)
  const future = newestAt !== null && Date.parse(newestAt) - nowMs > 60_000
  if (!future) return [counter]
  const told = `the newest event of the vault is of ${newestAt}, and the clock shows ${toTimestamp(nowMs)}`
  return [counter, warning('clock_and_vault', `${told}; one of two clocks was wrong`, 'set it: timedatectl set-ntp true')]
}
