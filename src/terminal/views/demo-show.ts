import type { DemoShowAnswer } from '../../core/answers.ts'
import { SECRET_MASK } from '../../core/secret.ts'
import { lines, pairs, shown, type View, when } from '../view.ts'
import { accountText, placeRows, type Rows, snippetText } from './demo-card.ts'

/** `crm demo-show`: the same card, and the names of the secrets that Chatwoot returned. */
export const demoShowView: View<DemoShowAnswer> = (data, style) => {
  const { demo, account, inbox, bot, snippet, secrets } = data
  const secretRows = Object.entries(secrets).map(([key, { set, value }]) => {
    const text = value === undefined ? (set ? SECRET_MASK : 'not set') : lines(value)
    return [shown(key, style), text] as const
  })
  const rows: Rows = [
    ['status', demo.status === 'ready' ? style.ok(demo.status) : style.warn(demo.status)],
    ['integration', shown(demo.integration, style)],
    ...(account === null ? [] : [['account', accountText(account, style)] as const]),
    ...(inbox === null ? [['inbox', `id ${shown(demo.inboxId, style)}, ${data.channel}`] as const] : []),
    ...(bot === null ? [['bot', `id ${shown(demo.botId, style)}`] as const] : []),
    ...placeRows(inbox, bot, style),
    ['created', when(demo.createdAt, style)],
    ['changed', when(data.updatedAt, style)],
    ...(demo.expiresAt === null ? [] : [['ends', shown(demo.expiresAt, style)] as const]),
    ...secretRows,
  ]
  const head = `${style.accent(shown(demo.name, style))} (${shown(demo.slug, style)})`
  return `${head}\n${pairs(rows, style)}${snippetText(snippet, style)}`
}
