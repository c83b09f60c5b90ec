import { createBot } from './bots.ts'
import { createInbox } from './inboxes.ts'
import type { Account, Inbox, Membership, User } from './records.ts'
import { randomToken } from './tokens.ts'
import { isoNow, type World } from './world.ts'

/** What every sandbox starts with. */
export interface Fixtures {
  /** Two active accounts. */
  readonly accounts: readonly Account[]
  readonly suspendedAccount: Account
  /** Administrator of all three accounts; worked in the second one last. */
  readonly administrator: User
  /** Agent of the first account and member of its inbox; administrator of the suspended one, where they worked last. Has no place in the second. */
  readonly agent: User
  /** Id and token of a bot of the whole installation. */
  readonly systemBot: { readonly id: number; readonly accessToken: string }
  readonly platformToken: string
  /** One web widget inbox per active account that nobody but the sandbox made. */
  readonly foreignInboxes: readonly Inbox[]
}

/** Fills an empty state. Every name says that it is a sandbox's. */
export function seed(world: World): Fixtures {
  const first = addAccount(world, 'Sandbox One', 'active')
  const second = addAccount(world, 'Sandbox Two', 'active')
  const suspended = addAccount(world, 'Sandbox Suspended', 'suspended')
  const member = (account: Account, role: Membership['role'], hour: number): Membership => {
    return { accountId: account.id, role, activeAt: `2026-06-17T${String(hour).padStart(2, '0')}:00:00.000Z` }
  }
  const administrator = addUser(world, 'Ada Sandbox', 'ada@sandbox.example', [
    member(first, 'administrator', 8),
    member(second, 'administrator', 10),
    member(suspended, 'administrator', 6),
  ])
  const agent = addUser(world, 'Ben Sandbox', 'ben@sandbox.example', [member(first, 'agent', 7), member(suspended, 'administrator', 9)])
  const bot = createBot(world, null, { name: 'Sandbox system bot', description: 'Belongs to the whole installation', outgoing_url: '' })
  const app = world.state.platformApps.insert((id) => ({ id, accessToken: randomToken(), botIds: new Set() }))
  const foreignInboxes = [first, second].map((account) =>
    createInbox(world, account, {
      name: `${account.name} reception`,
      channel: { type: 'web_widget', website_url: 'https://sandbox.example' },
    }),
  )
  foreignInboxes[0]?.members.add(agent.id)
  return {
    accounts: [first, second],
    suspendedAccount: suspended,
    administrator,
    agent,
    systemBot: { id: bot.id, accessToken: bot.accessToken },
    platformToken: app.accessToken,
    foreignInboxes,
  }
}

function addAccount(world: World, name: string, status: Account['status']): Account {
  return world.state.accounts.insert((id) => ({ id, name, status, createdAt: isoNow(world), lastDisplayId: 0 }))
}

function addUser(world: World, name: string, email: string, memberships: readonly Membership[]): User {
  return world.state.users.insert((id) => ({ id, name, email, accessToken: randomToken(), pubsubToken: randomToken(), memberships }))
}
