import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Sandbox } from '../../src/sandbox/index.ts'

/** What a program behind a bot does with a message of a customer. */
export type Behaviour = 'answers' | 'answers as a person' | 'writes private notes' | 'is silent' | 'fails' | 'refuses' | 'hangs'

/** A program behind the bots of a sandbox: a real server on loopback that is called, and calls back. */
export interface Bot {
  readonly url: string
  /** May be changed at any time. */
  behaviour: Behaviour
  close(): Promise<void>
}

/** Starts a program that answers with the token of the bot that serves the inbox of each message. */
export async function startBot(sandbox: Sandbox, behaviour: Behaviour = 'answers'): Promise<Bot> {
  const bot = { url: '', behaviour, close: async () => {} }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => receive(JSON.parse(Buffer.concat(chunks).toString('utf8')), response))
  })
  const receive = (event: Event, response: ServerResponse): void => {
    if (bot.behaviour === 'hangs') return
    response.writeHead(bot.behaviour === 'fails' ? 500 : bot.behaviour === 'refuses' ? 403 : 200).end()
    if (event.event !== 'message_created' || event.message_type !== 'incoming') return
    const inbox = sandbox.state.inboxes.get(event.inbox.id)
    const own = sandbox.state.bots.get(inbox?.botId)?.accessToken
    const token = bot.behaviour === 'answers as a person' ? sandbox.administratorToken : own
    const says = ['answers', 'answers as a person', 'writes private notes'].includes(bot.behaviour)
    if (!says || token === undefined) return
    const isPrivate = bot.behaviour === 'writes private notes'
    fetch(`${sandbox.url}/api/v1/accounts/${event.account.id}/conversations/${event.conversation.id}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-access-token': token },
      body: JSON.stringify({ content: `You said: ${event.content}`, message_type: 'outgoing', private: isPrivate }),
    }).catch(() => {})
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  bot.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  bot.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return bot
}

interface Event {
  readonly event: string
  readonly content: string
  readonly message_type: string
  readonly account: { readonly id: number }
  readonly inbox: { readonly id: number }
  readonly conversation: { readonly id: number }
}
