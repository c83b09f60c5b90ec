import { type AccountCall, inAccount, requireAdministrator, visibleInbox } from './access.ts'
import { rawBotView } from './bot-view.ts'
import { asId } from './input.ts'
import type { AgentBot } from './records.ts'
import { empty, json, missing, type Reply } from './reply.ts'
import type { Route } from './route.ts'
import { since } from './world.ts'

/** Which bot answers in an inbox (contract, section 7). */
export const inboxBotRoutes: readonly Route[] = [
  inAccount('GET', '/inboxes/:iid/agent_bot', getAgentBot),
  inAccount('POST', '/inboxes/:iid/set_agent_bot', setAgentBot),
]

/** Without a bot the key is missing, not null. */
function getAgentBot(call: AccountCall): Reply {
  const bot = call.world.state.botAt(visibleInbox(call, call.params.iid))
  return json(bot === undefined ? {} : { agent_bot: rawBotView(call.world, bot, call.role) })
}

/** Looks up inbox and bot before the role. An absent key, a misspelt one included, takes the bot away. */
function setAgentBot(call: AccountCall): Reply {
  const inbox = visibleInbox(call, call.params.iid)
  const wanted = call.body.agent_bot
  const bot = wanted === undefined || wanted === null || wanted === false ? undefined : assignableBot(call, wanted)
  requireAdministrator(call)
  inbox.botId = bot?.id ?? null
  return empty()
}

/** Since 4.14 only bots of the account and of the installation; before, any bot. */
function assignableBot(call: AccountCall, id: unknown): AgentBot {
  const bot = call.world.state.bots.get(asId(id))
  const foreign = bot !== undefined && bot.accountId !== null && bot.accountId !== call.account.id
  if (bot === undefined || (foreign && since(call.world, '4.14'))) throw missing()
  return bot
}
