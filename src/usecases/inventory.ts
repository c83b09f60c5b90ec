/** What demos are made of, one by one: the inboxes, agent bots and webhooks of an account (contract sections 6, 7, 9 and 10). */
import { type Client, createClient, type WriteRequest, writes } from '../chatwoot/client.ts'
import { connectionOf } from '../chatwoot/connection.ts'
import { botBody, inboxBody, newInboxBody } from '../chatwoot/demo-body.ts'
import { marksIn } from '../chatwoot/demo-marks.ts'
import type { FieldChange } from '../chatwoot/demo-plan.ts'
import { attempt, DEMO_LIMITS, undoClient } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { AccountWebhook, AgentBot, Inbox } from '../chatwoot/read.ts'
import type { BotItem, InboxItem, NewBotAnswer, NewWebhookAnswer, WebhookItem } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Http } from '../core/ports.ts'
import type { InventoryInput, InventoryKind } from './inventory-input.ts'

/** What the inventory needs of the world. */
export interface InventoryDeps {
  readonly http: Http
  readonly signal: AbortSignal
  readonly target: DemoTarget
}

/** Settings as flags give them; checked here. */
export type Given = Readonly<Record<string, unknown>>

/** Runs calls of one client; errors come as the user of the integration reads them. */
async function inAccount<T>({ http, signal, target }: InventoryDeps, work: (client: Client, account: string) => Promise<T>): Promise<T> {
  const connection = connectionOf(target.values)
  try {
    return await work(createClient(http, connection, { signal }), connection.accountId)
  } catch (error) {
    throw errorFor(target, error)
  }
}

/** Checks settings. The checker is heavy, and lists have nothing to check. */
async function readGiven<Kind extends InventoryKind>(kind: Kind, given: Given): Promise<InventoryInput<Kind>> {
  const { readInventory } = await import('./inventory-input.ts')
  return readInventory(kind, given)
}

const byName = (left: { readonly name: string; readonly id: string }, right: { readonly name: string; readonly id: string }): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : Number(left.id) - Number(right.id)

/** The slug of the demo that an object belongs to by its mark; null for everything else. */
function demoOf(marked: string | null | undefined): string | null {
  return marksIn(marked).find(({ isRemoved }) => !isRemoved)?.slug ?? null
}

function inboxItem(inbox: Inbox): InboxItem {
  const { id, name = '', channel, websiteUrl, websiteToken, identifier, webhookUrl } = inbox
  return {
    ...{ id, name, channel: channel ?? 'other', websiteUrl: websiteUrl ?? null, websiteToken: websiteToken ?? null },
    ...{ identifier: identifier ?? null, webhookUrl: webhookUrl ?? null, demo: demoOf(inbox.outOfOffice) },
  }
}

function botItem({ id, name, description, outgoingUrl, isSystem }: AgentBot): BotItem {
  return { id, name: name ?? '', description: description ?? null, url: outgoingUrl ?? null, system: isSystem, demo: demoOf(description) }
}

function webhookItem({ id, name, url, events }: AccountWebhook): WebhookItem {
  return { id, name: name ?? null, url, events: events === undefined || events === '' ? [] : events.split(', '), demo: demoOf(name) }
}

function changesOf(settings: Given): readonly FieldChange[] {
  const changes = Object.entries(settings).filter(([, value]) => value !== undefined)
  return changes.map(([field, to]) => ({ field, from: null, to: to as Json }) as FieldChange)
}

/** All inboxes of the account that the token may see, by name. */
export function listInboxes(deps: InventoryDeps): Promise<readonly InboxItem[]> {
  return inAccount(deps, async (client) => (await client.listInboxes()).map(inboxItem).toSorted(byName))
}

/**
 * Makes an inbox, and lets a bot serve it where one is named. If the bot cannot, the inbox is taken back.
 * @throws {CrmError} `usage`, `not_found` for a bot that is not there, `partial` for an inbox that could not be taken back.
 */
