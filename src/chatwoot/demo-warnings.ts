/** What will fail later without a word of Chatwoot's, said before anything is written (`design.md` section 5). Pure. */
import type { Warning } from '../core/provider.ts'
import { deliveryWarning } from './delivery.ts'
import type { DemoFound } from './demo-find.ts'
import type { DemoPlan } from './demo-plan.ts'
import { isAtLeast, parseVersion } from './version.ts'

/** What the warnings are about. */
export interface DemoPlans {
  readonly plan: DemoPlan
  readonly found: DemoFound
  readonly botUrl: string
  readonly webhookUrl: string | undefined
  readonly version: string | null
  /** Whether all of the old demo is removed first, its doubles included. */
  readonly replaces: boolean
}

/** The warnings that a plan deserves. */
export function warningsBefore({ plan, found, botUrl, webhookUrl, version, replaces }: DemoPlans): readonly Warning[] {
  const candidates = [
    deliveryWarning(botUrl, version, 'bot'),
    webhookUrl === undefined ? undefined : deliveryWarning(webhookUrl, version, 'webhook'),
    nameWarning(plan.name, version),
    agentsWarning(plan.unknownAgents),
    replaces ? undefined : doublesWarning(plan.slug, found),
    replaces ? undefined : lateWarning(plan.slug, found),
    replaces ? undefined : markWarning(found),
  ]
  return candidates.filter((warning) => warning !== undefined)
}

/** Releases 2.7 to 4.2 have a rule for names (contract section 6.5). */
function nameWarning(name: string, text: string | null): Warning | undefined {
  const version = parseVersion(text)
  if (version === undefined || !isAtLeast(version, [2, 7, 0]) || isAtLeast(version, [4, 3, 0])) return undefined
  if (!/[/\\<>@]|^[^\p{L}\p{N}]|[^\p{L}\p{N}]$/u.test(name)) return undefined
  const message = `Chatwoot ${text} may refuse the name: before 4.3 it must not hold / \\ < > @, nor begin or end with a symbol`
  return { code: 'name_may_be_refused', message }
}

function agentsWarning(unknown: readonly string[]): Warning | undefined {
  if (unknown.length === 0) return undefined
  const message = `the account has no agent with the address ${unknown.join(', ')}: left out of the inbox`
  return { code: 'agents_unknown', message }
}

function doublesWarning(slug: string, { doubles, late }: DemoFound): Warning | undefined {
  const others = {
    inboxes: doubles.inboxes.filter((one) => !late.inboxes.includes(one)),
    bots: doubles.bots.filter((one) => !late.bots.includes(one)),
  }
  const names = [...others.inboxes.map(({ id }) => `inbox ${id}`), ...others.bots.map(({ id }) => `bot ${id}`)]
  if (names.length === 0) return undefined
  const message = `more objects carry the mark of the demo ${slug} and are left alone: ${names.join(', ')}; demo-remove takes them away, too`
  return { code: 'demo_doubles', message }
}

/** What a run that was cut off has made behind the back of the one after it. */
function lateWarning(slug: string, { late }: DemoFound): Warning | undefined {
  const names = [...late.inboxes.map(({ id }) => `inbox ${id}`), ...late.bots.map(({ id }) => `bot ${id}`)]
  if (names.length === 0) return undefined
  const message = `an earlier run of the demo ${slug} was cut off and made more than is needed, which is to be removed: ${names.join(', ')}`
  return { code: 'demo_late', message }
}

/** The inbox carries its mark where customers read it outside of business hours. */
function markWarning({ inbox }: DemoFound): Warning | undefined {
  if (inbox?.hoursEnabled !== true) return undefined
  const message = `business hours are on in the inbox ${inbox.id}: outside of them customers read its out-of-office message with the mark of the demo`
  return { code: 'mark_visible', message }
}
