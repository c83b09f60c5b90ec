import { asId } from './input.ts'
import type { Contact, ContactInbox, Conversation, Inbox } from './records.ts'
import { notRouted, type Reply } from './reply.ts'
import { type Call, open, type Route } from './route.ts'

/** Who calls the public client API: identifiers in the path take the place of tokens, and what is missing is the framework's 404. */

/** A call at an API inbox that exists. */
export interface InboxCall extends Call {
  readonly inbox: Inbox
}

/** A call of a contact that has a seat there. */
export interface ContactCall extends InboxCall {
  readonly seat: ContactInbox
  readonly contact: Contact
}

/** A call in one of that contact's conversations. */
export interface ConversationCall extends ContactCall {
  readonly conversation: Conversation
}

/** A route at the inbox of an identifier. */
export function onInbox(method: string, path: string, handle: (call: InboxCall) => Reply, release?: string): Route {
  const serve = (call: Call): Reply => {
    const { state } = call.world
    const inbox = state.inboxes.find((row) => row.channelType === 'Channel::Api' && row.publicToken === call.params.identifier)
    if (inbox === undefined) throw notRouted()
    return handle({ ...call, inbox })
  }
  return open(method, `/public/api/v1/inboxes/:identifier${path}`, serve, release === undefined ? {} : { since: release })
}

/** A route at a contact's `source_id`. */
export function onContact(method: string, path: string, handle: (call: ContactCall) => Reply, release?: string): Route {
  const serve = (call: InboxCall): Reply => {
    const seat = seatAt(call, call.params.source)
    const contact = call.world.state.contacts.get(seat?.contactId)
    if (seat === undefined || contact === undefined) throw notRouted()
    return handle({ ...call, seat, contact })
  }
  return onInbox(method, `/contacts/:source${path}`, serve, release)
}

/** A route at a conversation's display id. */
export function onConversation(method: string, path: string, handle: (call: ConversationCall) => Reply, release?: string): Route {
  const serve = (call: ContactCall): Reply => {
    const displayId = asId(call.params.did)
    const conversation = call.world.state.conversations.find((row) => row.contactInboxId === call.seat.id && row.displayId === displayId)
    if (conversation === undefined) throw notRouted()
    return handle({ ...call, conversation })
  }
  return onContact(method, `/conversations/:did${path}`, serve, release)
}

/** The seat of a `source_id` in the call's inbox. */
export function seatAt(call: InboxCall, sourceId: unknown): ContactInbox | undefined {
  return call.world.state.contactInboxes.find((row) => row.inboxId === call.inbox.id && row.sourceId === sourceId)
}