export async function createInbox(deps: InventoryDeps, given: Given): Promise<InboxItem> {
  const { channel, bot, greeting, websiteUrl, ...rest } = await readGiven('new inbox', given)
  const website = channel === 'web' ? { websiteUrl: websiteUrl ?? 'https://example.com' } : {}
  const changes = changesOf({ ...rest, ...website, ...greetingOf(greeting) })
  return inAccount(deps, async (client, account) => {
    if (isBotId(bot)) await requireBot(client, bot)
    const inbox = await client.writeInbox(writes.createInbox(account, newInboxBody(changes, channel)))
    if (!isBotId(bot)) return inboxItem(inbox)
    try {
      await client.write(writes.setBot(account, inbox.id, bot))
    } catch (error) {
      throw await takeBack(deps, client, { inboxId: inbox.id, bot, error })
    }
    return inboxItem(inbox)
  })
}

function isBotId(bot: string | undefined): bot is string {
  return bot !== undefined && bot !== 'none'
}

/** The list has those of the whole installation, too. @throws {CrmError} `not_found`. */
async function requireBot(client: Client, bot: string): Promise<void> {
  if ((await client.listBots()).some(({ id }) => id === bot)) return
  throw new CrmError('not_found', `the agent bot ${bot} does not exist`, { hint: 'see them with: crm chatwoot bots list' })
}

