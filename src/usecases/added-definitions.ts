import { hash } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import type { Config } from '../files/config.ts'
import { definitionPath, readDefinitionFile } from '../files/definitions.ts'
import type { FileOwner } from '../files/private.ts'
import { providerOf } from '../providers/definition.ts'
import type { Definition } from '../providers/definition-format.ts'

/** Where added definitions are kept. */
export interface DefinitionStore {
  readonly configDirectory: string
  readonly owner: FileOwner
}

/** SHA-256 of the text of a definition, hex: what was confirmed, and what integrations are bound to. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'hex')
}

/**
 * All providers: ours, and those that a user has added, by the digests that were confirmed. One whose file has been changed since, or is gone, is there
 * all the same, and says so when it is to be used: secrets go nowhere by a definition that nobody has seen.
 */
export function withAdded(
  ours: readonly Provider[],
  store: DefinitionStore,
  confirmed: NonNullable<Config['definitions']>,
): readonly Provider[] {
  const taken = new Set(ours.map(({ id }) => id))
  const added = Object.entries(confirmed).filter(([id]) => !taken.has(id))
  return [...ours, ...added.map(([id, digest]) => addedProvider(store, id, digest))].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function addedProvider(store: DefinitionStore, id: string, confirmed: string): Provider {
  try {
    const { definition } = confirmedDefinition(store, id, confirmed)
    // Whole at once: what this version does not understand of it is said here.
    return { ...providerOf(definition, { digest: confirmed }) }
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    return unusable(id, error)
  }
}

/**
 * A definition with its text, as it was confirmed. It was read strictly then, so it is not read so again.
 * @throws {CrmError} `conflict` when its file was changed or is gone, `unsafe_file`, `io_failed`.
 */
export function confirmedDefinition(
  { configDirectory, owner }: DefinitionStore,
  id: string,
  confirmed: string,
): { readonly definition: Definition; readonly text: string } {
  const path = definitionPath(configDirectory, id)
  const text = readDefinitionFile(configDirectory, id, owner)
  if (text === undefined) {
    throw new CrmError('conflict', `the definition of ${id} is gone`, {
      reason: `there is no file ${path}`,
      hint: `add it again: crm providers add <file> --replace, or forget it: crm providers remove ${id}`,
    })
  }
  if (digestOf(text) === confirmed) return { definition: JSON.parse(text) as Definition, text }
  throw new CrmError('conflict', `the definition of ${id} has changed since it was confirmed`, {
    reason: 'it could send secrets elsewhere; nothing is sent by it until it is confirmed again',
    hint: `look at it, then: crm providers add ${path} --replace`,
  })
}

/** Stands for a provider that may not be used now. */
function unusable(id: string, error: CrmError): Provider {
  const refuse = (): never => {
    throw error
  }
  return {
    id,
    title: id,
    docs: '',
    authMethods: [],
    capabilities: [],
    hosts: [],
    fields: [],
    unusable: error,
    api: refuse,
    test: refuse,
  }
}
