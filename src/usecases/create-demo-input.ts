import * as z from 'zod/mini'
import { hoursOf } from '../chatwoot/demo-hours.ts'
import type { DemoRequest } from '../core/demo.ts'
import { type Problem, refuseProblems, unreachable } from '../core/errors.ts'
import { NAME_PATTERN, nameFrom } from '../core/integration.ts'
import { endProblem, lifetimeProblem } from './demo-guards.ts'

/** Longest name and description of a bot, name of an inbox, website URL and welcome texts (contract sections 6.5 and 9.2). */
const MAX_TEXT = 255
/** Longest URL that is called (contract sections 6.5 and 9.2). */
const MAX_URL = 2_048
/** Longest greeting (contract section 6.5). */
const MAX_GREETING = 10_000

/** What YAML and JSON take for a number or a truth value, such as a year for a name, is text once it is quoted. */
const NO_TEXT = 'must be text'

const lengthOf = (text: string) => Array.from(text).length

/** One line of text: no control characters, which no dashboard shows, and no halves of characters. */
const line = (most: number) =>
  z.string(NO_TEXT).check(
    z.trim(),
    z.refine((text) => text !== '', 'must not be empty'),
    z.refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not hold control characters'),
    z.refine((text) => lengthOf(text) <= most, `must have at most ${most} characters`),
  )

const webAddress = (most: number, example: string) =>
  line(most).check(
    z.refine((text) => /^https?:\/\/[^\s\\]+$/i.test(text) && URL.canParse(text), `must be a web address such as ${example}`),
  )

/** Text of several lines. */
const message = z.string(NO_TEXT).check(
  z.refine((text) => text.trim() !== '', 'must not be empty'),
  z.refine((text) => lengthOf(text) <= MAX_GREETING, `must have at most ${MAX_GREETING} characters`),
)

/** Chatwoot reads the text `null` of an inbox as nothing (contract section 6.5): it would never be as it was asked for. */
const notNull = z.refine<string>((text) => text !== 'null', 'must not be the word null, which Chatwoot reads as nothing')

/** A schema that is made when there is something to check with it: most demos leave most settings out, and to make schemas takes time. */
const later = <Schema extends z.ZodMiniType>(make: () => Schema): Schema => z.pipe(z.unknown(), z.lazy(make)) as z.ZodMiniType as Schema

const PRE_CHAT_FIELD_SAYS = 'must be email, name, phone or the key of a custom attribute, with ! behind it where it has to be filled in'

const preChatField = () =>
  z.union(
    [
      z.string().check(z.regex(/^[A-Za-z][\w-]{0,63}!?$/, PRE_CHAT_FIELD_SAYS)),
      z.strictObject({
        name: z.string(PRE_CHAT_FIELD_SAYS).check(z.regex(/^[A-Za-z][\w-]{0,63}$/, PRE_CHAT_FIELD_SAYS)),
        label: z.optional(line(MAX_TEXT)),
        type: z.optional(z.string(NO_TEXT).check(z.regex(/^[a-z_]{1,32}$/, 'must be a word such as text, email or date'))),
        required: z.optional(z.boolean('must be true or false')),
      }),
    ],
    PRE_CHAT_FIELD_SAYS,
  )

const preChat = () =>
  z.union(
    [
      z.literal(false),
      z.strictObject({
        message: z.optional(message),
        fields: z.array(preChatField()).check(z.minLength(1, 'must name a field'), z.maxLength(50, 'must be at most 50')),
      }),
    ],
    'must be false, or a message and a list of fields',
  )

