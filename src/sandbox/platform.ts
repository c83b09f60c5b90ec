import { tokenOf } from './access.ts'
import { botInput, createBot } from './bots.ts'
import { asId, type Input } from './input.ts'
import type { AgentBot, Columns, PlatformApp } from './records.ts'
import { crash, empty, json, notRouted, type Reply, refuse } from './reply.ts'
import { type Call, open, type Route } from './route.ts'
import { isoNow, since } from './world.ts'

/** Bots as a self-hosted installation's operator manages them (contract, section 16). */
export const platformRoutes: readonly Route[] = [
  onPlatform('GET', '', listBots),
  onPlatform('POST', '', postBot),
  onPlatform('GET', '/:bid', (call) => json(botView(permitted(call)))),
  onPlatform('PATCH', '/:bid', patchBot),
  onPlatform('DELETE', '/:bid', deleteBot),
  onPlatform('DELETE', '/:bid/avatar', (call) => json(botView(permitted(call)))),
]

interface PlatformCall extends Call {
  readonly app: PlatformApp
}

function onPlatform(method: string, path: string, handle: (call: PlatformCall) => Reply): Route {
  return open(method, `/platform/api/v1/agent_bots${path}`, (call) => {
    const token = tokenOf(call)
    const app = token === undefined ? undefined : call.world.state.platformApps.find((row) => row.accessToken === token)
    if (app === undefined) throw refuse(401, 'Invalid access_token')
    return handle({ ...call, app })
  })
}

/** The bot of the path: the framework's 404 for none, 401 for one that this app did not make. */
function permitted(call: PlatformCall): AgentBot {
  const bot = call.world.state.bots.get(asId(call.params.bid))
  if (bot === undefined) throw notRouted()
  if (!call.app.botIds.has(bot.id)) throw refuse(401, 'Non permissible resource')
  return bot
}

/** Before 4.14 one bot of the app that was deleted elsewhere broke the whole list. */
function listBots(call: PlatformCall): Reply {
  const bots = Array.from(call.app.botIds, (id) => call.world.state.bots.get(id))
  if (bots.includes(undefined) && !since(call.world, '4.14')) throw crash()
  return json(bots.filter((bot) => bot !== undefined).map(botView))
}

/** Without an account the bot is one of the whole installation. */
function postBot(call: PlatformCall): Reply {
  const { world, body } = call
  const bot = createBot(world, asId(body.account_id) ?? null, columnsOf(call, body))
  call.app.botIds.add(bot.id)
  return json(botView(bot))
}

function patchBot(call: PlatformCall): Reply {
  const bot = permitted(call)
  Object.assign(bot.columns, columnsOf(call, call.body))
  bot.updatedAt = isoNow(call.world)
  return json(botView(bot))
}

/** Type and configuration cannot be set here. */
function columnsOf(call: PlatformCall, body: Input): Columns {
  const { bot_type: _type, bot_config: _config, ...permittedInput } = body
  return botInput(call.world, permittedInput)
}

function deleteBot(call: PlatformCall): Reply {
  const bot = permitted(call)
  call.world.state.removeBot(bot.id)
  call.app.botIds.delete(bot.id)
  return empty()
}

function botView(bot: AgentBot): Columns {
  const { name, description, outgoing_url } = bot.columns
  return { id: bot.id, name, description, outgoing_url, account_id: bot.accountId, access_token: bot.accessToken }
}
