import { html, json, type Reply } from './reply.ts'
import { type Call, open, type Route } from './route.ts'
import { since } from './world.ts'

/** Version, health and the dashboard (contract, sections 1.2 and 4). */
export const pageRoutes: readonly Route[] = [
  open('GET', '/api', showVersion),
  open('GET', '/health', () => json({ status: 'woot' }), { since: '4.11' }),
  open('GET', '/', dashboard),
  open('GET', '/app', dashboard),
  open('GET', '/app/*rest', dashboard),
]

function showVersion(call: Call): Reply {
  const { world } = call
  const timestamp = new Date(world.clock()).toISOString().slice(0, 19).replace('T', ' ')
  const services = since(world, '2.14') ? { queue_services: 'ok', data_services: 'ok' } : {}
  return json({ version: world.settings.versionText, timestamp, ...services })
}

/** The single-page app; since 4.0.2 it refuses clients that ask for JSON. */
function dashboard(call: Call): Reply {
  if (wantsJson(call.headers.accept) && since(call.world, '4.0.2')) {
    return json({ error: 'Please use API routes instead of dashboard routes for JSON requests' }, 406)
  }
  const config = JSON.stringify({ hostURL: call.world.frontendUrl })
  const setUp = `<script>window.chatwootConfig = ${config}; window.globalConfig = {"INSTALLATION_NAME":"Chatwoot sandbox"};</script>`
  return html('Chatwoot sandbox', `${setUp}\n<div id="app">This is a sandbox: it has no dashboard.</div>`)
}

/** Whether a client asks for JSON and not, as browsers and most programs do, for anything. */
export function wantsJson(accept: string | undefined): boolean {
  return accept?.split(',')[0]?.trim().startsWith('application/json') ?? false
}
