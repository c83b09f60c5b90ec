import { createHmac } from 'node:crypto'

/** A secret as Chatwoot shows it for a bot. */
export const BOT_SECRET = 'wUjH3xT9kq2vZb7nRd5fYc1m'

/** A delivery as a program may have written it down, signed with {@link BOT_SECRET} at a time in Unix seconds. */
export function capturedRequest(
  body = '{"event":"message_created","message_type":"incoming","conversation":{"id":7}}',
  timestamp = 1_781_697_600,
): string {
  const signature = createHmac('sha256', BOT_SECRET).update(`${timestamp}.${body}`).digest('hex')
  return [
    'POST /hook HTTP/1.1',
    'Content-Type: application/json',
    'X-Chatwoot-Delivery: 0b9f2c1e-1111-4222-8333-444455556666',
    `X-Chatwoot-Timestamp: ${timestamp}`,
    `X-Chatwoot-Signature: sha256=${signature}`,
    '',
    body,
  ].join('\r\n')
}
