import { createClient, writes } from '../chatwoot/client.ts'
import type { Connection } from '../chatwoot/connection.ts'
import { readEvent } from '../chatwoot/event.ts'
import type { AgentBot } from '../chatwoot/read.ts'
import { checkSignature } from '../chatwoot/signature.ts'
import type { TakenDelivery } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import { toTimestamp } from '../core/time.ts'
import { type Delivery, startReceiver } from '../receiver/index.ts'

/** How a receiver of ours takes the place of a bot. */
export interface ListenRequest {
  /** On 127.0.0.1; 0 takes any free one. */
  readonly port: number
  /** Under which address Chatwoot reaches the receiver: a tunnel, a reverse proxy. Default: its own, on loopback. */
  readonly url?: string
  /** Ends the name of the path, so that nobody else's delivery is taken for one of these. */
  readonly secretPath: string
}

/** A receiver that stands in for a bot. */
export interface Stand {
  /** The bot's address for the time being. */
  readonly url: string
  /** What has arrived so far; grows. */
  readonly deliveries: readonly TakenDelivery[]
  close(): Promise<void>
}

/** What the stand-in works with. */
export interface StandInDeps {
  readonly http: Http
  readonly clock: Clock
  readonly connection: Connection
  /** Its secret checks the deliveries, its access token answers them. */
  readonly bot: AgentBot
  readonly signal: AbortSignal
}

/**
 * Starts a bot of ours: it takes events with 200 at once, checks their signature, and answers each message of a customer with the
 * bot's own token, as the real program should.
 * @throws {CrmError} `usage` without the bot's token, `conflict` for a port in use.
 */
export async function standIn(
  { http, clock, connection, bot, signal }: StandInDeps,
  { port, url, secretPath }: ListenRequest,
): Promise<Stand> {
  const token = bot.accessToken
  if (token === undefined) {
    throw new CrmError('permission_denied', `Chatwoot does not show the token of the bot ${bot.id}`, {
      reason: 'without it nothing can answer in the place of the bot',
      hint: 'use the token of an administrator of the account that owns the bot: crm edit {name} --api-key-stdin',
    })
  }
  const asBot = createClient(http, { ...connection, apiKey: token }, { signal })
  const deliveries: TakenDelivery[] = []
  const answered = new Set<string>()
  const path = `/crm-verify/${secretPath}`
  const take = (delivery: Delivery): number => {
    if (delivery.path.split('?')[0] !== path) return 404
    const event = readEvent(delivery.body)
    const { headers, body, atMs } = delivery
    const signature = checkSignature(
      { signature: headers['x-chatwoot-signature'], timestamp: headers['x-chatwoot-timestamp'], body },
      bot.secret,
      atMs,
    )
    const { name, messageType, conversationId, messageId } = event
    deliveries.push({
      at: toTimestamp(atMs),
      event: name,
      messageType,
      conversationId,
      deliveryId: headers['x-chatwoot-delivery'] ?? null,
      signature,
    })
    const isQuestion =
      name === 'message_created' && messageType === 'incoming' && !event.isPrivate && conversationId !== null && messageId !== null
    // A delivery that somebody else has sent is shown, and not answered. Chatwoot may deliver twice.
    if (!isQuestion || signature === 'invalid' || signature === 'stale' || answered.has(messageId)) return 200
    answered.add(messageId)
    const reply = writes.sendMessage(connection.accountId, conversationId, 'The demo works: this answer came through its bot.')
    // The delivery must be taken within 5 s, so the message is written beside it; that it does not show is what the test then finds.
    asBot.write(reply).catch(() => {})
    return 200
  }
  const receiver = await startReceiver({ port, clock, handle: take })
  return { url: `${(url ?? receiver.url).replace(/\/+$/, '')}${path}`, deliveries, close: () => receiver.close() }
}
