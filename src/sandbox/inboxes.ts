import { type AccountCall, accountInbox, inAccount, maySee, requireAdministrator, visibleInbox } from './access.ts'
import { agentView } from './agent-view.ts'
import { channelInput, channelKind, kindOf } from './channel.ts'
import { changeWorkingHours, checkInbox, defaultWorkingHours, inboxDefaults, inboxInput } from './inbox-columns.ts'
import { inboxView } from './inbox-view.ts'
import { type Input, isObject } from './input.ts'
import type { Account, Inbox } from './records.ts'
import { crash, empty, json, type Reply, refuse, refuseViolations } from './reply.ts'
import type { Route } from './route.ts'
import { randomToken } from './tokens.ts'
import { since, type World } from './world.ts'

/** Inboxes of an account (contract, section 6). */
export const inboxRoutes: readonly Route[] = [
  inAccount('GET', '/inboxes', listInboxes),
  inAccount('POST', '/inboxes', postInbox),
  inAccount('GET', '/inboxes/:iid', (call) => show(call, visibleInbox(call, call.params.iid))),
  inAccount('PATCH', '/inboxes/:iid', patchInbox),
  inAccount('DELETE', '/inboxes/:iid', deleteInbox),
  inAccount('DELETE', '/inboxes/:iid/avatar', (call) => {
    administeredInbox(call)
    return empty()
  }),
  inAccount('POST', '/inboxes/:iid/reset_secret', resetSecret, { since: '4.13' }),
  inAccount('POST', '/inboxes/:iid/rotate_hmac_token', rotateHmacToken, { since: '4.15.2' }),
  inAccount('GET', '/inboxes/:iid/assignable_agents', listAssignableAgents),
]

function show(call: AccountCall, inbox: Inbox): Reply {
  return json(inboxView(call.world, inbox, call.role))
}

/** The inbox of the path, for a write: 404, then 401 for those who may not see it, then 401 for agents. */
function administeredInbox(call: AccountCall): Inbox {
  const inbox = visibleInbox(call, call.params.iid)
  requireAdministrator(call)
  return inbox
}

function listInboxes(call: AccountCall): Reply {
  const nameOf = (inbox: Inbox): string => String(inbox.columns.name).toLowerCase()
  const inboxes = call.world.state.inboxesOf(call.account.id).filter((inbox) => maySee(call, inbox))
  inboxes.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : nameOf(left) > nameOf(right) ? 1 : left.id - right.id))
  return json({ payload: inboxes.map((inbox) => inboxView(call.world, inbox, call.role)) })
}

function postInbox(call: AccountCall): Reply {
  const { world, account } = call
  if (world.state.inboxesOf(account.id).length >= world.settings.inboxLimit) {
    throw refuse(402, 'Account limit exceeded. Upgrade to a higher plan')
  }
  requireAdministrator(call)
  return show(call, createInbox(world, account, call.body))
}

/** Makes an inbox with its channel, in one step; `input` is the body of `POST .../inboxes`. */
export function createInbox(world: World, account: Account, input: Input): Inbox {
  if (!isObject(input.channel)) throw crash()
  const kind = channelKind(input.channel.type)
  const channel = kind === undefined ? {} : { ...kind.defaults(), ...channelInput(world, kind, input.channel) }
  refuseViolations(kind?.check(world, channel) ?? [])
  const columns = { ...inboxDefaults(), ...inboxInput(input) }
  refuseViolations(checkInbox(world, columns, kind?.type))
  const channelType = kind?.type ?? 'Channel::Api'
  return world.state.inboxes.insert((id) => ({
    id,
    accountId: account.id,
    channelId: id,
    channelType,
    columns,
    channel,
    publicToken: randomToken(),
    hmacToken: randomToken(),
    secret: channelType === 'Channel::Api' ? randomToken() : null,
    workingHours: defaultWorkingHours(),
    members: new Set(),
    botId: null,
    deleting: false,
  }))
}

/**
 * Changes an inbox in the three steps of the original, which are not one transaction: the inbox, its hours, its channel.
 * What an earlier step saved stays when a later one is refused.
 */
function patchInbox(call: AccountCall): Reply {
  const { world, body } = call
  const inbox = administeredInbox(call)
  const changes = inboxInput(body)
  refuseViolations(checkInbox(world, { ...inbox.columns, ...changes }, inbox.channelType))
  Object.assign(inbox.columns, changes)
  if (Array.isArray(body.working_hours)) inbox.workingHours = changeWorkingHours(inbox.workingHours, body.working_hours)
  if (isObject(body.channel) && Object.keys(body.channel).length > 0) {
    // The channel's row has no such attribute, so that the original fails without catching it.
    if (Object.hasOwn(body.channel, 'type')) throw crash()
    const kind = kindOf(inbox.channelType)
    const channelChanges = channelInput(world, kind, body.channel)
    refuseViolations(kind.check(world, { ...inbox.channel, ...channelChanges }))
    Object.assign(inbox.channel, channelChanges)
  }
  return show(call, inbox)
}

/** Accepts the deletion and does it later, as background workers do; at once before 2.16. */
function deleteInbox(call: AccountCall): Reply {
  const { world } = call
  const inbox = administeredInbox(call)
  if (!since(world, '2.16')) {
    world.state.removeInbox(inbox.id)
    return empty()
  }
  inbox.deleting = true
  const delay = world.settings.deletionDelayMs
  if (delay !== 'never') world.timers.after(delay, () => world.state.removeInbox(inbox.id))
  return json({ message: 'Your inbox deletion request will be processed in some time.' })
}

function resetSecret(call: AccountCall): Reply {
  const inbox = administeredInbox(call)
  if (inbox.channelType !== 'Channel::Api') return empty(404)
  inbox.secret = randomToken()
  return show(call, inbox)
}

function rotateHmacToken(call: AccountCall): Reply {
  const inbox = administeredInbox(call)
  inbox.hmacToken = randomToken()
  return show(call, inbox)
}

function listAssignableAgents(call: AccountCall): Reply {
  const inbox = accountInbox(call, call.params.iid)
  visibleInbox(call, inbox.id)
  const { users } = call.world.state
  const agents = users.filter((user) => {
    const place = user.memberships.find((membership) => membership.accountId === call.account.id)
    return place !== undefined && (place.role === 'administrator' || inbox.members.has(user.id))
  })
  return json({ payload: agents.map((user) => agentView(call.world, user, call.account.id)) })
}
