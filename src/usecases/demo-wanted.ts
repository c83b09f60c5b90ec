/** From what a caller asks for to what a plan is made of. Pure. */
import type { InboxDefaults } from '../chatwoot/connection.ts'
import { hoursOf } from '../chatwoot/demo-hours.ts'
import type { DemoWanted } from '../chatwoot/demo-plan.ts'
import { NO_PRE_CHAT, type PreChatField, preChatText, STANDARD_FIELDS } from '../chatwoot/demo-pre-chat.ts'
import { parseDuration, toTimestamp } from '../core/time.ts'
import type { CreateDemoInput } from './create-demo-input.ts'
import { endAfter } from './demo-guards.ts'

/** What a run adds to what was asked for. */
export interface WantedBy {
  readonly defaults: InboxDefaults
  readonly runId: string
  readonly nowMs: number
  /** The end that the demo has already; null for none. */
  readonly until: string | null
}

/** What a demo is to be. */
export function wantedOf(input: CreateDemoInput, { defaults, runId, nowMs, until }: WantedBy): DemoWanted {
  const { slug, name, botUrl, channel, agents, websiteUrl, webhookUrl, greeting, welcomeTitle, welcomeTagline, color, webhooks } = input
  const given = Object.entries({
    ...{ websiteUrl, webhookUrl, greeting, welcomeTitle, welcomeTagline, color, webhooks },
    ...{ preChat: preChatOf(input.preChat), expiresAt: expiryOf(input, nowMs, until) },
    ...hoursSettings(input.hours),
  })
  return {
    ...{ slug, name, botUrl, channel, agents, runId },
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    defaults,
    madeAt: toTimestamp(nowMs),
  }
}

/**
 * When a demo is to end: undefined leaves the end that it has. A lifetime counts from the moment at which the demo gets it, so that a
 * second run changes nothing.
 */
export function expiryOf(
  { ttl, expires }: Pick<CreateDemoInput, 'ttl' | 'expires'>,
  nowMs: number,
  until: string | null,
): string | null | undefined {
  if (expires === 'never') return null
  if (expires !== undefined) return toTimestamp(Date.parse(expires))
  if (ttl === undefined || until !== null) return undefined
  return endAfter(nowMs, parseDuration(ttl))
}

const SHORT_NAMES: Readonly<Record<string, string>> = { email: 'emailAddress', name: 'fullName', phone: 'phoneNumber' }

/** What Chatwoot says above a form that says nothing of its own. */
const PRE_CHAT_MESSAGE = 'Share your queries or comments here.'

function preChatOf(form: CreateDemoInput['preChat']): string | undefined {
  if (form === undefined) return undefined
  if (form === false) return NO_PRE_CHAT
  const fields = form.fields.map((field): PreChatField => {
    const given = typeof field === 'string' ? { name: field.replace('!', ''), required: field.endsWith('!') } : field
    const name = SHORT_NAMES[given.name] ?? given.name
    const standard = STANDARD_FIELDS.find((known) => known.name === name) ?? { label: name, type: 'text', required: false }
    const { label, type, required } = {
      ...standard,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    }
    return { name, label, type, required }
  })
  return preChatText({ message: form.message ?? PRE_CHAT_MESSAGE, fields })
}

function hoursSettings(hours: CreateDemoInput['hours']): Partial<Pick<DemoWanted, 'hoursEnabled' | 'timezone' | 'hours' | 'away'>> {
  if (hours === undefined) return {}
  if (hours === false) return { hoursEnabled: false }
  const { timezone = 'UTC', away } = hours
  const open = hoursOf(hours.open)
  return {
    hoursEnabled: true,
    timezone,
    ...(open === undefined ? {} : { hours: open }),
    ...(away === undefined ? {} : { away: away.trim() }),
  }
}
