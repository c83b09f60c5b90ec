import type {
  BotAnswer,
  BotListAnswer,
  InboxAnswer,
  InboxListAnswer,
  NewBotAnswer,
  NewWebhookAnswer,
  ObjectDeletedAnswer,
  WebhookAnswer,
  WebhookListAnswer,
} from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { NOTHING, pairs, shown, type View, whole } from '../view.ts'

const column = (title: string, importance: number): Column => ({ title, importance })

/** `crm chatwoot inboxes list`. */
export const inboxesView: View<InboxListAnswer> = ({ inboxes }, style) => {
  if (inboxes.length === 0) return style.terminal ? 'No inboxes.' : ''
  const rows = inboxes.map(({ id, name, channel, websiteUrl, webhookUrl, demo }) =>
    [id, name, channel, websiteUrl ?? webhookUrl, demo].map((text) => ({ text: shown(text, style) })),
  )
  return renderTable([column('ID', 4), column('NAME', 3), column('CHANNEL', 2), column('ADDRESS', 0), column('DEMO', 1)], rows, style)
}

/** `crm chatwoot bots list`. */
export const botsView: View<BotListAnswer> = ({ bots }, style) => {
  if (bots.length === 0) return style.terminal ? 'No agent bots.' : ''
  const rows = bots.map(({ id, name, url, system, demo }) =>
    [id, name, url, system ? 'installation' : 'account', demo].map((text) => ({ text: shown(text, style) })),
  )
  return renderTable([column('ID', 4), column('NAME', 3), column('ADDRESS', 0), column('OF', 2), column('DEMO', 1)], rows, style)
}

/** `crm chatwoot webhooks list`. */
export const webhooksView: View<WebhookListAnswer> = ({ webhooks }, style) => {
  if (webhooks.length === 0) return style.terminal ? 'No webhooks.' : ''
  const rows = webhooks.map(({ id, name, url, events, demo }) =>
    [id, name, url, events.join(', '), demo].map((text) => ({ text: shown(text, style) })),
  )
  return renderTable([column('ID', 4), column('NAME', 2), column('ADDRESS', 3), column('EVENTS', 0), column('DEMO', 1)], rows, style)
}

/** `crm chatwoot inboxes create|update`. */
export const inboxView =
  (verb: 'created' | 'changed'): View<InboxAnswer> =>
  ({ inbox }, style) => {
    const { id, name, channel, websiteToken, identifier } = inbox
    const key = channel === 'api' ? (['identifier', identifier] as const) : (['website token', websiteToken] as const)
    const head = `${style.ok(style.symbols.ok)} ${verb} inbox ${style.accent(shown(name, style))} (id ${shown(id, style)}, ${channel})`
    return key[1] === null ? head : `${head}\n${pairs([[key[0], whole(key[1])]], style)}`
  }

/** `crm chatwoot bots update`. */
export const botView: View<BotAnswer> = ({ bot }, style) =>
  `${style.ok(style.symbols.ok)} changed bot ${style.accent(shown(bot.name, style))} (id ${shown(bot.id, style)}) ${style.symbols.arrow} ${bot.url === null ? NOTHING : whole(bot.url)}`

/** `crm chatwoot bots create`: its secrets are shown this once. */
export const newBotView: View<NewBotAnswer> = ({ bot, secrets }, style) => {
  const head = `${style.ok(style.symbols.ok)} created bot ${style.accent(shown(bot.name, style))} (id ${shown(bot.id, style)})`
  const rows = [
    ['access token', secrets.accessToken],
    ['secret', secrets.secret],
  ] as const
  return `${head}\n${pairs(
    rows.map(([name, value]) => [name, value === null ? NOTHING : whole(value)] as const),
    style,
  )}`
}

/** `crm chatwoot webhooks update`. */
export const webhookView: View<WebhookAnswer> = ({ webhook }, style) =>
  `${style.ok(style.symbols.ok)} changed webhook ${shown(webhook.id, style)} ${style.symbols.arrow} ${whole(webhook.url)}`

/** `crm chatwoot webhooks create`: its secret is shown this once. */
export const newWebhookView: View<NewWebhookAnswer> = ({ webhook, secret }, style) => {
  const head = `${style.ok(style.symbols.ok)} created webhook ${shown(webhook.id, style)} ${style.symbols.arrow} ${whole(webhook.url)}`
  const rows = [
    ['events', webhook.events.map((event) => shown(event, style)).join(', ')],
    ['secret', secret === null ? NOTHING : whole(secret)],
  ] as const
  return `${head}\n${pairs(rows, style)}`
}

/** `crm chatwoot ... delete`. */
export const deletedView: View<ObjectDeletedAnswer> = ({ removed, pending }, style) =>
  `${style.ok(style.symbols.ok)} deleted ${shown(removed, style)}${pending ? style.warn('; Chatwoot still removes it in the background') : ''}`
