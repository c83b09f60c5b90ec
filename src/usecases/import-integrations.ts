import type { ImportItem } from '../core/answers.ts'
import { CrmError, type Problem, refuseProblems } from '../core/errors.ts'
import type { Field, StoredValues } from '../core/field.ts'
import type { Provider, Warning } from '../core/provider.ts'
import type { NewIntegration } from '../vault/sealed-integrations.ts'
import type { OpenedIntegration, TakenOver } from '../vault/unlocked.ts'
import { type Draft, tryDraft } from './add-integrations.ts'
import { type HandOver, MOST_PROBLEMS } from './hand-over-file.ts'

/** What to do about an integration that is stored with other values. */
export type IfExists = 'fail' | 'skip' | 'replace'

/** What an import will do, and to what. */
export interface ImportPlan {
  readonly items: readonly ImportItem[]
  readonly taken: TakenOver
}

/** Secrets that were meant for one address must not go to another (`security.md` section 3, promise 9). */
const OTHER_DEFINITION = 'has another definition here than where it was exported; add that one first, with: crm providers add <file>'

/** Validates all that a file holds before anything is looked up. @throws {CrmError} `usage` with the problems of every entry. */
export function draftHandOver(providers: readonly Provider[], handOver: HandOver): readonly Draft[] {
  const names = new Set<string>()
  const problems: Problem[] = [...handOver.problems]
  const drafts: Draft[] = []
  for (const entry of handOver.entries) {
    if (problems.length >= MOST_PROBLEMS) break
    if ('problems' in entry) {
      problems.push(...entry.problems)
      continue
    }
    const { nameOf, input, definition } = entry
    const { draft, problems: found } = tryDraft(providers, input, names)
    if (draft !== undefined && definition !== undefined && definition !== draft.integration.definition)
      problems.push({ field: nameOf('provider'), message: OTHER_DEFINITION })
    for (const { field, message } of found) problems.push({ field: nameOf(field), message })
    if (draft === undefined) continue
    const { name } = draft.integration
    if (names.has(name)) problems.push({ field: nameOf('name'), message: 'is used twice in the file' })
    names.add(name)
    drafts.push(draft)
  }
  refuseProblems(problems, 'the integrations of the file are not valid', 'see what each needs with: crm providers <provider>')
  if (drafts.length === 0) throw new CrmError('usage', 'the file holds no integrations', { hint: 'check which file it is' })
  return drafts
}

/**
 * Compares drafts with what is stored under their names.
 * @param stored the opened integration of a name; undefined when there is none.
 */
export function planImport(
  drafts: readonly Draft[],
  stored: (name: string) => OpenedIntegration | undefined,
  ifExists: IfExists,
): ImportPlan {
  const items: ImportItem[] = []
  const added: NewIntegration[] = []
  const replaced: TakenOver['replaced'][number][] = []
  for (const { integration: draft, provider: kind } of drafts) {
    const { name, provider } = draft
    const own = stored(name)
    const changes = own === undefined ? [] : differences(own, draft, kind.fields)
    if (own === undefined) {
      items.push({ name, provider, state: 'new', action: 'add', changes })
      added.push(draft)
    } else if (changes.length === 0) items.push({ name, provider, state: 'same', action: 'keep', changes })
    else {
      const action = ifExists === 'replace' && own.integration.provider !== provider ? 'refuse' : ACTIONS[ifExists]
      items.push({ name, provider, state: 'differs', action, changes })
      if (action === 'replace') replaced.push({ revision: own.integration.revision, by: draft })
    }
  }
  return { items, taken: { added, replaced } }
}

const ACTIONS = { fail: 'refuse', skip: 'skip', replace: 'replace' } as const

/** What differs: `provider`, `active`, `definition`, and the keys of fields. */
function differences({ integration, definition, values }: OpenedIntegration, draft: NewIntegration, fields: readonly Field[]): string[] {
  if (integration.provider !== draft.provider) return ['provider']
  const own: string[] = []
  if (integration.active !== draft.active) own.push('active')
  if (definition !== draft.definition) own.push('definition')
  const keys = new Set([values, draft.values].flatMap(({ settings, secrets }) => [...Object.keys(settings), ...Object.keys(secrets)]))
  const fallbacks = new Map(fields.map(({ key, fallback }) => [key, fallback]))
  // A value that was never set is the same as its default.
  const textOf = ({ settings, secrets }: StoredValues, key: string): string | undefined =>
    secrets[key]?.reveal() ?? settings[key]?.toString() ?? fallbacks.get(key)
  const isSame = (key: string): boolean => textOf(values, key) === textOf(draft.values, key)
  return [...own, ...[...keys].filter((key) => !isSame(key)).sort()]
}

/** Why a plan is not carried out; undefined when nothing stands against it. */
export function refusalOf({ items }: ImportPlan, profile: string): CrmError | undefined {
  const refused = items.filter(({ action }) => action === 'refuse')
  const [first] = refused
  if (first === undefined) return undefined
  const ofOthers = refused.find(({ changes }) => changes.includes('provider'))
  if (ofOthers !== undefined) {
    return new CrmError('conflict', `${ofOthers.name} is of another provider here than in the file`, {
      reason: `in the file it is of ${ofOthers.provider}; nothing was imported`,
      hint: `give the one that is here another name: crm edit ${ofOthers.name} --rename ${ofOthers.name}-old`,
    })
  }
  const what = refused.length === 1 ? `${first.name} is` : `${refused.length} integrations are`
  return new CrmError('conflict', `${what} in the profile ${profile} with other values`, {
    reason: 'nothing was imported',
    hint: 'say what to do with: --if-exists skip (keep those that are here), or --if-exists replace',
  })
}

/** What to say of the drafts that a plan stores, each once. */
export async function importWarnings(drafts: readonly Draft[], { taken }: ImportPlan): Promise<readonly Warning[]> {
  const stored = new Set<NewIntegration>([...taken.added, ...taken.replaced.map(({ by }) => by)])
  const warnings = new Map<string, Warning>()
  for (const { provider, integration, warnings: own } of drafts) {
    if (!stored.has(integration)) continue
    for (const warning of own) warnings.set(warning.message, warning)
    if (provider.grant === undefined) continue
    const { needsSignIn } = await import('./sign-in.ts')
    if (!needsSignIn(provider, integration.values)) continue
    const message = `nobody has signed in to ${integration.name} here yet; do it with: crm login ${integration.name}`
    warnings.set(message, { code: 'not_signed_in', message })
  }
  return [...warnings.values()]
}
