import * as z from 'zod/mini'
import type { DemoChannel } from '../core/demo.ts'
import { CrmError, type Problem, refuseProblems } from '../core/errors.ts'
import { DEMO_SETTINGS, OF_CHANNEL, WEBHOOK_EVENTS } from './create-demo-input.ts'

const { name, botUrl, channel, websiteUrl, webhookUrl, greeting, welcomeTitle, welcomeTagline, color } = DEMO_SETTINGS

const id = z.string('must be text').check(z.regex(/^\d{1,15}$/, 'must be digits'))

/** What an inbox is made of. `bot` is the id of the agent bot that serves it, `none` takes it away. */
const INBOX = {
  name: z.optional(name),
  websiteUrl,
  webhookUrl,
  greeting,
  welcomeTitle,
  welcomeTagline,
  color,
  bot: z.optional(z.union([id, z.literal('none')])),
}
/** What an agent bot is made of. */
const BOT = { name: z.optional(name), url: z.optional(botUrl), description: welcomeTitle }
/** What an account webhook is made of; `events` left out means Chatwoot's own choice. */
const WEBHOOK = {
  name: welcomeTitle,
  url: z.optional(botUrl),
  events: z.optional(
    z.array(z.enum(WEBHOOK_EVENTS, `must be one of ${WEBHOOK_EVENTS.join(', ')}`)).check(z.minLength(1, 'must name an event')),
  ),
}

const SCHEMAS = {
  'new inbox': z.strictObject({ ...INBOX, name, channel }),
  inbox: z.strictObject(INBOX),
  'new bot': z.strictObject({ ...BOT, name }),
  bot: z.strictObject(BOT),
  'new webhook': z.strictObject({ ...WEBHOOK, url: botUrl }),
  webhook: z.strictObject(WEBHOOK),
} as const

/** What can be read: something new, or changes of something that is there. */
export type InventoryKind = keyof typeof SCHEMAS

/** The settings of one kind, checked. */
export type InventoryInput<Kind extends InventoryKind> = z.output<(typeof SCHEMAS)[Kind]>

const CHANNELS = ['web', 'api'] as const

/**
 * Reads the settings of an object in a Chatwoot account.
 * @throws {CrmError} `usage` with all problems at once; also for changes that change nothing.
 */
export function readInventory<Kind extends InventoryKind>(kind: Kind, given: Readonly<Record<string, unknown>>): InventoryInput<Kind> {
  const parsed = SCHEMAS[kind].safeParse(given)
  const problems: Problem[] = (parsed.error?.issues ?? []).map((issue) => ({
    field: issue.path.length === 0 ? '$' : String(issue.path[0]),
    message: issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message,
  }))
  if (kind === 'new inbox') problems.push(...ofOtherChannels(given, given.channel === 'api' ? 'api' : 'web'))
  const isNew = kind.startsWith('new ')
  if (!isNew && Object.keys(given).length === 0) {
    const group = kind === 'inbox' ? 'inboxes' : `${kind}s`
    throw new CrmError('usage', 'nothing to change was given', {
      hint: `see what can be changed with: crm chatwoot ${group} update --help`,
    })
  }
  refuseProblems(problems, isNew ? `no ${kind} can be made of these values` : `the ${kind} cannot be changed to these values`)
  return parsed.data as InventoryInput<Kind>
}

function ofOtherChannels(given: Readonly<Record<string, unknown>>, channel: DemoChannel | undefined): readonly Problem[] {
  const others = CHANNELS.filter((other) => other !== channel)
  return others.flatMap((other) =>
    OF_CHANNEL[other]
      .filter((key) => given[key] !== undefined)
      .map((field): Problem => ({ field, message: `is for channel ${other} only` })),
  )
}

/** Whether settings belong to one channel alone, so that the channel of the inbox has to be known. */
export function needsChannel(given: Readonly<Record<string, unknown>>): boolean {
  return ofOtherChannels(given, undefined).length > 0
}

/**
 * Refuses settings that an inbox of this channel does not have: Chatwoot takes them without a word, and keeps nothing.
 * @param channel undefined for one that demos are not made of.
 * @throws {CrmError} `usage`.
 */
export function refuseOtherChannels(given: Readonly<Record<string, unknown>>, channel: DemoChannel | undefined): void {
  refuseProblems(ofOtherChannels(given, channel), 'the inbox cannot be changed to these values')
}
