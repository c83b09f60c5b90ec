import { type AccountCall, inAccount, requireAdministrator } from './access.ts'
import { botView } from './bot-view.ts'
import { asId, asObject, asText, type Cast, type Input, isBlank, permit, tooLong } from './input.ts'
import type { AgentBot, Columns } from './records.ts'
import { crash, empty, json, missing, type Reply, refuseViolations } from './reply.ts'
import type { Route } from './route.ts'
import { randomToken } from './tokens.ts'
import { compare } from './version.ts'
import { isoNow, since, type World } from './world.ts'

/** Agent bots of an account (contract, section 9). */
export const botRoutes: readonly Route[] = [
  botRoute('GET', '', (call) => json(call.world.state.botsOf(call.account.id).map((bot) => botView(call.world, bot, call.role)))),
  botRoute('POST', '', postBot),
  botRoute('GET', '/:bid', (call) => show(call, readableBot(call))),
  botRoute('PATCH', '/:bid', patchBot),
  botRoute('DELETE', '/:bid', deleteBot),
  botRoute('DELETE', '/:bid/avatar', (call) => show(call, ownedBot(call)), '3.4'),
  botRoute('POST', '/:bid/reset_access_token', resetAccessToken, '4.3'),
  botRoute('POST', '/:bid/reset_secret', resetSecret, '4.13'),
]

/** A route on bots: in 4.16.0 every one of them fails once the token has been accepted (chatwoot#15088). */
function botRoute(method: string, path: string, handle: (call: AccountCall) => Reply, release?: string): Route {
  const guarded = (call: AccountCall): Reply => {
    if (compare(call.world.version, [4, 16, 0]) === 0) throw crash()
    return handle(call)
  }
  return inAccount(method, `/agent_bots${path}`, guarded, release === undefined ? {} : { since: release })
}

function show(call: AccountCall, bot: AgentBot): Reply {
  return json(botView(call.world, bot, call.role))
}

function readableBot(call: AccountCall): AgentBot {
  const bot = call.world.state.bots.get(asId(call.params.bid))
  if (bot === undefined || (bot.accountId !== null && bot.accountId !== call.account.id)) throw missing()
  return bot
}

/** The bot of a write: the role is looked at before the record, and bots of the installation are not found. */
function ownedBot(call: AccountCall): AgentBot {
  requireAdministrator(call)
  const bot = readableBot(call)
  if (bot.accountId === null) throw missing()
  return bot
}

/** `webhook` or 0; `csml` from 2.7 to 4.0. Anything else is the framework's argument error. */
function botType(world: World): Cast {
  return (value) => {
    if (isBlank(value) || value === 0 || value === 'webhook') return 'webhook'
    if ((value === 'csml' || value === 1) && !since(world, '4.1')) return 'csml'
    throw crash()
  }
}

/** The bot columns that a request sets, checked. */
export function botInput(world: World, input: Input): Columns {
  if (!isBlank(input.avatar)) throw crash()
  const taken = permit(input, { name: asText, description: asText, outgoing_url: asText, bot_type: botType(world), bot_config: asObject })
  refuseViolations([
    ...tooLong('name', taken.name, 255),
    ...tooLong('description', taken.description, 255),
    ...tooLong('outgoing_url', taken.outgoing_url, 2048),
  ])
  return taken
}

function postBot(call: AccountCall): Reply {
  requireAdministrator(call)
  return show(call, createBot(call.world, call.account.id, botInput(call.world, call.body)))
}

/** Makes a bot of an account, or with null of the whole installation. */
export function createBot(world: World, accountId: number | null, columns: Columns): AgentBot {
  const now = isoNow(world)
  const defaults: Columns = { name: null, description: null, outgoing_url: null, bot_type: 'webhook', bot_config: {} }
  return world.state.bots.insert((id) => ({
    id,
    accountId,
    columns: { ...defaults, ...columns },
    accessToken: randomToken(),
    secret: randomToken(),
    createdAt: now,
    updatedAt: now,
  }))
}

function patchBot(call: AccountCall): Reply {
  const bot = ownedBot(call)
  Object.assign(bot.columns, botInput(call.world, call.body))
  bot.updatedAt = isoNow(call.world)
  return show(call, bot)
}

/** Before 3.1 a bot that had sent messages could not be deleted. */
function deleteBot(call: AccountCall): Reply {
  const bot = ownedBot(call)
  const { state } = call.world
  const hasSpoken = state.messages.find((message) => message.sender?.type === 'agent_bot' && message.sender.id === bot.id) !== undefined
  if (hasSpoken && !since(call.world, '3.1')) throw crash()
  state.removeBot(bot.id)
  return empty()
}

function resetAccessToken(call: AccountCall): Reply {
  const bot = ownedBot(call)
  bot.accessToken = randomToken()
  return show(call, bot)
}

function resetSecret(call: AccountCall): Reply {
  const bot = ownedBot(call)
  bot.secret = randomToken()
  return show(call, bot)
}
