import { adviseFor } from '../chatwoot/demo-target.ts'
import type { TestAnswer, TestResult } from '../core/answers.ts'
import { CrmError, type ErrorCode } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { TokenSource, Tokens } from '../core/grant.ts'
import type { Source } from '../core/integration.ts'
import type { JsonObject } from '../core/json.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Provider, TestReport, TestTools, Warning } from '../core/provider.ts'
import { createRedactor, type Redactor } from '../core/redact.ts'
import { Secret } from '../core/secret.ts'
import { toTimestamp } from '../core/time.ts'
import { withDeadline } from '../http/deadline.ts'
import type { TestRecord } from '../vault/test-results.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { providerFor } from './stored-provider.ts'
import { memoryTokens, type TokenDeps } from './token-source.ts'
import { trusting } from './trusting.ts'

/** How long a successful test of the same revision is reused, in milliseconds. */
export const CACHE_MS = 30_000
/** Limit of the test of one integration, in milliseconds. */
const TEST_LIMIT_MS = 20_000
/**
 * Most bytes of an answer to a test, where its request has no limit of its own. What is asked for is tens of kilobytes: a user with his
 * accounts, one row, the webhooks of an account. Many are asked at once, and JSON takes many times its size in memory.
 */
const TEST_BYTES = 256 * 1024

/** What a test needs of the world. */
export interface TestDeps {
  readonly providers: readonly Provider[]
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  /** When the command must be done, in Unix milliseconds. */
  readonly deadlineMs?: number
}

/** An integration to test: stored ones are opened when their turn comes. */
export type TestSubject =
  | { readonly source: 'vault'; readonly name: string; readonly unlocked: UnlockedVault }
  | {
      readonly source: 'environment'
      readonly name: string
      readonly provider: Provider
      readonly values: StoredValues
      readonly profile: string
    }

/** One finished test: where it stands in the input, its result, and what to warn about. */
export interface TestEvent {
  readonly index: number
  readonly result: TestResult
  readonly warnings: readonly Warning[]
}

/**
 * Tests integrations, at most `concurrency` at a time, and yields each as it ends. Results of stored ones are written to
 * their vaults when all have ended, or when the caller stops listening.
 * @param options.fresh asks again even where a success is less than 30 s old.
 */
