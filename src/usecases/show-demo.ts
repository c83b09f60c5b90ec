import { isMissing } from '../chatwoot/answers.ts'
import { type Client, createClient } from '../chatwoot/client.ts'
import { accountUrl, type Connection, connectionOf } from '../chatwoot/connection.ts'
import { findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { botAnswer, inboxAnswer, snippetOf } from '../chatwoot/demo-objects.ts'
import { botSecrets, inboxSecrets } from '../chatwoot/demo-steps.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { AgentBot, Inbox } from '../chatwoot/read.ts'
import type { Answer, DemoShowAnswer } from '../core/answers.ts'
import type { DemoRecord, DemoSecrets, DemoSummary } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { asItStands, findMarkedDemos } from './list-demos.ts'

/** What showing a demo needs of the world. */
export interface ShowDemoDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly target: DemoTarget
}

/** The demo that is to be shown, and how much of it. */
export interface ShownDemo {
  readonly slug: string
  /** What the vault knows; left out where there is none: the demo is then looked for by its marks. */
  readonly kept?: { readonly record: DemoRecord; readonly secrets: DemoSecrets }
  /** Whether the secrets themselves are shown. Whoever sets it has asked, and written it down. */
  readonly reveal: boolean
}

/** The schema of the answer. */
export const SHOW_DEMO_SCHEMA = 'crm.demo-show/1'

/**
 * A demo: its record, and what the server says of it now. A server that does not answer leaves those parts null, with a warning.
 * @throws {CrmError} `not_found`; without a record, whatever keeps the server from being asked.
 */
export function showDemo(deps: ShowDemoDeps, demo: ShownDemo): Promise<Answer<DemoShowAnswer>> {
  return demo.kept === undefined ? showMarked(deps, demo) : showKept(deps, { ...demo, kept: demo.kept })
}

async function showKept({ http, signal, target }: ShowDemoDeps, { kept, reveal }: Required<ShownDemo>): Promise<Answer<DemoShowAnswer>> {
  const { record, secrets } = kept
  const connection = connectionOf(target.values)
  const { channel, updatedAt, journal, account: madeIn } = record
  const { slug, name, integration, status, inboxId, botId, createdAt, expiresAt = null } = record
  const known: DemoSummary = { slug, name, integration, source: target.source, status, inboxId, botId, createdAt, expiresAt }
  const warnings: Warning[] = []
  // Its ids mean nothing elsewhere.
  if (madeIn !== accountUrl(connection)) {
    warnings.push({ code: 'other_account', message: `the demo was made in ${madeIn}, where the integration no longer leads` })
    return {
      schema: SHOW_DEMO_SCHEMA,
      warnings,
      data: { demo: known, channel, updatedAt, ...NOTHING, secrets: shown(secrets, reveal), journal },
    }
  }
  const client = createClient(http, connection, { signal })
  const note = (what: string) => (error: unknown) => {
    const named = errorFor(target, error)
    if (!(named instanceof CrmError) || named.code === 'cancelled') throw named
    const message = isMissing(error) ? `${what} is not there any more` : `${what} could not be read: ${named.message}`
    warnings.push({ code: isMissing(error) ? 'object_missing' : 'server_not_asked', message })
    return null
  }
  let linkFailure: unknown
  const askLink = async () => {
    if (inboxId === null || botId === null) return undefined
    return client.linkedBotId(inboxId).catch((error: unknown) => {
      linkFailure = error
      return undefined
    })
  }
  const [account, inbox, bot, linkedBotId] = await Promise.all([
    client.accountName().catch(note(`the account ${connection.accountId}`)),
    inboxId === null ? null : client.getInbox(inboxId).catch(note(`the inbox ${inboxId}`)),
    botId === null ? null : client.getBot(botId).catch(note(`the bot ${botId}`)),
    askLink(),
  ])
  // Where the inbox itself was not to be read, that is said already.
  if (linkFailure !== undefined && inbox !== null) note(`the bot of the inbox ${inboxId}`)(linkFailure)
  // Both are there, and the server names another bot or none.
  const isUnlinked = inbox !== null && bot !== null && linkedBotId !== undefined && linkedBotId !== botId
  if (isUnlinked) warnings.push({ code: 'link_missing', message: `the bot ${botId} does not serve the inbox ${inboxId} any more` })
  const isWhole = !isUnlinked && warnings.every(({ code }) => code !== 'object_missing')
  const demo = known.status === 'ready' && !isWhole ? { ...known, status: 'partial' as const } : known
  const data = { demo, channel, updatedAt, ...parts(connection, account, inbox, bot), secrets: shown(secrets, reveal), journal }
  return { schema: SHOW_DEMO_SCHEMA, data, warnings }
}

async function showMarked(deps: ShowDemoDeps, { slug, reveal }: ShownDemo): Promise<Answer<DemoShowAnswer>> {
  const { http, signal, target } = deps
  const marked = (await findMarkedDemos(deps)).find((one) => one.slug === slug)
  if (marked === undefined) throw new CrmError('not_found', `no demo is named ${slug}`, { hint: 'see the demos with: crm demo-list' })
  const connection = connectionOf(target.values)
  const client = createClient(http, connection, { signal })
  try {
    const [demo, account, { inbox, bot }] = await Promise.all([asItStands(client, marked), client.accountName(), lookUp(client, slug)])
    const secrets = { ...(bot === null ? {} : botSecrets(bot)), ...(inbox === null ? {} : inboxSecrets(inbox)) }
    const shared = parts(connection, account, inbox, bot)
    const data = {
      demo,
      channel: inbox?.channel ?? 'web',
      updatedAt: demo.createdAt,
      ...shared,
      secrets: shown(secrets, reveal),
      journal: [],
    }
    return { schema: SHOW_DEMO_SCHEMA, data, warnings: [] }
  } catch (error) {
    throw errorFor(target, error)
  }
}

async function lookUp(client: Client, slug: string): Promise<{ readonly inbox: Inbox | null; readonly bot: AgentBot | null }> {
  const [inboxes, bots] = await Promise.all([client.listInboxes(), client.listBots()])
  return findDemo(slug, client.connection.accountId, knownOf(undefined, ''), { inboxes, bots })
}

const NOTHING = { account: null, inbox: null, bot: null, snippet: null } as const

function parts(connection: Connection, accountName: string | null, inbox: Inbox | null, bot: AgentBot | null) {
  return {
    account: { id: connection.accountId, name: accountName },
    inbox: inbox === null ? null : inboxAnswer(connection, inbox),
    bot: bot === null ? null : botAnswer(bot),
    snippet: inbox === null ? null : snippetOf(inbox, connection.baseUrl),
  }
}

function shown(secrets: DemoSecrets, reveal: boolean): DemoShowAnswer['secrets'] {
  return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, reveal ? { set: true, value } : { set: true }]))
}
