import { findMethod } from '../core/auth-methods.ts'
import { CrmError, refuseProblems } from '../core/errors.ts'
import type { Field, StoredValues } from '../core/field.ts'
import { readValues } from '../core/field-values.ts'
import { type Integration, NAME_PATTERN, parseName } from '../core/integration.ts'
import type { Provider } from '../core/provider.ts'
import { findStored, forcedProvider, type StoredDeps, type StoredTarget, storedTarget } from './find-stored.ts'

/** The environment as `crm` reads it: variables that are set and not empty. */
export type Environment = Readonly<Record<string, string>>

/** The integration that a name means. */
export type Target =
  | StoredTarget
  | { readonly source: 'environment'; readonly name: string; readonly provider: Provider; readonly values: StoredValues }

/** What finding a target may look at. */
export interface FindDeps extends StoredDeps {
  readonly providers: readonly Provider[]
  readonly environment: Environment
}

/**
 * Which integration a name means (`design.md` section 3): one of that name in the profile; or a provider's id, when exactly one
 * active integration of that provider exists; or, when the profile has none of that provider, the provider's variables.
 * `env:<provider>` forces the variables.
 * @throws {CrmError} `not_found`, `usage` when a provider's id could mean several or its variables are not valid.
 */
export async function findTarget(deps: FindDeps, text: string): Promise<Target> {
  const forced = forcedProvider(text)
  if (forced !== undefined) return forceEnvironment(deps, forced)
  const named = await findStored(deps, text)
  if (named !== undefined) return named
  const name = parseName(text, 'integration')
  const provider = deps.providers.find((candidate) => candidate.id === name)
  if (provider === undefined) {
    await requireProfile(deps)
    throw notFound(name, await integrationsOf(deps))
  }
  return byProvider(deps, provider, await integrationsOf(deps, provider))
}

/** The target of a command that was given no name: the one of a provider. */
export async function findTargetOf(deps: FindDeps, provider: Provider): Promise<Target> {
  const own = await integrationsOf(deps, provider)
  const [first, second] = own.filter(({ active }) => active)
  if (first === undefined || second === undefined) return byProvider(deps, provider, own)
  throw new CrmError('usage', `the profile ${deps.profile} has several active integrations for ${provider.title}`, {
    reason: `among them ${first.name} and ${second.name}`,
    hint: `say which with: --integration ${nameForCommand([first.name, second.name])}`,
  })
}

/** The first of some names that a command can be given. One that was altered in the file may be anything, and is none to be run. */
export function nameForCommand(names: readonly string[]): string {
  return names.find((name) => NAME_PATTERN.test(name.replace(/^env:/, ''))) ?? '<name>'
}

/** The integration that a provider's variables make; undefined when they are not set. @throws {CrmError} `usage` when they are not valid. */
export function environmentTarget(provider: Provider, environment: Environment): Extract<Target, { source: 'environment' }> | undefined {
  if (provider.environment !== true || !isSet(provider, environment)) return undefined
  const raw: Record<string, string> = {}
  for (const field of provider.fields) {
    const text = environment[field.env]
    if (text !== undefined) raw[field.key] = text
  }
  const read = readValues(provider, unfold(provider, raw))
  refuseProblems(
    read.problems.map((problem) => ({
      ...problem,
      field: provider.fields.find((field) => field.key === problem.field)?.env ?? problem.field,
    })),
    `the variables for ${provider.title} are not valid`,
    `see what each must be with: crm providers ${provider.id}`,
  )
  return { source: 'environment', name: `env:${provider.id}`, provider, values: read.values }
}

/**
 * Understands raw values: `auth` names the way to authenticate of every provider, whatever its field for it is called; and each
 * field's text may hold values for others, such as a pasted address, which win only where nothing was given.
 */
export function unfold(provider: Provider, given: Readonly<Record<string, string>>): Record<string, string> {
  const raw = withMethod(provider, given)
  const unfolded: Record<string, string> = { ...raw }
  if (provider.readPasted === undefined) return unfolded
  for (const key of Object.keys(raw)) {
    const pasted = provider.readPasted(key, raw[key] ?? '')
    if (pasted === null || pasted === undefined) continue
    for (const [other, value] of Object.entries(pasted)) if (other === key || raw[other] === undefined) unfolded[other] = value
  }
  return unfolded
}

