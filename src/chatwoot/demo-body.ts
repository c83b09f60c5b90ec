import type { DemoChannel } from '../core/demo.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { hoursBody } from './demo-hours.ts'
import type { FieldChange } from './demo-plan.ts'
import { preChatBody } from './demo-pre-chat.ts'

/** Our settings of an agent bot, in Chatwoot's words (contract section 9.2). */
const BOT_KEYS: Readonly<Record<string, string>> = { name: 'name', description: 'description', outgoingUrl: 'outgoing_url' }

/** Our settings of an inbox, in Chatwoot's words (contract section 6.5). */
const INBOX_KEYS: Readonly<Record<string, string>> = {
  name: 'name',
  greetingEnabled: 'greeting_enabled',
  greeting: 'greeting_message',
  emailCollect: 'enable_email_collect',
  autoAssignment: 'enable_auto_assignment',
  csatSurvey: 'csat_survey_enabled',
  outOfOffice: 'out_of_office_message',
  hoursEnabled: 'working_hours_enabled',
  timezone: 'timezone',
}

/** Settings that belong to the inbox's channel. */
const CHANNEL_KEYS: Readonly<Record<string, string>> = {
  websiteUrl: 'website_url',
  color: 'widget_color',
  welcomeTitle: 'welcome_title',
  welcomeTagline: 'welcome_tagline',
  webhookUrl: 'webhook_url',
}

/** Our settings of an account webhook, in Chatwoot's words (contract section 10). */
const WEBHOOK_KEYS: Readonly<Record<string, string>> = { url: 'url', name: 'name' }

const CHANNEL_TYPES = { web: 'web_widget', api: 'api' } as const

/** The body that creates a bot, or changes the settings named. */
export function botBody(changes: readonly FieldChange[]): JsonObject {
  return pick(changes, BOT_KEYS)
}

/** The body that creates an inbox. `channel` must be there, or Chatwoot fails with 500. */
export function newInboxBody(changes: readonly FieldChange[], channel: DemoChannel): JsonObject {
  return { ...pick(changes, INBOX_KEYS), channel: { type: CHANNEL_TYPES[channel], ...channelBody(changes) } }
}

/** The body that changes the settings named. A channel type must not be in it (contract section 6.6). */
export function inboxBody(changes: readonly FieldChange[]): JsonObject {
  const channel = channelBody(changes)
  const hours = changes.find(({ field }) => field === 'hours')?.to
  return {
    ...(typeof hours === 'string' ? { working_hours: hoursBody(hours) } : {}),
    ...pick(changes, INBOX_KEYS),
    ...(Object.keys(channel).length === 0 ? {} : { channel }),
  }
}

function channelBody(changes: readonly FieldChange[]): JsonObject {
  const form = changes.find(({ field }) => field === 'preChat')?.to
  return { ...pick(changes, CHANNEL_KEYS), ...(typeof form === 'string' ? preChatBody(form) : {}) }
}

/** The body that creates an account webhook, or changes the settings named. */
export function webhookBody(changes: readonly FieldChange[]): JsonObject {
  const events = changes.find(({ field }) => field === 'events')?.to
  return { ...pick(changes, WEBHOOK_KEYS), ...(typeof events === 'string' ? { subscriptions: events.split(', ') } : {}) }
}

/** The changes that take changes back. */
export function inverse(changes: readonly FieldChange[]): readonly FieldChange[] {
  return changes.map(({ field, from, to }) => ({ field, from: to, to: from }))
}

function pick(changes: readonly FieldChange[], keys: Readonly<Record<string, string>>): JsonObject {
  const body: Record<string, Json> = {}
  for (const { field, to } of changes) {
    const key = keys[field]
    if (key !== undefined) body[key] = to
  }
  return body
}
