/** A demo's objects as commands print them. */
import type { DemoBotAnswer, DemoInboxAnswer } from '../core/answers.ts'
import { type Connection, inboxUrl } from './connection.ts'
import { widgetSnippet } from './demo-page.ts'
import type { AgentBot, Inbox } from './read.ts'

/** An inbox, with what customers of its channel connect to. */
export function inboxAnswer(connection: Pick<Connection, 'baseUrl' | 'accountId'>, inbox: Inbox): DemoInboxAnswer {
  const { id, name = '', channel = 'web', websiteToken, identifier } = inbox
  return {
    id,
    name,
    channel,
    ...(channel === 'web' && websiteToken !== undefined ? { websiteToken } : {}),
    ...(channel === 'api' && identifier !== undefined ? { identifier } : {}),
    url: inboxUrl(connection, id),
  }
}

/** An agent bot. */
export function botAnswer({ id, name, outgoingUrl }: AgentBot): DemoBotAnswer {
  return { id, name: name ?? '', outgoingUrl: outgoingUrl ?? '' }
}

/** The HTML that shows an inbox on a website: the server's own, else ours; null for an inbox that is no widget. */
export function snippetOf(inbox: Inbox, baseUrl: string): string | null {
  if (inbox.channel !== 'web') return null
  if (inbox.script !== undefined && inbox.script.trim() !== '') return inbox.script.trim()
  return inbox.websiteToken === undefined ? null : widgetSnippet(baseUrl, inbox.websiteToken)
}
