import type { Sandbox } from '../../../src/sandbox/index.ts'
import { type Answer, account, ask, type Json, until, WEB_INBOX } from './sandbox.ts'

/** A visitor of a website with the widget. */
export class Visitor {
  private constructor(
    readonly sandbox: Sandbox,
    readonly websiteToken: string,
    readonly token: string,
  ) {}

  static async enter(sandbox: Sandbox, websiteToken: string): Promise<Visitor> {
    const answer = await ask(sandbox, 'POST', `/api/v1/widget/config?website_token=${websiteToken}`, { body: {} })
    return new Visitor(sandbox, websiteToken, answer.json.website_channel_config.auth_token)
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    const separator = path.includes('?') ? '&' : '?'
    return ask(this.sandbox, method, `/api/v1/widget${path}${separator}website_token=${this.websiteToken}`, {
      headers: { 'x-auth-token': this.token },
      ...(body === undefined ? {} : { body }),
    })
  }

  /** Writes a message; the answer's body. */
  async say(content: string): Promise<Json> {
    return (await this.call('POST', '/messages', { message: { content, timestamp: 'now', referer_url: 'https://example.com/' } })).json
  }

  async messages(query = ''): Promise<Json[]> {
    return (await this.call('GET', `/messages${query}`)).json.payload
  }

  async status(): Promise<string | undefined> {
    return (await this.call('GET', '/conversations')).json.status
  }

  /** Waits for a message that fits. */
  async sees(fits: (message: Json) => boolean, what: string): Promise<Json> {
    let found: Json
    await until(async () => {
      found = (await this.messages()).find(fits)
      return found !== undefined
    }, what)
    return found
  }
}

/** An inbox with a bot, made through the API: what a demo is. */
export async function demo(sandbox: Sandbox, outgoingUrl: string, inboxBody: Record<string, unknown> = {}) {
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', { ...WEB_INBOX, enable_email_collect: false, ...inboxBody })).json
  const bot = (await admin.post('/agent_bots', { name: 'Helper', outgoing_url: outgoingUrl })).json
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  return { admin, inbox, bot }
}
