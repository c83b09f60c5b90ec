import { forUsers, refuseWithoutPlan, roleIn, type UserCall } from './access.ts'
import { asId } from './input.ts'
import type { Columns, Membership, User } from './records.ts'
import { json, missing, type Reply } from './reply.ts'
import type { Route } from './route.ts'
import { randomToken } from './tokens.ts'
import { after, since, type World } from './world.ts'

/** Who a token belongs to, and the account it is used for (contract, section 5). */
export const profileRoutes: readonly Route[] = [
  forUsers('GET', '/api/v1/profile', (call) => json(profileView(call.world, call.user))),
  forUsers('POST', '/api/v1/profile/reset_access_token', (call) => {
    call.user.accessToken = randomToken()
    return json(profileView(call.world, call.user))
  }),
  forUsers('GET', '/api/v1/accounts/:aid', showAccount),
]

/** Top-level `account_id` and `role` are those of the account the user worked in last, whatever account the client means. */
function profileView(world: World, user: User): Columns {
  const current = lastActive(user)
  return {
    access_token: world.settings.cloudWithoutApi ? '' : user.accessToken,
    account_id: current?.accountId ?? null,
    available_name: user.name,
    avatar_url: '',
    confirmed: true,
    display_name: null,
    message_signature: null,
    email: user.email,
    id: user.id,
    inviter_id: null,
    name: user.name,
    provider: 'email',
    pubsub_token: user.pubsubToken,
    role: current?.role ?? null,
    ui_settings: {},
    uid: user.email,
    ...(since(world, '2.12') ? { type: null } : {}),
    accounts: user.memberships.map((membership) => membershipView(world, membership)),
  }
}

function lastActive(user: User): Membership | undefined {
  return [...user.memberships].sort((left, right) => right.activeAt.localeCompare(left.activeAt))[0]
}

function membershipView(world: World, membership: Membership): Columns {
  const account = world.state.accounts.get(membership.accountId)
  return {
    id: membership.accountId,
    name: account?.name ?? null,
    ...(since(world, '2.8') ? { status: account?.status ?? null } : {}),
    ...(since(world, '4.14') ? { onboarding_step: null } : {}),
    active_at: membership.activeAt,
    role: membership.role,
    ...(since(world, '3.11') ? { permissions: [membership.role] } : {}),
    availability: 'online',
    availability_status: 'online',
    auto_offline: true,
    ...(since(world, '3.13') ? { custom_role_id: null, custom_role: null } : {}),
    ...planKeys(world),
  }
}

/** Later releases say whether an account's plan includes the API; Cloud without it says no. */
function planKeys(world: World): Columns {
  if (world.settings.cloudWithoutApi) return { api_and_webhooks: false }
  return after(world, '4.15.1') ? { api_and_webhooks: true } : {}
}

/**
 * Looks the account up among the user's own, so that an unknown one and a foreign one are the same 404.
 * Does not look at suspension.
 */
function showAccount(call: UserCall): Reply {
  const { world } = call
  const account = world.state.accounts.get(asId(call.params.aid))
  if (account === undefined || roleIn(call.user, account.id) === null) throw missing()
  refuseWithoutPlan(world)
  return json({
    settings: {},
    created_at: account.createdAt,
    domain: null,
    features: { agent_bots: true, channel_website: true, inbox_management: true, integrations: true },
    id: account.id,
    locale: 'en',
    name: account.name,
    support_email: 'sandbox@example.com',
    status: account.status,
    cache_keys: { label: '0000000000', inbox: String(Math.floor(world.clock() / 1_000)), team: '0000000000' },
    latest_chatwoot_version: world.settings.versionText,
    subscribed_features: [],
  })
}
