import { randomUUID } from 'node:crypto'
import { createContact, createSeat } from './contacts.ts'
import type { Contact, ContactInbox, Conversation, Inbox } from './records.ts'
import { missing, type Reply, refuse } from './reply.ts'
import { type Call, open, type Route } from './route.ts'
import { issueVisitorToken, readVisitorToken } from './visitor-token.ts'

/** A call of a visitor whose tokens have been accepted. */
export interface WidgetCall extends Call {
  readonly inbox: Inbox
  readonly seat: ContactInbox
  readonly contact: Contact
  /** The visitor's latest conversation. */
  readonly conversation: Conversation | undefined
}

/** A route of the widget: 404 for an unknown inbox, and for a visitor's token that is missing or not of this inbox. */
export function inWidget(method: string, path: string, handle: (call: WidgetCall) => Reply): Route {
  return open(method, `/api/v1/widget${path}`, (call) => {
    const inbox = widgetInbox(call)
    const seat = seatOf(call, inbox, call.headers['x-auth-token'])
    const contact = call.world.state.contacts.get(seat?.contactId)
    if (seat === undefined || contact === undefined) throw missing()
    const conversation = call.world.state.conversations.filter((row) => row.contactInboxId === seat.id).at(-1)
    return handle({ ...call, inbox, seat, contact, conversation })
  })
}

/** The inbox of `website_token`: 404 for none, 401 when its account is suspended. */
export function widgetInbox(call: Call): Inbox {
  const { state } = call.world
  const inbox = inboxByToken(call)
  if (inbox === undefined) throw missing()
  if (state.accounts.get(inbox.accountId)?.status === 'suspended') throw refuse(401, 'Account is suspended')
  return inbox
}

/** The web widget inbox of `website_token`, in the query or the body. */
export function inboxByToken(call: Call): Inbox | undefined {
  const token = call.query.get('website_token') ?? call.body.website_token
  return call.world.state.inboxes.find((row) => row.channelType === 'Channel::WebWidget' && row.publicToken === token)
}

function seatOf(call: Call, inbox: Inbox, token: unknown): ContactInbox | undefined {
  const { world } = call
  const visitor = typeof token === 'string' ? readVisitorToken(world.visitorKey, token, world.clock()) : undefined
  if (visitor?.inboxId !== inbox.id) return undefined
  return world.state.contactInboxes.find((row) => row.inboxId === inbox.id && row.sourceId === visitor.sourceId)
}

/** The visitor of a token, or a new one. */
export function enter(call: Call, inbox: Inbox, token: unknown): { readonly seat: ContactInbox; readonly token: string } {
  const { world } = call
  const seat = seatOf(call, inbox, token) ?? createSeat(world, inbox, createContact(world, inbox.accountId, {}), randomUUID())
  return { seat, token: issueVisitorToken(world.visitorKey, { sourceId: seat.sourceId, inboxId: inbox.id }, world.clock()) }
}
