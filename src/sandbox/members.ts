import { type AccountCall, accountInbox, inAccount, requireAdministrator, visibleInbox } from './access.ts'
import { agentView } from './agent-view.ts'
import { asId } from './input.ts'
import type { Inbox } from './records.ts'
import { crash, empty, invalid, json, type Reply } from './reply.ts'
import type { Route } from './route.ts'

/** Agents of an account, and which inboxes they work in (contract, section 8). */
export const memberRoutes: readonly Route[] = [
  inAccount('GET', '/agents', listAgents),
  inAccount('GET', '/inbox_members/:iid', (call) => memberList(call, visibleInbox(call, call.params.iid))),
  inAccount('POST', '/inbox_members', addMembers),
  inAccount('PATCH', '/inbox_members', replaceMembers),
  inAccount('DELETE', '/inbox_members', removeMembers),
]

function listAgents(call: AccountCall): Reply {
  const inAccountToo = call.world.state.users.filter((user) => user.memberships.some((place) => place.accountId === call.account.id))
  return json(inAccountToo.map((user) => agentView(call.world, user, call.account.id)))
}

function memberList(call: AccountCall, inbox: Inbox): Reply {
  const members = call.world.state.users.filter((user) => inbox.members.has(user.id))
  return json({ payload: members.map((user) => agentView(call.world, user, call.account.id)) })
}

/** Looks the inbox up first, then the role: an agent gets 404 for one that does not exist. */
function administeredInbox(call: AccountCall): Inbox {
  const inbox = accountInbox(call, call.body.inbox_id)
  requireAdministrator(call)
  return inbox
}

function idsOf(call: AccountCall): readonly number[] {
  if (!Array.isArray(call.body.user_ids)) throw crash()
  return call.body.user_ids.map((id) => asId(id) ?? 0)
}

/** The same, where each must be somebody's. */
function usersOf(call: AccountCall): readonly number[] {
  const ids = idsOf(call)
  if (ids.some((id) => call.world.state.users.get(id) === undefined)) throw invalid([{ attribute: 'user', says: 'must exist' }])
  return ids
}

function addMembers(call: AccountCall): Reply {
  const inbox = administeredInbox(call)
  for (const id of usersOf(call)) inbox.members.add(id)
  return memberList(call, inbox)
}

function replaceMembers(call: AccountCall): Reply {
  const inbox = administeredInbox(call)
  const ids = usersOf(call)
  inbox.members.clear()
  for (const id of ids) inbox.members.add(id)
  return memberList(call, inbox)
}

function removeMembers(call: AccountCall): Reply {
  const inbox = administeredInbox(call)
  for (const id of idsOf(call)) inbox.members.delete(id)
  return empty()
}
