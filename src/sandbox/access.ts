import { asId } from './input.ts'
import type { Account, AgentBot, Inbox, Role, User } from './records.ts'
import { forbidden, json, missing, Refusal, type Reply, refuse } from './reply.ts'
import { type Call, type Route, verbs } from './route.ts'
import { since, type World } from './world.ts'

/** Who sent a token. */
export type Caller = { readonly kind: 'user'; readonly user: User } | { readonly kind: 'bot'; readonly bot: AgentBot }

/** A call with a user's token, outside of any account. */
export interface UserCall extends Call {
  readonly user: User
}

/** A call inside an account that its sender may enter. */
export interface AccountCall extends Call {
  readonly account: Account
  readonly caller: Caller
  /** A bot's role is none: it passes no check that asks for one. */
  readonly role: Role | null
}

/** The token of a request, undefined for none; `api_access_token` and `Api-Access-Token` are one header to Chatwoot, unless a proxy drops underscores. */
export function tokenOf(call: Call): string | undefined {
  const { headers } = call
  const underscored = call.world.settings.dropUnderscoreHeaders ? undefined : headers.api_access_token
  const token = headers['api-access-token'] ?? underscored
  const text = Array.isArray(token) ? token.join(', ') : token
  return text === undefined || text.trim() === '' ? undefined : text
}

/** Checks 3 to 5 of section 2.2: a token, a known one, and not a bot's or platform app's where those are refused. */
function authenticate(call: Call, botsMayEnter: boolean): Caller {
  const { state } = call.world
  const token = tokenOf(call)
  if (token === undefined || token.trim() === '')
    throw new Refusal(json({ errors: ['You need to sign in or sign up before continuing.'] }, 401))
  const user = state.users.find((row) => row.accessToken === token)
  if (user !== undefined) return { kind: 'user', user }
  const bot = state.bots.find((row) => row.accessToken === token)
  const app = state.platformApps.find((row) => row.accessToken === token)
  if (bot === undefined && app === undefined) throw refuse(401, 'Invalid Access Token')
  if (bot === undefined || !botsMayEnter) throw refuse(401, 'Access to this endpoint is not authorized for bots')
  return { kind: 'bot', bot }
}

/** Checks 6 to 9: the account exists, is active, is open to the caller, and has API access. */
function enterAccount(call: Call, caller: Caller): { account: Account; role: Role | null } {
  const { world } = call
  const account = world.state.accounts.get(asId(call.params.aid))
  if (account === undefined) throw missing()
  if (account.status === 'suspended') throw refuse(401, 'Account is suspended')
  const role = caller.kind === 'user' ? roleIn(caller.user, account.id) : null
  if (caller.kind === 'user' && role === null) throw refuse(401, 'You are not authorized to access this account')
  if (caller.kind === 'bot' && !botBelongs(world, caller.bot, account.id)) throw refuse(401, 'Bot is not authorized to access this account')
  refuseWithoutPlan(world)
  return { account, role }
}

/** 403 of a Cloud plan without API access. */
export function refuseWithoutPlan(world: World): void {
  if (world.settings.cloudWithoutApi) throw refuse(403, 'API access is not enabled for this account')
}

/** A user's role in an account, null for none. */
export function roleIn(user: User, accountId: number): Role | null {
  return user.memberships.find((membership) => membership.accountId === accountId)?.role ?? null
}

/** A bot reaches the accounts it is attached in, and since 4.8 the one that owns it. */
function botBelongs(world: World, bot: AgentBot, accountId: number): boolean {
  if (since(world, '4.8') && bot.accountId === accountId) return true
  return world.state.inboxesOf(accountId).some((inbox) => inbox.botId === bot.id)
}

/** A route for users with a token, whatever their accounts. */
export function forUsers(method: string, path: string, handle: (call: UserCall) => Reply): Route {
  return {
    methods: verbs(method),
    path,
    handle: (call) => {
      const caller = authenticate(call, false)
      if (caller.kind === 'bot') throw refuse(401, 'Access to this endpoint is not authorized for bots')
      return handle({ ...call, user: caller.user })
    },
  }
}

/** Who may use an account's route, and since when. */
export interface AccountRouteOptions {
  /** The release that brought the route. */
  readonly since?: string
  /** The release since which bots may call it with their own token; without it they are refused. */
  readonly botsSince?: string
}

/** A route below `/api/v1/accounts/:aid`. */
export function inAccount(method: string, path: string, handle: (call: AccountCall) => Reply, options: AccountRouteOptions = {}): Route {
  return {
    methods: verbs(method),
    path: `/api/v1/accounts/:aid${path}`,
    ...(options.since === undefined ? {} : { since: options.since }),
    handle: (call) => {
      const caller = authenticate(call, options.botsSince !== undefined && since(call.world, options.botsSince))
      return handle({ ...call, caller, ...enterAccount(call, caller) })
    },
  }
}

/** 401 unless the caller is an administrator of the account. */
export function requireAdministrator(call: AccountCall): void {
  if (call.role !== 'administrator') throw forbidden()
}

/** Whether the caller may see an inbox: administrators every one, agents those they are members of. */
export function maySee(call: AccountCall, inbox: Inbox): boolean {
  return call.role === 'administrator' || (call.caller.kind === 'user' && inbox.members.has(call.caller.user.id))
}

/** The inbox of the path or of the body: 404 when the account has none of this id, 401 when the caller may not see it. */
export function visibleInbox(call: AccountCall, id: unknown): Inbox {
  const inbox = accountInbox(call, id)
  if (!maySee(call, inbox)) throw forbidden()
  return inbox
}

/** The inbox of this id in the account, 404 for none. */
export function accountInbox(call: AccountCall, id: unknown): Inbox {
  const inbox = call.world.state.inboxes.get(asId(id))
  if (inbox === undefined || inbox.accountId !== call.account.id) throw missing()
  return inbox
}
