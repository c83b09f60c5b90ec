import { createHttp, type HttpClient } from '../http/http.ts'
import { proxyRules } from '../http/proxy-rules.ts'
import type { App } from './app.ts'
import { VERSION } from './version.ts'

/** Makes the network client of a run. */
export function openNetwork(app: App, options: { readonly connections?: number }): HttpClient {
  const { world } = app
  return createHttp({
    clock: world.clock,
    userAgent: `crm/${VERSION}`,
    log: (line) => app.ui.http(line),
    proxies: proxyRules(world.env),
    ...options,
  })
}