export async function* testIntegrations(
  deps: TestDeps,
  subjects: readonly TestSubject[],
  options: { readonly concurrency: number; readonly fresh: boolean },
): AsyncGenerator<TestEvent> {
  const finished: TestEvent[] = []
  const records = new Map<UnlockedVault, ({ name: string } & TestRecord)[]>()
  let wake: (() => void) | undefined
  let next = 0
  let running = Math.min(options.concurrency, subjects.length)
  const bugs: unknown[] = []
  const work = async (): Promise<void> => {
    try {
      for (let index = next++; bugs.length === 0 && !deps.signal.aborted; index = next++) {
        const subject = subjects[index]
        if (subject === undefined) break
        const { result, warnings } = await testSubject(deps, subject, options.fresh, records)
        finished.push({ index, result, warnings })
        wake?.()
      }
    } catch (bug) {
      bugs.push(bug)
    }
    running -= 1
    wake?.()
  }
  for (let worker = running; worker > 0; worker -= 1) void work()
  try {
    while (running > 0 || finished.length > 0) {
      const event = finished.shift()
      if (event !== undefined) yield event
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    if (bugs.length > 0) throw bugs[0]
  } finally {
    for (const [unlocked, results] of records) await unlocked.recordTests(results)
  }
}

async function testSubject(
  deps: TestDeps,
  subject: TestSubject,
  fresh: boolean,
  records: Map<UnlockedVault, ({ name: string } & TestRecord)[]>,
): Promise<Tested> {
  if (subject.source === 'environment') return testValues(deps, { ...subject, provider: subject.provider })
  const { unlocked, name } = subject
  try {
    const { integration, values, definition } = await unlocked.open(name)
    const provider = providerFor(deps.providers, { name, provider: integration.provider, definition })
    const cached = fresh ? undefined : reusable(await unlocked.newestTest(name), integration.revision, deps.clock())
    const about = { source: 'vault' as const, name, profile: unlocked.profile, provider, values, unlocked }
    if (cached !== undefined) return cachedResult(about, cached)
    const tested = await testValues(deps, about)
    if (tested.result.outcome !== 'skipped' && tested.result.cause !== 'cancelled') {
      const list = records.get(unlocked) ?? []
      records.set(unlocked, list)
      list.push({ name, ...recordOf(tested, integration.revision) })
    }
    return tested
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    return { result: failedResult({ source: 'vault', name, provider: '', profile: unlocked.profile }, error, null, null), warnings: [] }
  }
}

/** Who is being tested, for its result. */
export interface TestedValues {
  readonly source: Source
  readonly name: string
  readonly profile: string
  readonly provider: Provider
  readonly values: StoredValues
  /** Tokens of a sign-in that has just been made, or of an earlier attempt with the same values. */
  readonly tokens?: Tokens
  /** Where the integration is stored, with its tokens; without it, tokens are kept in memory. */
  readonly unlocked?: UnlockedVault
  /** Get new tokens before the test: what they are obtained with has changed, and is what is tested. */
  readonly renewFirst?: boolean
}

/** A finished test, and the tokens that it leaves to be saved with the values. */
export interface Tested {
  readonly result: TestResult
  readonly warnings: readonly Warning[]
  readonly tokens?: Tokens
}

/**
 * Tests values without keeping the result: also the test before saving. A refused credential is a result, not an exception. What the server
 * says is kept and handed on, so that none of the secrets it was sent is left in it.
 */
export async function testValues(deps: TestDeps, about: TestedValues): Promise<Tested> {
  const sent = sentSecrets(about)
  const { result, warnings, ...tokens } = await askProvider(deps, about, sent)
  const { message, hint, identity, checks, server } = result
  const said = redacted({ report: { message, hint, identity, checks, server }, warnings }, sent)
  return { result: { ...result, ...said.report }, warnings: said.warnings, ...tokens }
}

/** Knows the secrets of an integration, those that its requests will carry as they are found. */
function sentSecrets({ values, tokens }: TestedValues): Redactor {
  const sent = createRedactor()
  for (const secret of Object.values(values.secrets)) sent.register(secret.reveal())
  registerTokens(sent, tokens)
  return sent
}

function registerTokens(sent: Redactor, tokens: Tokens | undefined): void {
  for (const secret of [tokens?.accessToken, tokens?.refreshToken]) if (secret instanceof Secret) sent.register(secret.reveal())
}

/** The same data without any secret in its texts. They are looked at together: hardly ever is one in them. */
function redacted<Data>(data: Data, sent: Redactor): Data {
  const all = textsIn(data).join('\0')
  if (sent.redact(all) === all) return data
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return sent.redact(value)
    if (Array.isArray(value)) return value.map(clean)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, clean(member)]))
  }
  return clean(data) as Data
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return value === null || typeof value !== 'object' ? [] : Object.values(value).flatMap(textsIn)
}

async function askProvider(deps: TestDeps, about: TestedValues, sent: Redactor): Promise<Tested> {
  const startedMs = deps.clock()
  const http: Http = (request) => {
    for (const header of Object.values(request.headers ?? {})) if (header instanceof Secret) sent.register(header.reveal())
    return limitedHttp(request)
  }
  const limitedHttp = trusting(limited(deps, startedMs + TEST_LIMIT_MS), about.values)
  const world = { http, clock: deps.clock, signal: deps.signal }
  const memory = memoryTokens(world, about.provider, about.values, about.tokens)
  const tokens = watched((await sharedTokens(world, about, sent)) ?? memory, sent)
  const tools: TestTools = { ...world, tokens }
  const leave = (): Pick<Tested, 'tokens'> => (memory.newest === undefined ? {} : { tokens: memory.newest })
  try {
    if (about.renewFirst === true) await tokens.get().then(() => tokens.renew())
    const report = await about.provider.test(mergeValues(about.values) as never, tools)
    return {
      result: toResult(about, report, startedMs, deps.clock() - startedMs),
      warnings: report.warnings.map((warning) => ({ ...warning, message: adviseFor(about, warning.message) })),
      ...leave(),
    }
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    const result = failedResult({ ...about, provider: about.provider.id }, error, startedMs, deps.clock() - startedMs)
    return { result: { ...result, hint: ownHint(about.provider, result.hint) }, warnings: [], ...leave() }
  }
}

