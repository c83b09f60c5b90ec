import type { Fault } from './faults.ts'
import { framework, html, json, type Reply, text } from './reply.ts'

/** The reply after a fault had its way with it; null when the connection breaks, undefined when nobody ever answers. */
export function spoil(fault: Fault | undefined, reply: Reply): Reply | null | undefined {
  switch (fault?.effect.kind) {
    case 'status':
      return faultReply(fault.effect.status)
    case 'html':
      return html('Welcome - sandbox', '<p>This page stands for another web server.</p>')
    case 'reset':
      return null
    case 'hang':
      return undefined
    default:
      return reply
  }
}

/** Texts with which Chatwoot answers these statuses (contract, section 2.4). */
const ERRORS: Readonly<Record<number, string>> = {
  401: 'Invalid Access Token',
  402: 'Account limit exceeded. Upgrade to a higher plan',
  403: 'API access is not enabled for this account',
  404: 'Resource could not be found',
}

/** A status in the shape in which Chatwoot, or the proxy before it, answers it. */
function faultReply(status: number): Reply {
  const error = ERRORS[status]
  if (error !== undefined) return json({ error }, status)
  if (status === 422) return json({ message: 'Name is invalid', attributes: ['name'] }, status)
  if (status === 429) return text('Retry later\n', status)
  if (status >= 502 && status <= 504) return html(`${status} - sandbox`, `<h1>${status}</h1>`, status)
  return framework(status)
}
