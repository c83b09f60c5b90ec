import type { AgentBot, Columns, Role } from './records.ts'
import { after, since, type World } from './world.ts'

/** A bot as a member of the account sees it (contract, section 9.1). A bot of the installation hides its token and address. */
export function botView(world: World, bot: AgentBot, role: Role | null): Columns {
  const { columns } = bot
  const system = bot.accountId === null
  const administrator = role === 'administrator'
  const hidesUrl = system && since(world, '4.1')
  const showsToken = !system && (administrator || !after(world, '4.15.1'))
  return {
    id: bot.id,
    name: columns.name,
    description: columns.description,
    ...(since(world, '4.1') ? { thumbnail: '' } : {}),
    ...(hidesUrl ? {} : { outgoing_url: columns.outgoing_url }),
    ...(since(world, '2.7') ? { bot_type: columns.bot_type, bot_config: columns.bot_config } : {}),
    account_id: bot.accountId,
    ...(showsToken ? { access_token: bot.accessToken } : {}),
    ...(!system && administrator && since(world, '4.13') ? { secret: bot.secret } : {}),
    ...(since(world, '4.1') ? { system_bot: system } : {}),
  }
}

/** The same bot where the original passes its raw record: `access_token` is an object there (contract, section 7.1). */
export function rawBotView(world: World, bot: AgentBot, role: Role | null): Columns {
  const view = botView(world, bot, role)
  if (view.access_token === undefined) return view
  const row = { owner_type: 'AgentBot', owner_id: bot.id, token: bot.accessToken, created_at: bot.createdAt, updated_at: bot.updatedAt }
  return { ...view, access_token: { id: bot.id, ...row } }
}
