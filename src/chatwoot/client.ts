/**
 * Chatwoot's HTTP API as far as `crm` uses it (contract sections 4 to 9). Every call throws `AnswerError` for an answer that is not a
 * success, and `CrmError` where there was no answer or one that cannot be read.
 */
import type { Json, JsonObject } from '../core/json.ts'
import type { Http, HttpMethod, HttpResponse } from '../core/ports.ts'
import { mediaType, readJson } from '../core/read-json.ts'
import type { Secret } from '../core/secret.ts'
import { adviseOnRedirect, describeAnswer, refusalOf } from './answers.ts'
import type { Connection } from './connection.ts'
import * as read from './read.ts'

/** How the calls of a client are sent. */
export interface ClientOptions {
  readonly signal: AbortSignal
  /** Limit of one request in milliseconds; the network client's own where it is left out. */
  readonly timeoutMs?: number
}

/** The calls. Ids are text. */
export interface Client {
  readonly connection: Connection
  /** `GET /api`, without token. */
  serverInfo(): Promise<read.ServerInfo>
  profile(): Promise<read.Profile>
  /** The name of the account. */
  accountName(): Promise<string | null>
  /** The account's webhooks, which administrators alone may read. */
  listWebhooks(): Promise<readonly read.AccountWebhook[]>
  listInboxes(): Promise<readonly read.Inbox[]>
  getInbox(id: string): Promise<read.Inbox>
  listBots(): Promise<readonly read.AgentBot[]>
  getBot(id: string): Promise<read.AgentBot>
  /** The id of the bot that serves an inbox, or null. */
  linkedBotId(inboxId: string): Promise<string | null>
  listAgents(): Promise<readonly read.Agent[]>
  listMembers(inboxId: string): Promise<readonly read.Agent[]>
  /** The newest messages of a conversation as its agents see them: private notes and activity lines included. */
  listMessages(conversationId: string): Promise<readonly read.Message[]>
  /** Sends a write of {@link writes} whose answer does not matter, or has no body. */
  write(request: WriteRequest): Promise<void>
  /** Sends a write whose answer is the inbox as it is then. */
  writeInbox(request: WriteRequest): Promise<read.Inbox>
  /** Sends a write whose answer is the agent bot as it is then. */
  writeBot(request: WriteRequest): Promise<read.AgentBot>
  /** Sends a write whose answer is the webhook as it is then. */
  writeWebhook(request: WriteRequest): Promise<read.AccountWebhook>
}

/** A write as it goes out: what the journal's digest is made of. */
export interface WriteRequest {
  readonly method: Exclude<HttpMethod, 'GET' | 'HEAD'>
  /** From the root of the server: `/api/v1/accounts/3/inboxes`. */
  readonly path: string
  readonly body: JsonObject | null
  /** The object in a sentence. */
  readonly what: string
}

/** The writes, as values. */
export const writes = {
  createInbox: (account: string, body: JsonObject): WriteRequest => ({
    method: 'POST',
    path: inAccount(account, 'inboxes'),
    body,
    what: 'the new inbox',
  }),
  updateInbox: (account: string, id: string, body: JsonObject): WriteRequest => ({
    method: 'PATCH',
    path: inAccount(account, 'inboxes', id),
    body,
    what: `the inbox ${id}`,
  }),
  deleteInbox: (account: string, id: string): WriteRequest => ({
    method: 'DELETE',
    path: inAccount(account, 'inboxes', id),
    body: null,
    what: `the inbox ${id}`,
  }),
  createBot: (account: string, body: JsonObject): WriteRequest => ({
    method: 'POST',
    path: inAccount(account, 'agent_bots'),
    body,
    what: 'the new agent bot',
  }),
  updateBot: (account: string, id: string, body: JsonObject): WriteRequest => ({
    method: 'PATCH',
    path: inAccount(account, 'agent_bots', id),
    body,
    what: `the agent bot ${id}`,
  }),
  deleteBot: (account: string, id: string): WriteRequest => ({
    method: 'DELETE',
    path: inAccount(account, 'agent_bots', id),
    body: null,
    what: `the agent bot ${id}`,
  }),
  createWebhook: (account: string, body: JsonObject): WriteRequest => ({
    method: 'POST',
    path: inAccount(account, 'webhooks'),
    body: { webhook: body },
    what: 'the new webhook',
  }),
  updateWebhook: (account: string, id: string, body: JsonObject): WriteRequest => ({
    method: 'PATCH',
    path: inAccount(account, 'webhooks', id),
    body: { webhook: body },
    what: `the webhook ${id}`,
  }),
  deleteWebhook: (account: string, id: string): WriteRequest => ({
    method: 'DELETE',
    path: inAccount(account, 'webhooks', id),
    body: null,
    what: `the webhook ${id}`,
  }),
  /** Lets a bot serve an inbox; null takes the bot away, as a misspelt key would do silently (contract section 7.2). */
  setBot: (account: string, inboxId: string, botId: string | null): WriteRequest => ({
    method: 'POST',
    path: inAccount(account, 'inboxes', inboxId, 'set_agent_bot'),
    body: { agent_bot: botId === null ? null : Number(botId) },
    what: `the bot of the inbox ${inboxId}`,
  }),
  /** What a bot says, with its own token: everything but the content at its defaults (contract section 12). */
  sendMessage: (account: string, conversationId: string, content: string): WriteRequest => ({
    method: 'POST',
    path: inAccount(account, 'conversations', conversationId, 'messages'),
    body: { content, message_type: 'outgoing', private: false },
    what: `a message in the conversation ${conversationId}`,
  }),
  addMembers: (account: string, inboxId: string, agentIds: readonly string[]): WriteRequest => members('POST', account, inboxId, agentIds),
  removeMembers: (account: string, inboxId: string, agentIds: readonly string[]): WriteRequest =>
    members('DELETE', account, inboxId, agentIds),
} as const