/** The network client knows no provider: its fix is a flag that not every one of them has. */
function ownHint({ id, fields }: Provider, hint: string | null): string | null {
  if (hint?.includes('--base-url') !== true || fields.some(({ key }) => key === 'baseUrl')) return hint
  return `check what stands between this machine and the CRM, and the values that name its host: crm providers ${id}`
}

/** The tokens that the vault keeps for a stored integration; undefined where it has none to keep. */
async function sharedTokens(
  deps: TokenDeps,
  { unlocked, name, provider, values }: TestedValues,
  sent: Redactor,
): Promise<TokenSource | undefined> {
  const grant = unlocked === undefined ? undefined : provider.grant?.(mergeValues(values) as never, {})
  if (unlocked === undefined || grant === undefined || grant.type === 'static') return undefined
  // They are sent to be renewed, before anybody is given new ones.
  registerTokens(sent, (await unlocked.readTokens(name))?.tokens)
  const { storedTokens } = await import('./stored-tokens.ts')
  return storedTokens(deps, { unlocked, name, provider, values })
}

/** The same tokens, of which nothing that is given out goes unnoticed. */
function watched(tokens: TokenSource, sent: Redactor): TokenSource {
  return {
    async get() {
      const given = await tokens.get()
      registerTokens(sent, given)
      return given
    },
    async renew() {
      const given = await tokens.renew()
      registerTokens(sent, given)
      return given
    },
  }
}

/** A test that could not begin, because nobody could sign in: as its result. */
export function notSignedIn(about: Pick<TestedValues, 'name' | 'profile' | 'provider'>, error: CrmError, nowMs: number): Tested {
  return { result: failedResult({ ...about, source: 'vault', provider: about.provider.id }, error, nowMs, 0), warnings: [] }
}

/** The network client with what is left of the test's time, and of the command's, as the limit of each request, and with one for its answer. */
function limited({ http, clock, signal, deadlineMs = Number.POSITIVE_INFINITY }: TestDeps, endsMs: number): Http {
  const inTime = withDeadline(http, clock, deadlineMs)
  return (request) => {
    const leftMs = Math.max(1, endsMs - clock())
    return inTime({
      maxBytes: TEST_BYTES,
      ...request,
      timeoutMs: Math.min(request.timeoutMs ?? leftMs, leftMs),
      signal: request.signal ?? signal,
    })
  }
}

function toResult(about: TestedValues, report: TestReport, startedMs: number, latencyMs: number): TestResult {
  return {
    name: about.name,
    provider: about.provider.id,
    profile: about.profile,
    source: about.source,
    outcome: report.outcome,
    cause: report.cause,
    message: report.message,
    hint: named(report.hint, about),
    identity: report.identity,
    checks: report.checks,
    server: report.server,
    latencyMs: Math.round(latencyMs),
    checkedAt: toTimestamp(startedMs),
    cached: false,
  }
}

function failedResult(
  about: { readonly source: Source; readonly name: string; readonly profile: string; readonly provider: string },
  error: CrmError,
  startedMs: number | null,
  latencyMs: number | null,
): TestResult {
  const { source, name, profile, provider } = about
  return {
    name,
    provider,
    profile,
    source,
    outcome: 'failed',
    cause: error.code,
    message: error.reason === undefined ? error.message : `${error.message}: ${error.reason}`,
    hint: named(error.hint ?? null, about),
    identity: null,
    checks: [],
    server: null,
    latencyMs: latencyMs === null ? null : Math.round(latencyMs),
    checkedAt: startedMs === null ? null : toTimestamp(startedMs),
    cached: false,
  }
}

/**
 * A provider does not know the name of the integration, for which `{name}` stands, nor that it may be made of variables, which no
 * command of ours edits.
 */
export function named(hint: string | null, about: { readonly name: string; readonly source: Source }): string | null {
  return hint === null ? null : adviseFor(about, hint)
}

/** A name that means nothing, or several things, as the result of its test. */
export function unresolvedResult(name: string, profile: string, error: CrmError): TestResult {
  const source = /^env:/i.test(name) ? 'environment' : 'vault'
  return failedResult({ source, name: name.toLowerCase(), provider: '', profile }, error, null, null)
}

