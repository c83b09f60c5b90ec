/**
 * The plan of a demo: what is wanted and what is there, turned into steps. Pure: a dry run prints it, tests compare it, and applying it
 * adds nothing of its own.
 */
import type { DemoChannel, DemoStepKind } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { InboxDefaults } from './connection.ts'
import type { AccountObjects } from './demo-find.ts'
import { markText, remarked, untilOf } from './demo-marks.ts'
import { type AccountWebhook, type Agent, type AgentBot, eventsText, type Inbox } from './read.ts'

/** What a demo is to be. What is left out is not managed: its value on the server is nobody's business here. */
export interface DemoWanted {
  readonly slug: string
  /** The name of inbox and bot, as people see it. */
  readonly name: string
  readonly botUrl: string
  readonly channel: DemoChannel
  readonly websiteUrl?: string
  readonly webhookUrl?: string
  readonly greeting?: string
  readonly welcomeTitle?: string
  readonly welcomeTagline?: string
  /** `#rrggbb`. */
  readonly color?: string
  /** E-mail addresses in lower case. */
  readonly agents: readonly string[]
  /** The form before a chat, as text of `demo-pre-chat.ts`. */
  readonly preChat?: string
  readonly hoursEnabled?: boolean
  readonly timezone?: string
  /** Business hours, as text of `demo-hours.ts`. */
  readonly hours?: string
  /** What customers read outside of business hours. */
  readonly away?: string
  /** The account's webhooks that belong to the demo; those that it has besides are deleted. */
  readonly webhooks?: readonly WantedWebhook[]
  /** When the demo may be swept, RFC 3339 UTC; null takes an end away. */
  readonly expiresAt?: string | null
  /** Settings of an inbox that is created. */
  readonly defaults: InboxDefaults
  /** The run that makes what is missing, and when: they become part of the marks. */
  readonly runId: string
  readonly madeAt: string
}

/** A webhook of the account that belongs to a demo. */
export interface WantedWebhook {
  readonly url: string
  /** Left out, Chatwoot's own choice for a new one; not managed for one that is there. */
  readonly events?: readonly string[] | undefined
}

/** What is there: the objects of this demo and nobody else's. */
export interface DemoObserved {
  readonly inbox: Inbox | null
  readonly bot: AgentBot | null
  /** Whether an object was found by its mark alone, without a journal that knows it. */
  readonly adopted: { readonly inbox: boolean; readonly bot: boolean }
  /** The bot that serves the inbox, whosever it is. */
  readonly linkedBotId: string | null
  readonly members: readonly Agent[]
  /** The agents of the account; empty unless some are wanted. */
  readonly agents: readonly Agent[]
  /** The account webhooks of the demo. */
  readonly webhooks: readonly AccountWebhook[]
  /** The addresses of the account's other webhooks. */
  readonly takenUrls: ReadonlySet<string>
  /** All that the account had: what is made afterwards is none of these. */
  readonly listed: AccountObjects
}

/** The value of a setting. */
export type SettingText = string | boolean | null

/** A setting that is to change; `from` is null for an object that is created. */
export interface FieldChange {
  readonly field: string
  readonly from: SettingText
  readonly to: SettingText
}

/** One step of a plan. */
export interface DemoPlanStep {
  readonly kind: DemoStepKind
  /** `delete`: a webhook that is not wanted any more. */
  readonly action: 'create' | 'update' | 'keep' | 'delete'
  /** What it is about, for people. */
  readonly name: string
  /** The bot or the inbox; of a link and of agents the inbox. Null before it is there. */
  readonly id: string | null
  readonly adopted: boolean
  readonly changes: readonly FieldChange[]
}

/** What is to be done, in this order: bot, inbox and webhooks at once, then link, hours and agents at once, then what is deleted. */
export interface DemoPlan {
  readonly slug: string
  readonly name: string
  readonly channel: DemoChannel
  /** Whether any step writes. */
  readonly changed: boolean
  readonly steps: readonly DemoPlanStep[]
  /** Agents to be added to the inbox. */
  readonly newMembers: readonly Agent[]
  /** Wanted agents whom the account does not know. */
  readonly unknownAgents: readonly string[]
  /** When the demo may be swept; null for one without an end. */
  readonly expiresAt: string | null
}