function members(method: 'POST' | 'DELETE', account: string, inboxId: string, agentIds: readonly string[]): WriteRequest {
  const body = { inbox_id: Number(inboxId), user_ids: agentIds.map(Number) }
  return { method, path: inAccount(account, 'inbox_members'), body, what: `the members of the inbox ${inboxId}` }
}

function inAccount(accountId: string, ...segments: readonly string[]): string {
  return `/api/v1/accounts/${[accountId, ...segments].map(encodeURIComponent).join('/')}`
}

/** A client for one account. It keeps no state: two clients of the same connection may be used at once. */
export function createClient(http: Http, connection: Connection, options: ClientOptions): Client {
  const account = connection.accountId
  const send = (call: Call) => sendCall(http, connection, options, call)
  const get = async <T>(path: string, what: string, reader: (json: Json) => T): Promise<T> =>
    reader(readJson(await send({ method: 'GET', path, what }), { what }))
  return {
    connection,
    serverInfo: async () => {
      const what = 'the version of the server'
      const response = await send({ method: 'GET', path: '/api', what, withoutToken: true, proves: true })
      const info = looksLikeJson(response) ? read.readServerInfo(readJson(response, { what })) : undefined
      if (info === undefined) throw describeAnswer('not_chatwoot', response, { what, connection })
      return info
    },
    profile: () => get('/api/v1/profile', 'the profile', read.readProfile),
    accountName: () => get(inAccount(account), `the account ${account}`, read.readAccountName),
    listWebhooks: () => get(inAccount(account, 'webhooks'), 'the list of webhooks', read.readWebhooks),
    listInboxes: () => get(inAccount(account, 'inboxes'), 'the list of inboxes', read.readInboxes),
    getInbox: (id) => get(inAccount(account, 'inboxes', id), `the inbox ${id}`, read.readInbox),
    listBots: () => get(inAccount(account, 'agent_bots'), 'the list of agent bots', read.readBots),
    getBot: (id) => get(inAccount(account, 'agent_bots', id), `the agent bot ${id}`, read.readBot),
    linkedBotId: (id) => get(inAccount(account, 'inboxes', id, 'agent_bot'), `the bot of the inbox ${id}`, read.readLinkedBotId),
    listAgents: () => get(inAccount(account, 'agents'), 'the list of agents', read.readAgents),
    listMessages: (id) =>
      get(inAccount(account, 'conversations', id, 'messages'), `the messages of the conversation ${id}`, read.readMessages),
    listMembers: (id) => get(inAccount(account, 'inbox_members', id), `the members of the inbox ${id}`, read.readMembers),
    write: async (request) => void (await send(request)),
    writeInbox: async (request) => read.readInbox(readJson(await send(request), request)),
    writeBot: async (request) => read.readBot(readJson(await send(request), request)),
    writeWebhook: async (request) => read.readWebhook(readJson(await send(request), request)),
  }
}

/** Whether an answer claims to be JSON; anything else at `/api` is another product (contract section 1.2). */
function looksLikeJson(response: HttpResponse): boolean {
  return mediaType(response).endsWith('json') && response.body.length > 0
}

/** One call, as {@link sendCall} takes it. */
export interface Call {
  readonly method: HttpMethod
  readonly path: string
  readonly what: string
  readonly body?: JsonObject | null
  readonly withoutToken?: true
  readonly headers?: Readonly<Record<string, Secret>>
  readonly query?: Readonly<Record<string, string>>
  /** Whether a 404 means that the server is no Chatwoot. */
  readonly proves?: true
}

/** Sends one call and returns its answer if that is a success. @throws {CrmError} `AnswerError` for every other answer. */
export async function sendCall(http: Http, connection: Connection, options: ClientOptions, call: Call): Promise<HttpResponse> {
  const base = new URL(connection.baseUrl)
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/$/, '')}${call.path}`
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  const body = call.body ?? undefined
  const response = await http({
    method: call.method,
    url,
    origin: base.origin,
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    headers: {
      accept: 'application/json',
      // With hyphens: proxies drop the spelling with underscores (contract section 2.1).
      ...(call.withoutToken ? {} : { 'Api-Access-Token': connection.apiKey }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: options.signal,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  }).catch((error: unknown) => {
    throw adviseOnRedirect(error, connection)
  })
  if (call.proves === true && response.status === 404) throw describeAnswer('not_chatwoot', response, { what: call.what, connection })
  const refusal = refusalOf(response, { what: call.what, connection })
  if (refusal !== undefined) throw refusal
  return response
}