/** A skipped integration, as a result. */
export function skippedResult(
  about: { readonly name: string; readonly provider: string; readonly profile: string },
  message: string,
): TestResult {
  return {
    ...about,
    source: 'vault',
    outcome: 'skipped',
    cause: null,
    message,
    hint: `crm toggle ${about.name} --on`,
    identity: null,
    checks: [],
    server: null,
    latencyMs: null,
    checkedAt: null,
    cached: false,
  }
}

/** The record of a result for the vault's history. */
export function recordOf(tested: { readonly result: TestResult; readonly warnings: readonly Warning[] }, revision: number): TestRecord {
  const { result, warnings } = tested
  const { message, hint, identity, checks, server } = result
  return {
    revision,
    checkedAtMs: Date.parse(result.checkedAt ?? ''),
    outcome: result.outcome === 'connected' ? 'connected' : 'failed',
    cause: result.cause,
    latencyMs: result.latencyMs ?? 0,
    report: { message, hint, identity, checks, server, warnings } as unknown as JsonObject,
  }
}

function reusable(record: TestRecord | undefined, revision: number, nowMs: number): TestRecord | undefined {
  if (record === undefined || record.outcome !== 'connected' || record.revision !== revision || record.report === null) return undefined
  const age = nowMs - record.checkedAtMs
  return age >= 0 && age < CACHE_MS ? record : undefined
}

function cachedResult(about: TestedValues, record: TestRecord): Tested {
  const report = record.report as unknown as Pick<TestReport, 'identity' | 'checks' | 'server' | 'warnings'>
  const result: TestResult = {
    name: about.name,
    provider: about.provider.id,
    profile: about.profile,
    source: about.source,
    outcome: 'connected',
    cause: null,
    message: null,
    hint: null,
    ...inOrder(report),
    latencyMs: record.latencyMs,
    checkedAt: toTimestamp(record.checkedAtMs),
    cached: true,
  }
  return { result, warnings: report.warnings }
}

/** The history keeps members by name; an answer has them as a new test has them. */
function inOrder({
  identity,
  checks,
  server,
}: Pick<TestReport, 'identity' | 'checks' | 'server'>): Pick<TestResult, 'identity' | 'checks' | 'server'> {
  return {
    identity:
      identity === null
        ? null
        : {
            accountId: identity.accountId,
            accountName: identity.accountName,
            userName: identity.userName,
            userEmail: identity.userEmail,
            role: identity.role,
          },
    checks: checks.map(({ name, passed, detail }) => ({ name, passed, detail })),
    server: server === null ? null : { version: server.version },
  }
}

/** All results of a command, in input order, with their summary. */
export function summarize(profile: string, results: readonly TestResult[]): TestAnswer {
  const count = (outcome: TestResult['outcome']): number => results.filter((result) => result.outcome === outcome).length
  return {
    profile,
    results,
    summary: { total: results.length, connected: count('connected'), failed: count('failed'), skipped: count('skipped') },
  }
}

/** Most integrations that an error names. */
const MOST_NAMED = 5

/** What tells results apart: their names, with their profiles where they are of several: `stage/acme`. */
function namesIn(results: readonly TestResult[]): (result: TestResult) => string {
  const isOne = results.every(({ profile }) => profile === results[0]?.profile)
  return ({ profile, name }) => (isOne ? name : `${profile}/${name}`)
}

/** The error of a test command: a single cause when all failures agree, else `checks_failed`; undefined when nothing failed. */
export function testError(results: readonly TestResult[]): CrmError | undefined {
  const failed = results.filter((result) => result.outcome === 'failed')
  const [first] = failed
  if (first === undefined) return undefined
  const cause = first.cause ?? 'internal'
  if (results.length === 1) return resultError(first)
  const shared = failed.every((result) => result.cause === first.cause)
  const names = failed.slice(0, MOST_NAMED).map(namesIn(results))
  const code: ErrorCode = shared ? cause : 'checks_failed'
  return new CrmError(code, `${failed.length} of ${results.length} integrations failed`, {
    reason: `${failed.length > names.length ? 'among them ' : ''}${names.join(', ')}`,
    hint: first.checkedAt === null && first.hint !== null ? first.hint : `look at one with: crm test ${first.name}`,
  })
}

/** A failed result as an error. */
export function resultError(result: TestResult): CrmError {
  return new CrmError(
    result.cause ?? 'internal',
    result.message ?? `the test of ${result.name} failed`,
    result.hint === null ? {} : { hint: result.hint },
  )
}
