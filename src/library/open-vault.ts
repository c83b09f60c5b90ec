import { openVault as openVaultAt, type Vault } from '../vault/vault.ts'
import { pathsOf, type VaultLocation, vaultWorld } from './world.ts'

/** How a program opens its vault. */
export interface OpenVaultOptions extends VaultLocation {
  /** Make an empty vault where there is none; otherwise that is `not_found`. */
  readonly create?: boolean
}

/**
 * Opens a vault: the one that the command uses in this environment, or the one at `path`. It needs no key for names, settings
 * and test results; `vault.unlock(profile, keysFromEnvironment())` gives the secrets. Close it when done.
 * @throws {CrmError} `not_found`, `unsafe_file`, `damaged`, `newer_format`, `busy`, `io_failed`.
 */
export function openVault(options: OpenVaultOptions = {}): Promise<Vault> {
  return openVaultAt(pathsOf(options).vault, vaultWorld(options), options.create === true ? 'create' : 'open')
}
