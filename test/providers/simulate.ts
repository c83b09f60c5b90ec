import { afterEach } from 'vitest'
import type { TestResult } from '../../src/core/answers.ts'
import type { Tokens } from '../../src/core/grant.ts'
import type { Warning } from '../../src/core/provider.ts'
import { createHttp } from '../../src/http/http.ts'
import { findProvider, providers } from '../../src/providers/index.ts'
import { testValues } from '../../src/usecases/test-integrations.ts'
import { answering, type Canned, type Seen } from './answering-server.ts'
import type { Fixture } from './fixtures.ts'
import { reaching, storedValues } from './reaching.ts'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** Answers a request; `count` tells how often a path has been asked for, this time included. */
export type Routes = (request: Seen, count: (path: string) => number) => Canned | undefined

/** How a test against a simulated CRM went. */
export interface Simulated {
  readonly result: TestResult
  readonly warnings: readonly Warning[]
  readonly tokens: Tokens | undefined
  readonly seen: readonly Seen[]
  /** The host of every request, as the provider named it. */
  readonly hosts: readonly string[]
}

/**
 * Tests the values of a fixture, `acme`, against a CRM of the test's own.
 * @param values in the place of some of the fixture's.
 */
export async function simulate(
  fixture: Fixture,
  routes: Routes,
  { values = {}, tokens = fixture.tokens?.() }: { readonly values?: Readonly<Record<string, unknown>>; readonly tokens?: Tokens } = {},
): Promise<Simulated> {
  const provider = findProvider(fixture.provider)
  if (provider === undefined) throw new Error(`no provider ${fixture.provider}`)
  const asked: string[] = []
  const server = await answering((request) => routes(request, (path) => server.seen.filter((seen) => seen.path === path).length))
  const http = createHttp({ clock: Date.now, retryBaseMs: 1 })
  open.push(server, http)
  const reach = reaching(http.request, fixture.hosts ?? [], server.origin)
  const deps = {
    providers,
    http: ((request) => {
      asked.push(request.url.host)
      return reach(request)
    }) as typeof reach,
    clock: Date.now,
    signal: new AbortController().signal,
  }
  const stored = storedValues({ ...fixture.values(server.origin), ...values })
  const about = { source: 'vault', name: 'acme', profile: 'default', provider, values: stored } as const
  const tested = await testValues(deps, { ...about, ...(tokens === undefined ? {} : { tokens }) })
  return { result: tested.result, warnings: tested.warnings, tokens: tested.tokens, seen: server.seen, hosts: asked }
}
