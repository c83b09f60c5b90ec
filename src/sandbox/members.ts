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
  inAccount('POST', '/inbox_members', (call) => changeMembers(call, (members, ids) => add(members, ids))),
  inAccount('PATCH', '/inbox_members', (call) => changeMembers(call, replace)),
  inAccount('DELETE', '/inbox_members', (call) => {
    changeMembers(call, remove)
    return empty()
  }),
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
function changeMembers(call: AccountCall, change: (members: Set<number>, ids: readonly number[]) => void): Reply {
  const inbox = accountInbox(call, call.body.inbox_id)
  requireAdministrator(call)
  if (!Array.isArray(call.body.user_ids)) throw crash()
  const ids = call.body.user_ids.map((id) => asId(id) ?? 0)
  const isRemoval = change === remove
  if (!isRemoval && ids.some((id) => call.world.state.users.get(id) === undefined)) {
    throw invalid([{ attribute: 'user', says: 'must exist' }])
  }
  change(inbox.members, ids)
  return memberList(call, inbox)
}

function add(members: Set<number>, ids: readonly number[]): void {
  for (const id of ids) members.add(id)
}

function replace(members: Set<number>, ids: readonly number[]): void {
  members.clear()
  add(members, ids)
}

function remove(members: Set<number>, ids: readonly number[]): void {
  for (const id of ids) members.delete(id)
}
