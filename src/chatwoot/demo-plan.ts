/**
 * The plan of a demo: what is wanted and what is there, turned into steps. Pure: a dry run prints it, tests compare it, and applying it
 * adds nothing of its own.
 */
import type { DemoChannel, DemoStepKind } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { InboxDefaults } from './connection.ts'
import { markOf, markText, withMark } from './demo-marks.ts'
import type { Agent, AgentBot, Inbox } from './read.ts'

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
  /** Settings of an inbox that is created. */
  readonly defaults: InboxDefaults
  /** The run that makes what is missing, and when: they become part of the marks. */
  readonly runId: string
  readonly madeAt: string
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
  readonly action: 'create' | 'update' | 'keep'
  /** What it is about, for people. */
  readonly name: string
  /** The bot or the inbox; of a link and of agents the inbox. Null before it is there. */
  readonly id: string | null
  readonly adopted: boolean
  readonly changes: readonly FieldChange[]
}

/** What is to be done, in this order: bot and inbox at once, then link and agents at once. */
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
}

/** The website of a demo that was not given one. */
const DEFAULT_WEBSITE = 'https://example.com'

/** Longest description of a bot (contract section 9.2). */
const MAX_DESCRIPTION = 255

/**
 * Plans a demo.
 * @throws {CrmError} `conflict` when the inbox that is there has another channel: a channel cannot be changed.
 */
export function planDemo(wanted: DemoWanted, observed: DemoObserved): DemoPlan {
  refuseOtherChannel(wanted, observed.inbox)
  const bot = planBot(wanted, observed)
  const inbox = planInbox(wanted, observed)
  const link = planLink(wanted, observed)
  const { step: agents, newMembers, unknownAgents } = planAgents(wanted, observed)
  const steps = [bot, inbox, link, ...(agents === undefined ? [] : [agents])]
  const changed = steps.some(({ action }) => action !== 'keep')
  return { slug: wanted.slug, name: wanted.name, channel: wanted.channel, changed, steps, newMembers, unknownAgents }
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
  const mark = markText(wanted.slug, wanted.runId, wanted.madeAt)
  if (bot === null)
    return { ...base, action: 'create', changes: additions({ name: wanted.name, outgoingUrl: wanted.botUrl, description: mark }) }
  const description = markOf(bot.description, wanted.slug) === undefined ? withMark(bot.description, mark) : undefined
  const fits = description !== undefined && description.length <= MAX_DESCRIPTION
  const changes = differences(bot, { name: wanted.name, outgoingUrl: wanted.botUrl, ...(fits ? { description } : {}) })
  return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
}

function planInbox(wanted: DemoWanted, { inbox, adopted }: DemoObserved): DemoPlanStep {
  const base = { kind: 'inbox', name: wanted.name, id: inbox?.id ?? null, adopted: adopted.inbox } as const
  const mark = markText(wanted.slug, wanted.runId, wanted.madeAt)
  const given = givenSettings(wanted)
  if (inbox === null) {
    const website = wanted.channel === 'web' ? { websiteUrl: wanted.websiteUrl ?? DEFAULT_WEBSITE } : {}
    return {
      ...base,
      action: 'create',
      changes: additions({ name: wanted.name, ...wanted.defaults, ...given, ...website, outOfOffice: mark }),
    }
  }
  const isMarked = markOf(inbox.outOfOffice, wanted.slug)?.isRemoved === false
  const outOfOffice = isMarked ? {} : { outOfOffice: withMark(inbox.outOfOffice, mark) }
  const changes = differences(inbox, { ...given, ...outOfOffice })
  return { ...base, action: changes.length === 0 ? 'keep' : 'update', changes }
}

/** The settings of the inbox that the caller spoke of. */
function givenSettings(wanted: DemoWanted): Readonly<Record<string, SettingText | undefined>> {
  const { name, greeting, websiteUrl, webhookUrl, welcomeTitle, welcomeTagline, color } = wanted
  const greets = greeting === undefined ? {} : { greetingEnabled: true, greeting }
  return { name, ...greets, websiteUrl, webhookUrl, welcomeTitle, welcomeTagline, color }
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
function differences(object: AgentBot | Inbox, settings: Readonly<Record<string, SettingText | undefined>>): readonly FieldChange[] {
  return additions(settings).flatMap(({ field, to }) => {
    const from = settingOf(object, field)
    return from === undefined || isSame(field, from, to) ? [] : [{ field, from, to }]
  })
}

/** Whether an object has all settings that changes were to bring; settings that the server does not tell count as had. */
export function hasChanges(object: AgentBot | Inbox, changes: readonly FieldChange[]): boolean {
  return missedChanges(object, changes).length === 0
}

/** The settings that changes were to bring and that an object does not have. */
export function missedChanges(object: AgentBot | Inbox, changes: readonly FieldChange[]): readonly string[] {
  return changes.flatMap(({ field, to }) => {
    const now = settingOf(object, field)
    return now === undefined || isSame(field, now, to) ? [] : [field]
  })
}

function settingOf(object: AgentBot | Inbox, field: string): SettingText | undefined {
  const value = (object as unknown as Readonly<Record<string, unknown>>)[field]
  return typeof value === 'string' || typeof value === 'boolean' || value === null ? value : undefined
}

/** Chatwoot keeps some empty texts as null, and colours as they were typed. */
function isSame(field: string, one: SettingText, other: SettingText): boolean {
  if (field === 'color' && typeof one === 'string' && typeof other === 'string') return one.toLowerCase() === other.toLowerCase()
  return (one === '' ? null : one) === (other === '' ? null : other)
}