/** The website of a demo that was not given one. */
const DEFAULT_WEBSITE = 'https://example.com'

/** Longest description of a bot (contract section 9.2). */
const MAX_DESCRIPTION = 255

/**
 * Plans a demo.
 * @throws {CrmError} `conflict` when the inbox that is there has another channel: a channel cannot be changed; and when a webhook of
 *   somebody else has the address of one of the demo's.
 */
export function planDemo(wanted: DemoWanted, observed: DemoObserved): DemoPlan {
  refuseOtherChannel(wanted, observed.inbox)
  const bot = planBot(wanted, observed)
  const inbox = planInbox(wanted, observed)
  const link = planLink(wanted, observed)
  const { step: agents, newMembers, unknownAgents } = planAgents(wanted, observed)
  const hours = planHours(wanted, observed)
  const webhooks = planWebhooks(wanted, observed)
  const steps = [bot, inbox, ...webhooks, link, ...(hours === undefined ? [] : [hours]), ...(agents === undefined ? [] : [agents])]
  const changed = steps.some(({ action }) => action !== 'keep')
  const expiresAt = wanted.expiresAt === undefined ? untilOf(observed, wanted.slug) : wanted.expiresAt
  return { slug: wanted.slug, name: wanted.name, channel: wanted.channel, changed, steps, newMembers, unknownAgents, expiresAt }
}

/** What a demo's new end is made of. */
export type NewEnd = Pick<DemoWanted, 'slug' | 'runId' | 'madeAt'> & { readonly name: string; readonly expiresAt: string | null }

/** Plans that a demo ends at another time: its marks change, and nothing else. Inbox and bot are there. */
export function planNewEnd({ slug, name, runId, madeAt, expiresAt }: NewEnd, observed: DemoObserved): DemoPlan {
  const { inbox, bot, webhooks } = observed
  const marked = { slug, fresh: markText(slug, runId, madeAt, expiresAt), until: expiresAt }
  const step = (
    kind: DemoStepKind,
    object: AgentBot | Inbox | AccountWebhook,
    settings: Readonly<Record<string, string | undefined>>,
  ): DemoPlanStep => {
    const changes = differences(object, settings)
    return { kind, action: changes.length === 0 ? 'keep' : 'update', name: object.name ?? name, id: object.id, adopted: false, changes }
  }
  const description = remarked(bot?.description, marked)
  const fits = description !== undefined && description.length <= MAX_DESCRIPTION
  const steps = [
    ...(bot === null ? [] : [step('bot', bot, fits ? { description } : {})]),
    ...(inbox === null ? [] : [step('inbox', inbox, { outOfOffice: remarked(inbox.outOfOffice, marked) })]),
    ...webhooks.map((webhook) => step('webhook', webhook, { name: remarked(webhook.name, marked)?.replace('\n', ' ') })),
  ]
  const changed = steps.some(({ action }) => action !== 'keep')
  return { slug, name, channel: inbox?.channel ?? 'web', changed, steps, newMembers: [], unknownAgents: [], expiresAt }
}

function refuseOtherChannel({ slug, channel }: DemoWanted, inbox: Inbox | null): void {
  if (inbox === null || inbox.channel === channel) return
  throw new CrmError(
    'conflict',
    `the inbox ${inbox.id} of the demo ${slug} has the channel ${inbox.channel ?? 'unknown'}, not ${channel}`,
    {
      reason: 'Chatwoot cannot change the channel of an inbox',
      hint: `make it anew with --if-exists replace, or keep its channel with --channel ${inbox.channel ?? 'web'}`,
    },
  )
}

function planBot(wanted: DemoWanted, { bot, adopted }: DemoObserved): DemoPlanStep {
  const base = { kind: 'bot', name: wanted.name, id: bot?.id ?? null, adopted: adopted.bot } as const
  const mark = freshMark(wanted)
  if (bot === null)
    return { ...base, action: 'create', changes: additions({ name: wanted.name, outgoingUrl: wanted.botUrl, description: mark }) }
  const description = remarked(bot.description, { slug: wanted.slug, fresh: mark, until: wanted.expiresAt })
  const fits = description !== undefined && description.length <= MAX_DESCRIPTION
  const changes = differences(bot, { name: wanted.name, outgoingUrl: wanted.botUrl, ...(fits ? { description } : {}) })
  return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
}

