import type { DefinitionAnswer, DefinitionView } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { readConfig, writeConfig } from '../files/config.ts'
import { definitionPath, removeDefinitionFile, writeDefinitionFile } from '../files/definitions.ts'
import { type Definition, isSecret } from '../providers/definition-format.ts'
import { shipped } from '../providers/definitions.ts'
import { written } from '../providers/index.ts'
import { confirmedDefinition, type DefinitionStore, digestOf } from './added-definitions.ts'
import { readDefinition } from './read-definition.ts'

/** Where definitions and what was confirmed of them are kept. */
export interface DefinitionPlace extends DefinitionStore {
  readonly configFile: string
}

/** A definition as a person looks at it before it is used: who gets what. */
export function describeDefinition(definition: Definition, digest: string): DefinitionView {
  const { id, name, baseUrl, hosts, fields, test } = definition
  const { method = 'GET', path } = test.request
  return {
    id,
    name,
    definition: digest,
    hosts: hosts ?? [readable(baseUrl).replace(/^https?:\/\/([^/]*).*$/, '$1')],
    fields: fields.map((field) => ({
      key: field.name,
      label: field.label,
      sensitivity: isSecret(definition, field) ? 'secret' : 'public',
    })),
    test: { method, address: readable(`${baseUrl.replace(/\/+$/, '')}${path}`) },
  }
}

/** A template for people: `https://{{fields.subdomain}}.acme.example` → `https://<subdomain>.acme.example`. */
function readable(template: string): string {
  return template.replace(/\{\{(?:fields\.|auth\.meta\.|auth\.|run\.)?([^{}]*)\}\}/g, '<$1>')
}

/** What adding a definition would do. */
export interface PlannedDefinition {
  readonly view: DefinitionView
  readonly text: string
  /** It is there already, as it is. */
  readonly isKnown: boolean
  readonly replaces: boolean
}

/**
 * Reads a definition that is to be added.
 * @throws {CrmError} `usage` with every problem; `conflict` for an id that is taken, unless it is one that may be replaced.
 */
export async function planDefinition(place: DefinitionPlace, text: string, replace: boolean): Promise<PlannedDefinition> {
  const definition = await readDefinition(text)
  const { id } = definition
  if ([...written, ...shipped].some((provider) => provider.id === id)) {
    throw new CrmError('conflict', `${id} is a provider of crm itself`, { hint: 'take another id in the definition' })
  }
  const digest = digestOf(text)
  const known = readConfig(place.configFile).definitions?.[id]
  const isKnown = known === digest && isWhole(place, id, digest)
  if (known !== undefined && !isKnown && !replace) {
    throw new CrmError('conflict', `a definition of ${id} was added already, and it is another one`, {
      hint: `put this one in its place with --replace, or see it: crm providers export ${id}`,
    })
  }
  return { view: describeDefinition(definition, digest), text, isKnown, replaces: known !== undefined && !isKnown }
}

function isWhole(place: DefinitionPlace, id: string, digest: string): boolean {
  try {
    confirmedDefinition(place, id, digest)
    return true
  } catch (error) {
    if (error instanceof CrmError) return false
    throw error
  }
}

/** Keeps a definition that was confirmed: the file first, and then that it was. @returns where it lies. */
export function keepDefinition(place: DefinitionPlace, { view, text }: PlannedDefinition): string {
  writeDefinitionFile(place.configDirectory, view.id, text)
  const config = readConfig(place.configFile)
  writeConfig(place.configFile, { ...config, definitions: { ...config.definitions, [view.id]: view.definition } })
  return definitionPath(place.configDirectory, view.id)
}

/** The answer of adding one. */
export function addedDefinition(place: DefinitionPlace, planned: PlannedDefinition, affected: readonly string[]): DefinitionAnswer {
  const { view, isKnown, replaces } = planned
  return { provider: view, changed: !isKnown, replaced: replaces, path: definitionPath(place.configDirectory, view.id), affected }
}

/** @throws {CrmError} `not_found` for an id that was not added, `conflict` for a provider of ours. */
export function requireAdded(place: DefinitionPlace, id: string): string {
  const digest = readConfig(place.configFile).definitions?.[id]
  if (digest !== undefined) return digest
  const isOurs = [...written, ...shipped].some((provider) => provider.id === id)
  throw new CrmError(
    isOurs ? 'conflict' : 'not_found',
    isOurs ? `${id} is a provider of crm itself, and stays` : `no definition of ${id} was added`,
    {
      hint: 'see what there is with: crm providers',
    },
  )
}

/** Forgets a definition: that it was confirmed first, and then the file. */
export function dropDefinition(place: DefinitionPlace, id: string): void {
  const { definitions = {}, ...config } = readConfig(place.configFile)
  const others = Object.fromEntries(Object.entries(definitions).filter(([key]) => key !== id))
  writeConfig(place.configFile, Object.keys(others).length === 0 ? config : { ...config, definitions: others })
  removeDefinitionFile(place.configDirectory, id)
}

/**
 * The text of a definition: one that was added as it was, one of ours as JSON.
 * @throws {CrmError} `not_found`; `usage` for a provider that is not data; `conflict` for one whose file has changed.
 */
export function exportDefinition(place: DefinitionPlace, id: string): string {
  const ours = shipped.find((definition) => definition.id === id)
  if (ours !== undefined) return `${JSON.stringify(ours, null, 2)}\n`
  if (written.some((provider) => provider.id === id)) {
    throw new CrmError('usage', `${id} is a program of crm, and no data that could be written out`, {
      hint: 'begin with one that is data, for example: crm providers export close',
    })
  }
  return confirmedDefinition(place, id, requireAdded(place, id)).text
}
