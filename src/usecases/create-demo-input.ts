import * as z from 'zod'
import type { DemoRequest } from '../core/demo.ts'
import { type Problem, refuseProblems } from '../core/errors.ts'
import { NAME_PATTERN, nameFrom } from '../core/integration.ts'

/** Longest name and description of a bot, name of an inbox, website URL and welcome texts (contract sections 6.5 and 9.2). */
const MAX_TEXT = 255
/** Longest URL that is called (contract sections 6.5 and 9.2). */
const MAX_URL = 2_048
/** Longest greeting (contract section 6.5). */
const MAX_GREETING = 10_000

const lengthOf = (text: string) => Array.from(text).length

/** One line of text: no control characters, which no dashboard shows, and no halves of characters. */
const line = (most: number) =>
  z
    .string('must be text')
    .trim()
    .refine((text) => text !== '', 'must not be empty')
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not hold control characters')
    .refine((text) => lengthOf(text) <= most, `must have at most ${most} characters`)

const webAddress = (most: number, example: string) =>
  line(most).refine((text) => /^https?:\/\/[^\s\\]+$/i.test(text) && URL.canParse(text), `must be a web address such as ${example}`)

/** What `crm demo-create` takes. Everything but `name` and `botUrl` may be left out. */
export const CreateDemoSchema = z.strictObject({
  /** The name of inbox and bot, used as it is. */
  name: line(MAX_TEXT),
  /** Where the bot gets its events. */
  botUrl: webAddress(MAX_URL, 'https://bot.example/hook'),
  /** Made from the name where it is left out. */
  slug: z
    .string('must be text')
    .toLowerCase()
    .regex(NAME_PATTERN, 'has 1 to 64 of a-z, 0-9, dot, underscore and hyphen, and starts with a letter or digit')
    .optional(),
  channel: z.enum(['web', 'api'], 'must be web or api').default('web'),
  websiteUrl: webAddress(MAX_TEXT, 'https://example.com').optional(),
  webhookUrl: webAddress(MAX_URL, 'https://example.com/hook').optional(),
  greeting: z
    .string('must be text')
    .refine((text) => text.trim() !== '', 'must not be empty')
    .refine((text) => lengthOf(text) <= MAX_GREETING, `must have at most ${MAX_GREETING} characters`)
    .optional(),
  welcomeTitle: line(MAX_TEXT).optional(),
  welcomeTagline: line(MAX_TEXT).optional(),
  color: z
    .string('must be text')
    .regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #1f93ff')
    .optional(),
  /** E-mail addresses of agents who get access to the inbox. */
  agents: z.array(z.email('must be an e-mail address').toLowerCase()).max(1_000, 'must be at most 1000').default([]),
  /** What to do when the demo is there already. */
  ifExists: z.enum(['reuse', 'fail', 'replace'], 'must be reuse, fail or replace').default('reuse'),
  /** Stop after the plan. */
  dryRun: z.boolean('must be true or false').default(false),
  /** Leave what a failed run has made. */
  keepOnFailure: z.boolean('must be true or false').default(false),
})

/** What a caller gives: the schema takes exactly what {@link DemoRequest} says, or this does not compile. */
export type CreateDemoRequest = z.input<typeof CreateDemoSchema> extends DemoRequest ? DemoRequest : never

/** What is worked with: defaults filled in, the slug made. */
export type CreateDemoInput = z.output<typeof CreateDemoSchema> & { readonly slug: string }

/** The fields that belong to one channel alone. */
const OF_CHANNEL = { web: ['websiteUrl', 'welcomeTitle', 'welcomeTagline', 'color'], api: ['webhookUrl'] } as const

/**
 * Reads what a demo is to be. The result may be read again.
 * @throws {CrmError} `usage` with all problems at once.
 */
export function readCreateDemo(request: unknown): CreateDemoInput {
  const parsed = CreateDemoSchema.safeParse(request)
  const problems: Problem[] = (parsed.error?.issues ?? []).map(problemOf)
  const given = (request ?? {}) as Readonly<Record<string, unknown>>
  const channel = given.channel === 'api' ? 'api' : 'web'
  for (const key of OF_CHANNEL[channel === 'api' ? 'web' : 'api']) {
    if (given[key] !== undefined) problems.push({ field: key, message: `is for channel ${channel === 'api' ? 'web' : 'api'} only` })
  }
  const name = typeof given.name === 'string' ? given.name : ''
  const slug = parsed.data?.slug ?? nameFrom(name)
  if (slug === '' && name.trim() !== '' && given.slug === undefined) {
    problems.push({ field: 'slug', message: 'cannot be made from the name, which has no letter a-z or digit: give one with --slug' })
  }
  refuseProblems(problems, 'no demo can be made of these values', 'crm demo-create --name "Acme Dental" --bot-url https://bot.example/hook')
  if (parsed.data === undefined) throw parsed.error
  return { ...parsed.data, slug, agents: [...new Set(parsed.data.agents)] }
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') return { field: issue.keys.join(', '), message: 'is not a value of a demo' }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  return { field: field === '' ? '$' : field, message: isMissing ? 'is missing' : issue.message }
}