const isTimezone = (zone: string): boolean => {
  try {
    return /^[A-Z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}

const hours = () =>
  z.union(
    [
      z.literal(false),
      z.strictObject({
        timezone: z.optional(z.string(NO_TEXT).check(z.refine(isTimezone, 'must be a name such as Europe/Zurich'))),
        open: z
          .string(NO_TEXT)
          .check(z.refine((text) => hoursOf(text) !== undefined, 'must be hours such as Mon-Fri 09:00-17:00, Sat closed')),
        away: z.optional(message),
      }),
    ],
    { error: 'must be false, or opening hours' },
  )

/** Events of account webhooks (contract section 10). */
export const WEBHOOK_EVENTS = [
  'conversation_status_changed',
  'conversation_updated',
  'conversation_created',
  'contact_created',
  'contact_updated',
  'message_created',
  'message_updated',
  'webwidget_triggered',
  'inbox_created',
  'inbox_updated',
  'conversation_typing_on',
  'conversation_typing_off',
] as const

const webhooks = () =>
  z
    .array(
      z.strictObject({
        url: webAddress(MAX_URL, 'https://example.com/hook'),
        events: z.optional(
          z.array(z.enum(WEBHOOK_EVENTS, `must be one of ${WEBHOOK_EVENTS.join(', ')}`)).check(z.minLength(1, 'must name an event')),
        ),
      }),
      'must be a list of webhooks',
    )
    .check(z.maxLength(50, 'must be at most 50'))

const agents = () =>
  z
    .array(z.email('must be an e-mail address').check(z.toLowerCase()), 'must be a list of e-mail addresses')
    .check(z.maxLength(1_000, 'must be at most 1000'))

/** Text of which there is nothing to say. */
const textWithout = (problemOf: (text: string) => string | undefined) =>
  z.string(NO_TEXT).check(z.refine((text) => problemOf(text) === undefined, { error: ({ input }) => problemOf(String(input)) }))

const duration = () => textWithout(lifetimeProblem)
const end = () => textWithout(endProblem)
const color = () => z.string(NO_TEXT).check(z.regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #1f93ff'))
const slug = () =>
  z
    .string(NO_TEXT)
    .check(z.toLowerCase(), z.regex(NAME_PATTERN, 'has 1 to 64 of a-z, 0-9, dot, underscore and hyphen, and starts with a letter or digit'))

/** How long a demo lives, as two settings of which one at most is given. */
export const LIFETIME_SETTINGS = {
  ttl: z.optional(later(duration)),
  expires: z.optional(later(end)),
}

/** What a demo is made of: the settings of one in a file, and most of what `crm demo-create` takes. */
export const DEMO_SETTINGS = {
  /** The name of inbox and bot, used as it is. */
  name: line(MAX_TEXT).check(notNull),
  /** Where the bot gets its events. */
  botUrl: webAddress(MAX_URL, 'https://bot.example/hook'),
  /** Made from the name where it is left out. */
  slug: z.optional(later(slug)),
  channel: z._default(z.enum(['web', 'api'], 'must be web or api'), 'web'),
  websiteUrl: z.optional(later(() => webAddress(MAX_TEXT, 'https://example.com'))),
  webhookUrl: z.optional(later(() => webAddress(MAX_URL, 'https://example.com/hook'))),
  greeting: z.optional(message.check(notNull)),
  welcomeTitle: z.optional(later(() => line(MAX_TEXT))),
  welcomeTagline: z.optional(later(() => line(MAX_TEXT))),
  color: z.optional(later(color)),
  /** E-mail addresses of agents who get access to the inbox. */
  agents: z._default(later(agents), []),
  preChat: z.optional(later(preChat)),
  hours: z.optional(later(hours)),
  webhooks: z.optional(later(webhooks)),
  ...LIFETIME_SETTINGS,
} as const

/** What `crm demo-create` takes. Everything but `name` and `botUrl` may be left out. */
export const CreateDemoSchema = z.strictObject({
  ...DEMO_SETTINGS,
  /** What to do when the demo is there already. */
  ifExists: z._default(z.enum(['reuse', 'fail', 'replace'], 'must be reuse, fail or replace'), 'reuse'),
  /** Stop after the plan. */
  dryRun: z._default(z.boolean('must be true or false'), false),
  /** Leave what a failed run has made. */
  keepOnFailure: z._default(z.boolean('must be true or false'), false),
})

/** What a caller gives: the schema takes exactly what {@link DemoRequest} says, or this does not compile. */
export type CreateDemoRequest = z.input<typeof CreateDemoSchema> extends DemoRequest ? DemoRequest : never

/** What is worked with: defaults filled in, the slug made. */
export type CreateDemoInput = z.output<typeof CreateDemoSchema> & { readonly slug: string }

/** The fields that belong to one channel alone. */
export const OF_CHANNEL = { web: ['websiteUrl', 'welcomeTitle', 'welcomeTagline', 'color', 'preChat'], api: ['webhookUrl'] } as const

const MISSING = 'is missing'
const NO_SLUG = 'has to be given, since the name has no letter a-z or digit to make one of'
const TWO_ENDS = 'and expires exclude each other'

/** What mends a problem that is the only one, where its message does not say it. */
const FIXES: Readonly<Record<string, string>> = {
  [NO_SLUG]: 'give one of your own, for example: --slug acme-dental',
  [TWO_ENDS]: 'leave --ttl or --expires away',
}

function fixFor(problems: readonly Problem[]): string {
  const only = problems.length === 1 ? FIXES[problems[0]?.message ?? ''] : undefined
  if (only !== undefined) return only
  const isExampleDue = problems.some(({ message }) => message === MISSING)
  return isExampleDue
    ? 'crm demo-create --name "Acme Dental" --bot-url https://bot.example/hook'
    : 'see what each of them takes: crm demo-create --help'
}

/**
 * Reads what a demo is to be. The result may be read again.
 * @throws {CrmError} `usage` with all problems at once.
 */
export function readCreateDemo(request: unknown): CreateDemoInput {
  const { input, problems } = checkDemo(request)
  refuseProblems(problems, 'no demo can be made of these values', fixFor(problems))
  return input ?? unreachable('demo without problems and without values')
}

/** Reads what a demo is to be, and tells all that is wrong with it. */
export function checkDemo(request: unknown): { readonly input: CreateDemoInput | undefined; readonly problems: readonly Problem[] } {
  // Code made for the schema costs milliseconds before the first demo, and saves microseconds for each.
  const parsed = CreateDemoSchema.safeParse(request, { jitless: true, reportInput: true })
  const problems: Problem[] = (parsed.error?.issues ?? []).map(problemOf)
  const given = (request ?? {}) as Readonly<Record<string, unknown>>
  const channel = given.channel === 'api' ? 'api' : 'web'
  for (const key of OF_CHANNEL[channel === 'api' ? 'web' : 'api']) {
    if (given[key] !== undefined) problems.push({ field: key, message: `is for channel ${channel === 'api' ? 'web' : 'api'} only` })
  }
  if (given.ttl !== undefined && given.expires !== undefined) problems.push({ field: 'ttl', message: TWO_ENDS })
  const urls = (parsed.data?.webhooks ?? []).map(({ url }) => url)
  for (const url of new Set(urls.filter((one, index) => urls.indexOf(one) !== index))) {
    problems.push({ field: 'webhooks', message: `must have different addresses: ${url} is there twice` })
  }
  const name = typeof given.name === 'string' ? given.name : ''
  const slug = parsed.data?.slug ?? nameFrom(name)
  if (slug === '' && name.trim() !== '' && given.slug === undefined) {
    problems.push({ field: 'slug', message: NO_SLUG })
  }
  if (parsed.data === undefined || problems.length > 0) return { input: undefined, problems }
  return { input: { ...parsed.data, slug, agents: [...new Set(parsed.data.agents)] }, problems }
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') return { field: issue.keys.join(', '), message: 'is not a value of a demo' }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  const isBare = issue.message === NO_TEXT && /^(?:number|boolean)$/.test(typeof issue.input)
  return { field: field === '' ? '$' : field, message: isMissing ? MISSING : `${issue.message}${isBare ? ': put it in quotes' : ''}` }
}