/** A provider with a single way has no field for it; its id may be given all the same. */
function withMethod(provider: Provider, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (raw.auth === undefined) return raw
  const { auth, ...others } = raw
  const { methodField } = provider
  const method = findMethod(provider, auth)?.id
  if (methodField === undefined) return method === undefined ? raw : others
  const other = others[methodField]
  // Two that differ: what is too much stays, and is refused as a field that is not there.
  return other === undefined || other === method ? { ...others, [methodField]: method ?? auth } : raw
}

/** Variables count as set when every value that has no default is there: three for Chatwoot. */
function isSet(provider: Provider, environment: Environment): boolean {
  return provider.fields.every((field) => !identifies(field) || environment[field.env] !== undefined)
}

function identifies({ optional, fallback, kind }: Field): boolean {
  return optional === undefined && (fallback === undefined || kind === 'url')
}

/** The refusal to take a provider's variables of which some are set and others missing; undefined when all are, or none. */
export function halfSet(provider: Provider, environment: Environment): CrmError | undefined {
  if (provider.environment !== true) return undefined
  const needed = provider.fields.filter(identifies).map(({ env }) => env)
  const unset = needed.filter((name) => environment[name] === undefined)
  if (unset.length === 0 || unset.length === needed.length) return undefined
  return new CrmError('not_found', `the variables for ${provider.title} are set in part`, {
    reason: `missing: ${unset.join(', ')}`,
    hint: `export ${unset.map((name) => `${name}=<value>`).join(' ')}`,
  })
}

async function integrationsOf(deps: FindDeps, provider?: Provider): Promise<readonly Integration[]> {
  if (deps.vault === undefined || !(await deps.vault.hasProfile(deps.profile))) return []
  return deps.vault.list(deps.profile, provider === undefined ? {} : { provider: provider.id })
}

/** A profile that is not there is what to say, and not what it does not have. @throws {CrmError} `not_found`. */
async function requireProfile({ vault, profile }: FindDeps): Promise<void> {
  await vault?.totals(profile)
}

async function byProvider(deps: FindDeps, provider: Provider, own: readonly Integration[]): Promise<Target> {
  const active = own.filter((integration) => integration.active)
  const [only, second] = active
  if (only !== undefined && second === undefined) return storedTarget(only)
  if (only !== undefined) {
    throw new CrmError('usage', `${provider.id} could mean ${active.length} integrations`, {
      reason: `they are ${active.map((integration) => integration.name).join(', ')}`,
      hint: 'name the one you mean',
    })
  }
  const [inactive] = own
  if (inactive !== undefined) return storedTarget(inactive)
  const target = environmentTarget(provider, deps.environment)
  if (target !== undefined) return target
  const incomplete = halfSet(provider, deps.environment)
  if (incomplete === undefined) await requireProfile(deps)
  throw new CrmError('not_found', `the profile ${deps.profile} has no integration for ${provider.title}`, {
    ...(incomplete === undefined ? {} : { reason: `${incomplete.message}, ${incomplete.reason}` }),
    hint: incomplete?.hint ?? `add one with: crm add ${provider.id}`,
  })
}

function forceEnvironment(deps: FindDeps, id: string): Target {
  const provider = deps.providers.find((candidate) => candidate.id === id.toLowerCase())
  if (provider?.environment !== true) {
    const able = deps.providers.filter((candidate) => candidate.environment === true).map((candidate) => `env:${candidate.id}`)
    throw new CrmError('not_found', `nothing is known as env:${id.toLowerCase().slice(0, 64)}`, { hint: `use ${able.join(' or ')}` })
  }
  const target = environmentTarget(provider, deps.environment)
  if (target !== undefined) return target
  const unset = provider.fields
    .filter((field) => field.optional === undefined && deps.environment[field.env] === undefined)
    .map((field) => field.env)
  throw new CrmError('not_found', `the variables for ${provider.title} are not set`, {
    reason: `missing: ${unset.join(', ')}`,
    hint: `export ${unset[0]}=<value>`,
  })
}

function notFound(name: string, known: readonly Integration[]): CrmError {
  const near = known.map((integration) => integration.name).filter((other) => other.startsWith(name.slice(0, 3)) || other.includes(name))
  return new CrmError('not_found', `no integration is named ${name}`, {
    ...(near.length > 0 ? { reason: `similar names: ${near.slice(0, 5).join(', ')}` } : {}),
    hint: 'see the names with: crm list',
  })
}
