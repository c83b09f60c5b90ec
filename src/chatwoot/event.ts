/** What Chatwoot delivers to bots and webhooks (contract section 11.3), as far as it is shown. Reads what anybody may have sent. */
import type { Json } from '../core/json.ts'
import { readJson } from '../core/read-json.ts'

/** An event. Texts come from outside: print them through the sanitiser only. */
export interface ChatwootEvent {
  /** `message_created`; `unknown` for what is no event of Chatwoot. */
  readonly name: string
  /** `incoming`, `outgoing`, `template`; null for other events. */
  readonly messageType: string | null
  readonly messageId: string | null
  readonly content: string | null
  readonly isPrivate: boolean
  /** The display id, by which API and dashboard know it. */
  readonly conversationId: string | null
  readonly inboxName: string | null
}

const NOTHING: ChatwootEvent = {
  name: 'unknown',
  messageType: null,
  messageId: null,
  content: null,
  isPrivate: false,
  conversationId: null,
  inboxName: null,
}

/** Reads a delivery's body; never throws. */
export function readEvent(body: Buffer): ChatwootEvent {
  const record = recordOf(parsed(body))
  if (record === undefined || typeof record.event !== 'string' || !/^[a-z_.]{1,60}$/.test(record.event)) return NOTHING
  const isMessage = record.event.startsWith('message_')
  const conversation = recordOf(record.conversation)
  return {
    name: record.event,
    messageType: isMessage ? textOf(record.message_type) : null,
    messageId: isMessage ? idOf(record.id) : null,
    content: isMessage ? textOf(record.content) : null,
    isPrivate: record.private === true,
    conversationId:
      conversation === undefined ? (record.event.startsWith('conversation_') ? idOf(record.id) : null) : idOf(conversation.id),
    inboxName: textOf(recordOf(record.inbox)?.name),
  }
}

function parsed(body: Buffer): Json {
  try {
    return readJson({ status: 200, headers: { 'content-type': 'application/json' }, body, latencyMs: 0 }, { what: 'the delivery' })
  } catch {
    return null
  }
}

function recordOf(json: Json | undefined): { readonly [key: string]: Json } | undefined {
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as { readonly [key: string]: Json }) : undefined
}

function textOf(json: Json | undefined): string | null {
  return typeof json === 'string' ? json : null
}

function idOf(json: Json | undefined): string | null {
  return typeof json === 'number' || typeof json === 'string' ? String(json) : null
}
