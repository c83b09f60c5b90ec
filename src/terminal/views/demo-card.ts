import type { DemoBotAnswer, DemoInboxAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { lines, shown, whole } from '../view.ts'

/** Lines of name and value. */
export type Rows = (readonly [string, string])[]

/** What the demo consists of on the server, with the page of its inbox. */
export function placeRows(inbox: DemoInboxAnswer | null, bot: DemoBotAnswer | null, style: Style): Rows {
  const rows: Rows = []
  if (inbox !== null) {
    rows.push(
      ['inbox', `${shown(inbox.name, style)} (id ${shown(inbox.id, style)}, ${inbox.channel})`],
      ['dashboard', style.accent(whole(inbox.url))],
    )
    if (inbox.identifier !== undefined) rows.push(['identifier', whole(inbox.identifier)])
    if (inbox.websiteToken !== undefined) rows.push(['website token', whole(inbox.websiteToken)])
  }
  if (bot !== null)
    rows.push(['bot', `${shown(bot.name, style)} (id ${shown(bot.id, style)}) ${style.symbols.arrow} ${whole(bot.outgoingUrl)}`])
  return rows
}

/** An account by name and id. */
export function accountText(account: { readonly id: string; readonly name: string | null }, style: Style): string {
  return account.name === null ? `id ${shown(account.id, style)}` : `${shown(account.name, style)} (id ${shown(account.id, style)})`
}

/** The HTML of a website inbox, set apart to be copied; nothing for other channels. */
export function snippetText(snippet: string | null, style: Style): string {
  return snippet === null ? '' : `\n\n${style.dim('Put this before </body>:')}\n${lines(snippet)}`
}