/** Deletes an inbox that its bot cannot serve, also when the command was cancelled. @returns what to say of it. */
async function takeBack(
  { http }: InventoryDeps,
  { connection }: Client,
  { inboxId, bot, error }: { readonly inboxId: string; readonly bot: string; readonly error: unknown },
): Promise<unknown> {
  if (!(error instanceof CrmError)) return error
  const client = undoClient({ http, connection, limits: DEMO_LIMITS }, true)
  const obstacle = await attempt(DEMO_LIMITS, () => client.write(writes.deleteInbox(connection.accountId, inboxId)))
  if (obstacle !== undefined) {
    return new CrmError('partial', `the inbox ${inboxId} was made, and the bot ${bot} does not serve it`, {
      reason: `${error.message}; the inbox could not be taken back: ${obstacle.message}`,
      hint: `delete it with: crm chatwoot inboxes delete ${inboxId} --yes`,
      cause: error,
    })
  }
  if (error.code === 'cancelled') return error
  return new CrmError(error.code, `the bot ${bot} cannot serve a new inbox, which was taken back`, {
    reason: error.message,
    retryable: error.retryable,
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}

function greetingOf(greeting: string | undefined): Given {
  return greeting === undefined ? {} : { greetingEnabled: true, greeting }
}

/** Changes the settings named of an inbox. */
export async function updateInbox(deps: InventoryDeps, id: string, given: Given): Promise<InboxItem> {
  const { bot, greeting, ...rest } = await readGiven('inbox', given)
  const changes = changesOf({ ...rest, ...greetingOf(greeting) })
  const { needsChannel, refuseOtherChannels } = await import('./inventory-input.ts')
  return inAccount(deps, async (client, account) => {
    if (needsChannel(rest)) refuseOtherChannels(rest, (await client.getInbox(id)).channel)
    if (isBotId(bot)) await requireBot(client, bot)
    if (bot !== undefined) await client.write(writes.setBot(account, id, bot === 'none' ? null : bot))
    const inbox =
      changes.length === 0 ? await client.getInbox(id) : await client.writeInbox(writes.updateInbox(account, id, inboxBody(changes)))
    return inboxItem(inbox)
  })
}

/** All agent bots that the account may use, those of the whole installation included, by name. */
export function listBots(deps: InventoryDeps): Promise<readonly BotItem[]> {
  return inAccount(deps, async (client) => (await client.listBots()).map(botItem).toSorted(byName))
}

/** Makes an agent bot. Its secrets come with the answer, and are shown this once. */
export async function createBot(deps: InventoryDeps, given: Given): Promise<NewBotAnswer> {
  const { url: outgoingUrl, ...rest } = await readGiven('new bot', given)
  const body = botBody(changesOf({ ...rest, outgoingUrl }))
  return inAccount(deps, async (client, account) => {
    const bot = await client.writeBot(writes.createBot(account, body))
    return { bot: botItem(bot), secrets: { accessToken: bot.accessToken?.reveal() ?? null, secret: bot.secret?.reveal() ?? null } }
  })
}

/** Changes the settings named of an agent bot. */
export async function updateBot(deps: InventoryDeps, id: string, given: Given): Promise<BotItem> {
  const { url: outgoingUrl, ...rest } = await readGiven('bot', given)
  const body = botBody(changesOf({ ...rest, outgoingUrl }))
  return inAccount(deps, async (client, account) => botItem(await client.writeBot(writes.updateBot(account, id, body))))
}

/** All webhooks of the account, by id. */
export function listWebhooks(deps: InventoryDeps): Promise<readonly WebhookItem[]> {
  return inAccount(deps, async (client) =>
    (await client.listWebhooks()).map(webhookItem).toSorted((left, right) => Number(left.id) - Number(right.id)),
  )
}

/** Makes a webhook of the account. Its secret comes with the answer, and is shown this once. */
export async function createWebhook(deps: InventoryDeps, given: Given): Promise<NewWebhookAnswer> {
  const body = webhookSettings(await readGiven('new webhook', given))
  return inAccount(deps, async (client, account) => {
    const webhook = await client.writeWebhook(writes.createWebhook(account, body))
    return { webhook: webhookItem(webhook), secret: webhook.secret?.reveal() ?? null }
  })
}

/** Changes the settings named of a webhook. */
export async function updateWebhook(deps: InventoryDeps, id: string, given: Given): Promise<WebhookItem> {
  const body = webhookSettings(await readGiven('webhook', given))
  return inAccount(deps, async (client, account) => webhookItem(await client.writeWebhook(writes.updateWebhook(account, id, body))))
}

function webhookSettings({ name, url, events }: { name?: string | undefined; url?: string | undefined; events?: string[] | undefined }) {
  return {
    ...(url === undefined ? {} : { url }),
    ...(name === undefined ? {} : { name }),
    ...(events === undefined ? {} : { subscriptions: events }),
  }
}

/** Something that can be deleted. */
export type Deletable = 'inbox' | 'bot' | 'webhook'

/** What is about to be deleted, for the question before it. */
export interface Doomed {
  readonly id: string
  readonly name: string
  /** The demo that it is a part of; such objects go with `demo-remove`, unless somebody insists. */
  readonly demo: string | null
}

/** Looks at what is to be deleted. @throws {CrmError} `not_found`; `conflict` for a part of a demo, unless `force`. */
export function findDoomed(deps: InventoryDeps, kind: Deletable, id: string, force: boolean): Promise<Doomed> {
  return inAccount(deps, async (client) => {
    const found = await lookUp(client, kind, id)
    if (found.demo === null || force) return found
    throw new CrmError('conflict', `the ${kind} ${id} is a part of the demo ${found.demo}`, {
      hint: `remove the demo with: crm demo-remove ${found.demo}`,
      reason: '--force deletes this part alone',
    })
  })
}

async function lookUp(client: Client, kind: Deletable, id: string): Promise<Doomed> {
  if (kind === 'inbox') return doomed(inboxItem(await client.getInbox(id)))
  if (kind === 'bot') return doomed(botItem(await client.getBot(id)))
  // There is no call for a single webhook.
  const webhook = (await client.listWebhooks()).find((one) => one.id === id)
  if (webhook === undefined)
    throw new CrmError('not_found', `the webhook ${id} does not exist`, { hint: 'see them with: crm chatwoot webhooks list' })
  const { name, url, demo } = webhookItem(webhook)
  return { id, name: name ?? url, demo }
}

function doomed({ id, name, demo }: InboxItem | BotItem): Doomed {
  return { id, name, demo }
}

const DELETIONS: Readonly<Record<Deletable, (account: string, id: string) => WriteRequest>> = {
  inbox: writes.deleteInbox,
  bot: writes.deleteBot,
  webhook: writes.deleteWebhook,
}

/** Deletes an object. @returns whether the server still deletes it in the background, as it does with inboxes since 2.16. */
export function deleteObject(deps: InventoryDeps, kind: Deletable, id: string): Promise<boolean> {
  return inAccount(deps, async (client, account) => {
    await client.write(DELETIONS[kind](account, id))
    if (kind !== 'inbox') return false
    return client.getInbox(id).then(
      () => true,
      () => false,
    )
  })
}
