/** A loopback server for what Chatwoot delivers to bots and webhooks. */
export { type Delivery, type Handler, type Receiver, startReceiver } from './receiver.ts'
