import * as z from 'zod/mini'
import { CrmError, type Problem, refuseProblems } from '../core/errors.ts'
import { DEMO_SETTINGS, WEBHOOK_EVENTS } from './create-demo-input.ts'

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

/** The settings that belong to one channel alone. */
const OF_CHANNEL = { web: ['websiteUrl', 'welcomeTitle', 'welcomeTagline', 'color'], api: ['webhookUrl'] } as const

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
  if (kind === 'new inbox') {
    const isApi = given.channel === 'api'
    for (const key of OF_CHANNEL[isApi ? 'web' : 'api'])
      if (given[key] !== undefined) problems.push({ field: key, message: `is for channel ${isApi ? 'web' : 'api'} only` })
  }
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