function planInbox(wanted: DemoWanted, { inbox, adopted }: DemoObserved): DemoPlanStep {
  const base = { kind: 'inbox', name: wanted.name, id: inbox?.id ?? null, adopted: adopted.inbox } as const
  const fresh = freshMark(wanted)
  const given = givenSettings(wanted)
  if (inbox === null) {
    const website = wanted.channel === 'web' ? { websiteUrl: wanted.websiteUrl ?? DEFAULT_WEBSITE } : {}
    return {
      ...base,
      action: 'create',
      changes: additions({ name: wanted.name, ...wanted.defaults, ...given, ...website, outOfOffice: markedText(null, wanted) ?? fresh }),
    }
  }
  const changes = differences(inbox, { ...given, outOfOffice: markedText(inbox.outOfOffice, wanted) })
  return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
}

/** The mark of an object that is made now. */
function freshMark({ slug, runId, madeAt, expiresAt }: DemoWanted): string {
  return markText(slug, runId, madeAt, expiresAt ?? null)
}

/** What the inbox carries its mark in, as it has to be; undefined when it is right. */
function markedText(text: string | null | undefined, wanted: DemoWanted): string | undefined {
  return remarked(text, { slug: wanted.slug, fresh: freshMark(wanted), until: wanted.expiresAt, words: wanted.away })
}

/** The settings of the inbox that the caller spoke of. */
function givenSettings(wanted: DemoWanted): Readonly<Record<string, SettingText | undefined>> {
  const { name, greeting, websiteUrl, webhookUrl, welcomeTitle, welcomeTagline, color, preChat, hoursEnabled, timezone } = wanted
  const greets = greeting === undefined ? {} : { greetingEnabled: true, greeting }
  return { name, ...greets, websiteUrl, webhookUrl, welcomeTitle, welcomeTagline, color, preChat, hoursEnabled, timezone }
}

/** A new inbox gets Chatwoot's own hours, whatever is sent along (contract section 6.6): they are a step of their own. */
function planHours({ hours }: DemoWanted, { inbox }: DemoObserved): DemoPlanStep | undefined {
  if (hours === undefined) return undefined
  const base = { kind: 'hours', name: hours, id: inbox?.id ?? null, adopted: false } as const
  if (inbox === null) return { ...base, action: 'create', changes: additions({ hours }) }
  const changes = differences(inbox, { hours })
  return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
}

/** Longest name of a webhook that is sure to be kept. */
const MAX_WEBHOOK_NAME = 255

function planWebhooks(wanted: DemoWanted, { webhooks, takenUrls }: DemoObserved): readonly DemoPlanStep[] {
  if (wanted.webhooks === undefined) return []
  const fresh = freshMark(wanted)
  const steps = wanted.webhooks.map(({ url, events }): DemoPlanStep => {
    const there = webhooks.find((webhook) => webhook.url === url)
    const base = { kind: 'webhook', name: url, id: there?.id ?? null, adopted: false } as const
    const settings = { events: events === undefined ? undefined : eventsText(events) }
    if (there === undefined) {
      if (takenUrls.has(url)) throw urlTaken(wanted.slug, url)
      const name = `${wanted.name.slice(0, MAX_WEBHOOK_NAME - fresh.length - 1)} ${fresh}`
      return { ...base, action: 'create', changes: additions({ url, name, ...settings }) }
    }
    const name = remarked(there.name, { slug: wanted.slug, fresh, until: wanted.expiresAt })?.replace('\n', ' ')
    const changes = differences(there, { ...settings, name })
    return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
  })
  const surplus = webhooks.filter(({ url }) => wanted.webhooks?.every((webhook) => webhook.url !== url))
  return [
    ...steps,
    ...surplus.map(({ id, url }): DemoPlanStep => ({ kind: 'webhook', action: 'delete', name: url, id, adopted: false, changes: [] })),
  ]
}

