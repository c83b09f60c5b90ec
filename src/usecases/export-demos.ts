import { isMissing } from '../chatwoot/answers.ts'
import { createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { untilOf, withoutMark } from '../chatwoot/demo-marks.ts'
import { preChatOf } from '../chatwoot/demo-pre-chat.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { AccountWebhook, Agent, AgentBot, Inbox } from '../chatwoot/read.ts'
import type { Answer, DemoExportAnswer } from '../core/answers.ts'
import type { DemoRecord } from '../core/demo.ts'
import { nameFrom } from '../core/integration.ts'
import type { Http } from '../core/ports.ts'
import { writeYaml } from './demo-file-text.ts'
import { asWritten } from './demo-placeholders.ts'
import { demosElsewhere } from './demos-elsewhere.ts'
import { markedSlugs } from './plan-demos.ts'

/** The schema of the answer. */
export const EXPORT_DEMOS_SCHEMA = 'crm.demo-export/1'

/** What writing a file of what there is needs of the world. */
export interface ExportDeps {
  readonly http: Http
  readonly signal: AbortSignal
  /** The records of an integration's demos, without those that are gone; null where there is no vault, and marks have to tell. */
  known(target: DemoTarget): Promise<readonly DemoRecord[] | null>
}

/** Settings of one demo, as a file has them. */
type Settings = Readonly<Record<string, unknown>>

/**
 * The demos that there are, as a file that `crm demo-apply` takes and finds nothing to change: settings are those on the server, of
 * demos that the vault knows, or without one that carry a mark. A demo that is not whole is left out, with a warning.
 *
 * @throws {CrmError} of the network and of Chatwoot.
 */
export async function exportDemos(deps: ExportDeps, targets: readonly DemoTarget[]): Promise<Answer<DemoExportAnswer>> {
  const accounts = await Promise.all(
    targets.map((target) =>
      exportAccount(deps, target).catch((error) => {
        throw errorFor(target, error)
      }),
    ),
  )
  const [only] = targets
  const demos = accounts.flatMap(({ demos: own }) => own)
  const isOne = targets.length === 1 && only?.source === 'vault'
  const named =
    targets.length === 1 ? demos : accounts.flatMap(({ target, demos: own }) => own.map((demo) => ({ integration: target.name, ...demo })))
  const text = writeYaml({ ...(isOne ? { defaults: { integration: only.name } } : {}), demos: named.map(asWritten) })
  const warnings = accounts.flatMap((account) => account.warnings)
  return { schema: EXPORT_DEMOS_SCHEMA, data: { demos: demos.length, path: null, text }, warnings }
}

async function exportAccount({ http, signal, known }: ExportDeps, target: DemoTarget) {
  const connection = connectionOf(target.values)
  const client = createClient(http, connection, { signal })
  const [inboxes, bots, webhooks] = await Promise.all([client.listInboxes(), client.listBots(), client.listWebhooks()])
  const objects = { inboxes, bots, webhooks }
  const account = accountUrl(connection)
  const all = await known(target)
  const records = all?.filter((record) => record.account === account) ?? null
  const slugs = records === null ? markedSlugs(objects) : records.map(({ slug }) => slug)
  const warnings = [...demosElsewhere(target, all ?? [], 'left out of the file')]
  const demos = await Promise.all(
    [...slugs].sort().map(async (slug): Promise<Settings | undefined> => {
      const record = records?.find((one) => one.slug === slug)
      const found = findDemo(slug, connection.accountId, knownOf(record, account), objects)
      const { inbox, bot } = found
      const members = inbox === null || bot === null ? undefined : await client.listMembers(inbox.id).catch(unlessMissing)
      if (inbox === null || bot === null || inbox.channel === undefined || members === undefined) {
        warnings.push({ code: 'demo_not_whole', message: `the demo ${slug} is not whole, and left out of the file` })
        return undefined
      }
      return settingsOf(slug, { inbox, bot, webhooks: found.webhooks, members, until: untilOf(found, slug) })
    }),
  )
  return { target, demos: demos.filter((demo) => demo !== undefined), warnings }
}

/** Somebody deleted it between the list and this look. */
function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

interface Parts {
  readonly inbox: Inbox
  readonly bot: AgentBot
  readonly webhooks: readonly AccountWebhook[]
  readonly members: readonly Agent[]
  readonly until: string | null
}

function settingsOf(slug: string, { inbox, bot, webhooks, members, until }: Parts): Settings {
  const name = inbox.name ?? bot.name ?? slug
  const isWeb = inbox.channel === 'web'
  const all = {
    name,
    slug: nameFrom(name) === slug ? undefined : slug,
    botUrl: text(bot.outgoingUrl),
    channel: isWeb ? undefined : inbox.channel,
    websiteUrl: isWeb ? text(inbox.websiteUrl) : undefined,
    welcomeTitle: isWeb ? text(inbox.welcomeTitle) : undefined,
    welcomeTagline: isWeb ? text(inbox.welcomeTagline) : undefined,
    color: isWeb ? text(inbox.color) : undefined,
    webhookUrl: isWeb ? undefined : text(inbox.webhookUrl),
    greeting: inbox.greetingEnabled === true ? text(inbox.greeting) : undefined,
    agents: members.length === 0 ? undefined : members.flatMap(({ email }) => (email === undefined ? [] : [email])).sort(),
    preChat: isWeb && inbox.preChat !== undefined ? preChatOf(inbox.preChat) : undefined,
    hours: inbox.hoursEnabled === true ? hoursOf(slug, inbox) : undefined,
    webhooks:
      webhooks.length === 0
        ? undefined
        : webhooks.map(({ url, events }) => ({ url, ...(events === undefined ? {} : { events: events.split(', ') }) })),
    expires: until ?? undefined,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function hoursOf(slug: string, { timezone, hours, outOfOffice }: Inbox): Settings | undefined {
  if (hours === undefined) return undefined
  const away = withoutMark(outOfOffice, slug)
  return { ...(timezone === undefined ? {} : { timezone }), open: hours, ...(away === '' ? {} : { away }) }
}

/** A text that is one; Chatwoot keeps some empty texts. */
function text(value: string | null | undefined): string | undefined {
  return value === null || value === undefined || value.trim() === '' ? undefined : value
}
