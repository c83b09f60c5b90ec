import { CrmError } from '../../core/errors.ts'
import { NAME_PATTERN } from '../../core/integration.ts'
import type { Provider } from '../../core/provider.ts'
import type { KeySlotInfo } from '../../vault/key-slots.ts'
import type { UnlockedVault } from '../../vault/unlocked.ts'
import type { Vault } from '../../vault/vault.ts'
import { hasOtherDefinition } from '../stored-provider.ts'
import { type Finding, look, ok, problem, problemOf, skipped, warning } from './finding.ts'

/** One place where a key may come from: what it holds, without opening anything. */
export interface KeySource {
  /** The kind of slot that it opens. */
  readonly kind: KeySlotInfo['kind']
  /** Where it is: `INTEGRATION_ENCRYPTION_KEY`, a path. */
  readonly from: string
  /**
   * The key, for those that are one; `there` for a passphrase file, or a keychain that answers; undefined where there is nothing.
   * @throws {CrmError} what is wrong with it.
   */
  readonly look: () => Promise<Buffer | 'there' | undefined>
}

/** What of a profile is looked at. */
export interface ProfileFacts {
  readonly vault: Vault
  readonly profile: string
  readonly providers: readonly Provider[]
  readonly sources: readonly KeySource[]
  /** Opens the profile with what is at hand; nobody is asked. */
  readonly unlock: () => Promise<UnlockedVault>
  readonly nowMs: number
}

/** How many names a line holds. */
const MOST_NAMES = 5

/** Keys, seals, integrations, definitions and demos of the profile in use. */
export async function checkProfile(facts: ProfileFacts): Promise<readonly Finding[]> {
  const { vault, profile } = facts
  const keys = await checkKeys(facts)
  const opened = await open(facts)
  const rows =
    opened.unlocked === undefined
      ? skipped('seals', `not opened: the profile ${profile} is locked`)
      : await look('seals', () => seals(opened.unlocked as UnlockedVault))
  return [
    ...keys,
    opened.finding,
    rows,
    ...(await members(facts, opened.unlocked)),
    await look('integrations', () => integrations(vault, profile)),
    await look('definitions', () => definitions(facts, opened.unlocked)),
    await look('demos', () => demos(facts)),
  ]
}

/** Each source: is it there, is it usable, does it fit a slot of the profile? */
async function checkKeys({ vault, profile, sources }: ProfileFacts): Promise<readonly Finding[]> {
  const slots = await vault.keySlots(profile)
  const kinds = new Set(slots.map(({ kind }) => kind))
  const findings: Finding[] = []
  for (const { kind, from, look: read } of sources) {
    const id = `key_${kind}`
    try {
      const found = await read()
      if (found === undefined) {
        if (kinds.has(kind)) findings.push(skipped(id, `the profile has such a slot, and ${from} holds nothing here`))
      } else if (found === 'there')
        findings.push(
          kinds.has(kind) ? ok(id, from) : warning(id, `${from} is there, and the profile has no such slot`, `crm key add ${kind}`),
        )
      else if ((await vault.slotOfRawKey(profile, found)) !== undefined) findings.push(ok(id, `${from} fits`))
      else findings.push(warning(id, `${from} holds a key of another profile or vault`, 'see which key is wanted with: crm key list'))
    } catch (error) {
      findings.push(problemOf(id, error))
    }
  }
  return [...findings, slotCount(slots)]
}

function slotCount(slots: readonly KeySlotInfo[]): Finding {
  const kinds = slots.map(({ kind }) => kind).join(', ')
  if (slots.length > 1) return ok('key_slots', `${slots.length}: ${kinds}`)
  return warning('key_slots', `one alone (${kinds}): whoever loses it loses the profile`, 'add another way in: crm key add passphrase')
}

async function open({ profile, unlock }: ProfileFacts): Promise<{ readonly finding: Finding; readonly unlocked?: UnlockedVault }> {
  try {
    const unlocked = await unlock()
    return {
      unlocked,
      finding: ok('unlock', `the profile ${profile} opens with its ${unlocked.openedBy.kind} key; the end of its audit log is whole`),
    }
  } catch (error) {
    if (error instanceof CrmError && error.code === 'locked')
      return { finding: skipped('unlock', `${error.message}${error.reason === undefined ? '' : `: ${error.reason}`}`) }
    return { finding: problemOf('unlock', error) }
  }
}

function seals(unlocked: UnlockedVault): Finding {
  let count = 0
  for (const _ of unlocked.openAll()) count += 1
  return ok('seals', `${count} ${count === 1 ? 'integration opens' : 'integrations open'}`)
}

