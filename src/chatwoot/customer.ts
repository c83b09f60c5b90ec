/**
 * A customer of a demo, as Chatwoot sees one: the visitor of a website widget (contract section 13), or a contact of an API inbox
 * (section 14). Neither needs the token of the integration.
 */
import type { JsonObject } from '../core/json.ts'
import type { Http } from '../core/ports.ts'
import { readJson } from '../core/read-json.ts'
import { type Call, type ClientOptions, sendCall } from './client.ts'
import type { Connection } from './connection.ts'
import * as read from './read.ts'

/** Somebody who can write to an inbox. Every call throws `AnswerError` for a refusal and `CrmError` where there was no answer. */
export interface Customer {
  /** Writes a message. @returns the message's id, and that of its conversation, which agents know it by. */
  say(content: string): Promise<{ readonly messageId: string; readonly conversationId: string | null }>
  /** The newest 20 messages that the customer sees, oldest first. */
  hear(): Promise<readonly read.Message[]>
  /** `pending` while the bot has the conversation, `open` once people have it; null where there is none, or this release does not tell. */
  status(): Promise<string | null>
  /** Resolves the conversation. @returns false where this inbox or release does not let customers do that. */
  resolve(): Promise<boolean>
}

/** What a customer talks through. */
export interface CustomerTools {
  readonly http: Http
  readonly connection: Connection
  readonly options: ClientOptions
}

/** What all calls of one customer share. */
type Shared = Pick<Call, 'headers' | 'query'>

function asker({ http, connection, options }: CustomerTools, shared: Shared = {}) {
  const send = (method: Call['method'], path: string, what: string, body?: JsonObject) =>
    sendCall(http, connection, options, { ...shared, method, path, what, withoutToken: true, ...(body === undefined ? {} : { body }) })
  const ask = async (method: Call['method'], path: string, what: string, body?: JsonObject) =>
    readJson(await send(method, path, what, body), { what })
  return { send, ask }
}

const WIDGET = '/api/v1/widget'
/** Where the widget believes to be: an address that belongs to nobody. */
const REFERER = 'https://example.com/'

/** A new visitor of the website that has the widget. @param websiteToken of the inbox; it is public. */
export async function enterWidget(tools: CustomerTools, websiteToken: string): Promise<Customer> {
  const query = { website_token: websiteToken }
  const entrance = await asker(tools, { query }).ask('POST', `${WIDGET}/config`, 'the widget of the inbox', {})
  const { send, ask } = asker(tools, { query, headers: { 'X-Auth-Token': read.readVisitorToken(entrance) } })
  return {
    async say(content) {
      const body = { message: { content, timestamp: '', referer_url: REFERER } }
      const message = read.readMessage(await ask('POST', `${WIDGET}/messages`, 'the message of a visitor', body))
      return { messageId: message.id, conversationId: message.conversationId ?? null }
    },
    hear: async () => read.readMessages(await ask('GET', `${WIDGET}/messages`, 'the messages of the visitor')),
    status: async () =>
      read.readConversation(await ask('GET', `${WIDGET}/conversations`, 'the conversation of the visitor'))?.status ?? null,
    // Yes, a GET: that is how the widget resolves.
    resolve: () => isDone(() => send('GET', `${WIDGET}/conversations/toggle_status`, 'the end of the conversation')),
  }
}

/** A new contact of an API inbox. @param identifier of the inbox; it is public. @param sourceId names the contact; new for each. */
export async function enterApi(tools: CustomerTools, identifier: string, sourceId: string): Promise<Customer> {
  const { send, ask } = asker(tools)
  const inbox = `/public/api/v1/inboxes/${encodeURIComponent(identifier)}`
  const contact = read.readSourceId(await ask('POST', `${inbox}/contacts`, 'the new contact', { source_id: sourceId }))
  const conversations = `${inbox}/contacts/${encodeURIComponent(contact)}/conversations`
  let id: string | undefined
  const inConversation = (path: string): string => `${conversations}/${encodeURIComponent(id ?? '')}${path}`
  return {
    async say(content) {
      id ??= read.readConversation(await ask('POST', conversations, 'the new conversation', {}))?.id
      const message = read.readMessage(await ask('POST', inConversation('/messages'), 'the message of a contact', { content }))
      return { messageId: message.id, conversationId: message.conversationId ?? id ?? null }
    },
    hear: async () => read.readMessages(await ask('GET', inConversation('/messages'), 'the messages of the contact')),
    async status() {
      // Releases before 3.7 do not know the call.
      const answer = await ask('GET', inConversation(''), 'the conversation of the contact').catch(() => undefined)
      return answer === undefined ? null : (read.readConversation(answer)?.status ?? null)
    },
    resolve: () => isDone(() => send('POST', inConversation('/toggle_status'), 'the end of the conversation')),
  }
}

async function isDone(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return true
  } catch {
    return false
  }
}
