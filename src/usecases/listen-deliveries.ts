import { readEvent } from '../chatwoot/event.ts'
import { checkSignature } from '../chatwoot/signature.ts'
import type { ListenedDelivery } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Secret } from '../core/secret.ts'
import { toTimestamp } from '../core/time.ts'
import { type Delivery, type Receiver, startReceiver } from '../receiver/index.ts'

/** What listening needs of the world. */
export interface ListenDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** How to listen. */
export interface ListenOptions {
  /** On 127.0.0.1; 0 takes any free one. */
  readonly port: number
  /** Where each delivery goes on to, with its body and Chatwoot's headers; the answer there is the answer here. */
  readonly forwardTo?: URL
  /** Checks the signatures; without it they are `unchecked`. */
  readonly secret?: Secret
  /** Told of each delivery once its answer is known. */
  readonly onDelivery: (delivery: ListenedDelivery) => void
}

/** Headers that a forwarded delivery keeps. */
const KEPT = /^(?:content-type|accept|x-chatwoot-[a-z-]+)$/
/** Chatwoot itself waits no longer, in milliseconds. */
const FORWARD_MS = 5_000
const BAD_GATEWAY = 502

/**
 * Listens on loopback for what Chatwoot delivers to a bot or webhook, checks each signature, and passes it on.
 * @throws {CrmError} `conflict` for a port in use; `usage` for an address that nothing may be sent to.
 */
export async function listenForDeliveries({ http, clock, signal }: ListenDeps, options: ListenOptions): Promise<Receiver> {
  const { port, forwardTo, secret, onDelivery } = options
  const forward = async ({ headers, body }: Delivery): Promise<number | null> => {
    if (forwardTo === undefined) return null
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.test(name)))
    try {
      const request = { method: 'POST', url: forwardTo, origin: forwardTo.origin, headers: kept, body: body.toString('utf8') } as const
      return (await http({ ...request, tries: 1, timeoutMs: FORWARD_MS, signal })).status
    } catch (error) {
      if (error instanceof CrmError) return null
      throw error
    }
  }
  return startReceiver({
    port,
    clock,
    handle: async (delivery) => {
      const { headers, body, atMs } = delivery
      const state = checkSignature(
        { signature: headers['x-chatwoot-signature'], timestamp: headers['x-chatwoot-timestamp'], body },
        secret,
        atMs,
      )
      const status = await forward(delivery)
      const { name, messageType, conversationId } = readEvent(body)
      onDelivery({
        ...{ at: toTimestamp(atMs), event: name, messageType, conversationId },
        ...{ deliveryId: headers['x-chatwoot-delivery'] ?? null, signature: state },
        forwarded: forwardTo === undefined ? null : { status, latencyMs: Math.max(0, Math.round(clock() - atMs)) },
      })
      return forwardTo === undefined ? 200 : (status ?? BAD_GATEWAY)
    },
  })
}