/** Whom the profile is shared with, where it is: was each slot written by a holder of the key, and not removed since? */
async function members({ vault, profile }: ProfileFacts, unlocked: UnlockedVault | undefined): Promise<readonly Finding[]> {
  const count = (await vault.keySlots(profile)).filter(({ kind }) => kind === 'recipient').length
  if (count === 0) return []
  if (unlocked === undefined) return [skipped('members', `not verified: the profile ${profile} is locked`)]
  const altered = await unlocked.alteredMembers()
  const [first] = altered
  if (first === undefined) return [ok('members', `${count}, each let in by a holder of the key`)]
  const told = `not let in by a holder of the key, or removed since: ${some(altered.map(({ label }) => label))}`
  return [problem('members', 'damaged', told, `crm key remove ${first.id.slice(0, 8)}`)]
}

async function integrations(vault: Vault, profile: string): Promise<Finding> {
  const active = (await vault.list(profile, { active: true })).map(({ name, lastTest }) => ({ name, lastTest }))
  const failing = active.filter(({ lastTest }) => lastTest?.outcome === 'failed').map(({ name }) => name)
  const untested = active.filter(({ lastTest }) => lastTest === null).map(({ name }) => name)
  if (failing.length > 0) return warning('integrations', `the last test failed: ${some(failing)}`, `see why: ${testOf(failing)}`)
  if (untested.length > 0) return warning('integrations', `never tested: ${some(untested)}`, testOf(untested))
  return ok('integrations', active.length === 0 ? 'none is active' : `${active.length} active, the last test of each connected`)
}

/** Definitions that were changed, and integrations that wait for somebody to agree. */
function definitions({ providers }: ProfileFacts, unlocked: UnlockedVault | undefined): Finding {
  const unusable = providers.flatMap((provider) => (provider.unusable === undefined ? [] : [provider.unusable]))
  const [first] = unusable
  if (first !== undefined) return problemOf('definitions', first)
  const added = providers.filter(({ definition }) => definition !== undefined)
  if (unlocked === undefined)
    return added.length === 0
      ? ok('definitions', 'none was added')
      : skipped('definitions', 'the integrations that they are bound to are not opened')
  const known = new Map(providers.map((provider) => [provider.id, provider]))
  const unknown: string[] = []
  const waiting: string[] = []
  for (const { integration, definition } of unlocked.openAll()) {
    const provider = known.get(integration.provider)
    if (provider === undefined) unknown.push(integration.name)
    else if (hasOtherDefinition(provider, { definition })) waiting.push(integration.name)
  }
  const [one] = unknown
  if (one !== undefined)
    return problem(
      'definitions',
      'not_found',
      `their provider is not known here: ${some(unknown)}`,
      'add its definition: crm providers add <file>',
    )
  const [other] = waiting
  if (other !== undefined)
    return problem(
      'definitions',
      'conflict',
      `the definition has changed since they were stored: ${some(waiting)}`,
      `crm edit ${other} --accept-definition`,
    )
  return ok('definitions', added.length === 0 ? 'none was added' : `${added.length} added, as they were confirmed`)
}

/** Demos that a run has left half done, and those whose time is over. */
async function demos({ vault, profile, nowMs }: ProfileFacts): Promise<Finding> {
  const all = (await vault.demos(profile)).filter(({ status }) => status !== 'removed')
  const partial = all.filter(({ status }) => status === 'partial').map(({ slug }) => slug)
  const over = all
    .filter(({ expiresAt, status }) => status === 'ready' && expiresAt !== null && Date.parse(expiresAt) <= nowMs)
    .map(({ slug }) => slug)
  if (partial.length > 0) return warning('demos', `half done: ${some(partial)}`, `finish or take away: ${removalOf(partial)}`)
  if (over.length > 0) return warning('demos', `their time is over: ${some(over)}`, 'crm demo-sweep')
  return ok('demos', all.length === 0 ? 'none' : `${all.length} ${all.length === 1 ? 'is' : 'are'} there, none half done`)
}

/** The test of some integrations as a command. A name that was altered in the file may be anything, and is none to be run. */
function testOf(names: readonly string[]): string {
  return ['crm test', ...names.filter((name) => NAME_PATTERN.test(name)).slice(0, MOST_NAMES)].join(' ')
}

function removalOf(slugs: readonly string[]): string {
  const slug = slugs.find((one) => NAME_PATTERN.test(one))
  return slug === undefined ? 'crm demo-list' : `crm demo-remove ${slug}`
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length <= MOST_NAMES ? shown : `${shown} and ${names.length - MOST_NAMES} more`
}