function urlTaken(slug: string, url: string): CrmError {
  return new CrmError('conflict', `the account has a webhook to ${url} already, which is not of the demo ${slug}`, {
    reason: 'Chatwoot allows one webhook for each address',
    hint: 'give the demo an address of its own, such as one with {{slug}} in it, or delete the webhook in the dashboard',
  })
}

function planLink(wanted: DemoWanted, { inbox, bot, linkedBotId }: DemoObserved): DemoPlanStep {
  const base = { kind: 'link', name: `${wanted.name} → ${wanted.botUrl}`, id: inbox?.id ?? null, adopted: false } as const
  const to = bot?.id ?? null
  if (inbox !== null && to !== null && linkedBotId === to) return { ...base, action: 'keep', changes: [] }
  const action = inbox !== null && linkedBotId !== null ? 'update' : 'create'
  return { ...base, action, changes: [{ field: 'bot', from: linkedBotId, to }] }
}

function planAgents(
  wanted: DemoWanted,
  { inbox, members, agents }: DemoObserved,
): { readonly step: DemoPlanStep | undefined; readonly newMembers: readonly Agent[]; readonly unknownAgents: readonly string[] } {
  const known = agents.filter(({ email }) => email !== undefined && wanted.agents.includes(email))
  const unknownAgents = wanted.agents.filter((address) => !agents.some(({ email }) => email === address))
  if (known.length === 0) return { step: undefined, newMembers: [], unknownAgents }
  const newMembers = known.filter(({ id }) => !members.some((member) => member.id === id))
  const addresses = (list: readonly Agent[]) => list.map(({ email }) => email ?? '').sort()
  const there = known.filter((agent) => !newMembers.includes(agent))
  const changes =
    newMembers.length === 0 ? [] : [{ field: 'agents', from: addresses(there).join(', ') || null, to: addresses(known).join(', ') }]
  const action = newMembers.length === 0 ? 'keep' : there.length === 0 ? 'create' : 'update'
  const step = { kind: 'agents', action, name: addresses(known).join(', '), id: inbox?.id ?? null, adopted: false, changes } as const
  return { step, newMembers, unknownAgents }
}

function additions(settings: Readonly<Record<string, SettingText | undefined>>): readonly FieldChange[] {
  return Object.entries(settings).flatMap(([field, to]) => (to === undefined ? [] : [{ field, from: null, to }]))
}

/** What differs from the settings of an object. A setting that the server does not tell is left alone. */
function differences(
  object: AgentBot | Inbox | AccountWebhook,
  settings: Readonly<Record<string, SettingText | undefined>>,
): readonly FieldChange[] {
  return additions(settings).flatMap(({ field, to }) => {
    const from = settingOf(object, field)
    return from === undefined || isSame(field, from, to) ? [] : [{ field, from, to }]
  })
}

/** Whether an object has all settings that changes were to bring; settings that the server does not tell count as had. */
export function hasChanges(object: AgentBot | Inbox | AccountWebhook, changes: readonly FieldChange[]): boolean {
  return missedChanges(object, changes).length === 0
}

/** The settings that changes were to bring and that an object does not have. */
export function missedChanges(object: AgentBot | Inbox | AccountWebhook, changes: readonly FieldChange[]): readonly string[] {
  return changes.flatMap(({ field, to }) => {
    const now = settingOf(object, field)
    return now === undefined || isSame(field, now, to) ? [] : [field]
  })
}

function settingOf(object: AgentBot | Inbox | AccountWebhook, field: string): SettingText | undefined {
  const value = (object as unknown as Readonly<Record<string, unknown>>)[field]
  return typeof value === 'string' || typeof value === 'boolean' || value === null ? value : undefined
}

/** Chatwoot keeps some empty texts as null, and colours as they were typed. */
function isSame(field: string, one: SettingText, other: SettingText): boolean {
  if (field === 'color' && typeof one === 'string' && typeof other === 'string') return one.toLowerCase() === other.toLowerCase()
  return (one === '' ? null : one) === (other === '' ? null : other)
}
