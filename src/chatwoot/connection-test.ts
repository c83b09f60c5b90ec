import { CrmError } from '../core/errors.ts'
import type { Check, Identity, TestReport, TestTools, Warning } from '../core/provider.ts'
import { isKind } from './answers.ts'
import { createClient } from './client.ts'
import type { Connection } from './connection.ts'
import type { AccountWebhook, Membership, Profile, ServerInfo } from './read.ts'
import { versionWarnings } from './version.ts'

/** What the three questions brought: an answer, or the error that came in its place. */
interface Answers {
  readonly server: ServerInfo | CrmError
  readonly profile: Profile | CrmError
  /** Undefined when the token may read what only administrators may. */
  readonly administrator: CrmError | undefined
}

/**
 * Tests a connection (contract section 5.3): is this a Chatwoot, is the token a user's, is the account one of that user's, active and
 * with API access, may the user administer it. The three requests go out together, so a test takes one round trip.
 *
 * @throws {CrmError} `unreachable`, `cancelled` and `usage`: the question could not be put.
 */
export async function testConnection(connection: Connection, tools: Pick<TestTools, 'http' | 'signal'>): Promise<TestReport> {
  return (await askConnection(connection, tools)).report
}

/** The same, with what the last of the three questions brought: whoever needs the list has it. */
export async function askConnection(
  connection: Connection,
  { http, signal }: Pick<TestTools, 'http' | 'signal'>,
): Promise<{ readonly report: TestReport; readonly webhooks: readonly AccountWebhook[] }> {
  const client = createClient(http, connection, { signal })
  const [server, profile, webhooks] = await Promise.all([
    client.serverInfo().catch(asAnswer),
    client.profile().catch(asAnswer),
    client.listWebhooks().catch(asAnswer),
  ])
  const administrator = webhooks instanceof CrmError ? webhooks : undefined
  const report = judge({ server, profile, administrator }, connection)
  return { report, webhooks: webhooks instanceof CrmError ? [] : webhooks }
}

/** A refusal is an answer to the test; that nothing could be asked is not. */
function asAnswer(error: unknown): CrmError {
  if (!(error instanceof CrmError) || error.code === 'unreachable' || error.code === 'cancelled' || error.code === 'usage') throw error
  return error
}

/** Collects what is known on the way to the verdict. */
interface Findings {
  readonly checks: Check[]
  readonly warnings: Warning[]
  identity: Identity | null
  version: string | null
}

/** The report, from the answers alone. The first thing that is wrong is the verdict; what comes after it is not known. */
function judge({ server, profile, administrator }: Answers, connection: Connection): TestReport {
  const found: Findings = { checks: [], warnings: [], identity: null, version: null }
  if (server instanceof CrmError) return failed(found, 'product', server)
  found.version = server.version
  found.warnings.push(...versionWarnings(server.version), ...serviceWarnings(server))
  passed(found, 'product', `Chatwoot ${server.version}`)

  if (profile instanceof CrmError) return failed(found, 'token', profile)
  found.identity = { accountId: null, accountName: null, userName: profile.name, userEmail: profile.email, role: null }
  passed(found, 'token', profile.email ?? profile.name)

  const account = profile.accounts.find(({ id }) => id === connection.accountId)
  if (account === undefined) return failed(found, 'account', notAMember(profile, connection))
  // The role in this account: the one at the top of the profile is that of the account used last (contract section 5.1).
  found.identity = { ...found.identity, accountId: account.id, accountName: account.name, role: account.role ?? null }
  if (account.status !== undefined && account.status !== 'active') return failed(found, 'account', suspended(account))
  const refusal = accountRefusal(administrator)
  if (refusal !== undefined) return failed(found, 'account', refusal)
  passed(found, 'account', account.name)

  if (account.apiAccess === false || isKind(administrator, 'plan_without_api'))
    return failed(found, 'plan', withoutApi(account, administrator))
  passed(found, 'plan', 'API access')

  const notAllowed = administrator !== undefined && !isKind(administrator, 'role_too_low')
  if (notAllowed) return failed(found, 'administrator', administrator)
  judgeRole(found, account, administrator === undefined)
  judgeServer(found, server)
  return { outcome: 'connected', cause: null, message: null, hint: null, ...rest(found) }
}

/** An agent's token passes: everything but demos works with it. */
function judgeRole(found: Findings, account: Membership, mayAdminister: boolean): void {
  const role = account.role ?? 'unknown'
  if (mayAdminister && (account.role === undefined || account.role === 'administrator')) {
    passed(found, 'administrator', role)
    return
  }
  found.checks.push({ name: 'administrator', passed: false, detail: `the role is ${role}` })
  found.warnings.push({ code: 'not_administrator', message: 'the user is not an administrator of the account: demo-create needs one' })
}

function judgeServer(found: Findings, { version }: ServerInfo): void {
  const broken = found.warnings.find(({ code }) => code === 'agent_bots_broken' || code === 'super_admin_refused')
  found.checks.push({ name: 'version', passed: broken === undefined, detail: broken?.message ?? version })
}

/** An error of the third request that is about the account, whatever the profile says. */
function accountRefusal(error: CrmError | undefined): CrmError | undefined {
  const about = ['account_suspended', 'account_foreign', 'record_missing'] as const
  return about.some((kind) => isKind(error, kind)) ? error : undefined
}

/** Most accounts named when the one asked for is not among them. */
const ACCOUNTS_NAMED = 10

function notAMember(profile: Profile, { accountId }: Connection): CrmError {
  const names = profile.accounts.slice(0, ACCOUNTS_NAMED).map(({ id, name }) => (name === null ? id : `${id} (${name})`))
  const more = profile.accounts.length > ACCOUNTS_NAMED ? `, and ${profile.accounts.length - ACCOUNTS_NAMED} more` : ''
  const [first] = profile.accounts
  const which = first === undefined ? 'it may use none' : `it may use ${names.join(', ')}${more}`
  const id = profile.accounts.length === 1 && first !== undefined ? first.id : '<id>'
  const hint =
    first === undefined ? 'ask an administrator to add the user to the account' : `choose one of them: crm edit {name} --account-id ${id}`
  return new CrmError('not_found', `the token may not use the account ${accountId}: ${which}`, { hint })
}

function suspended({ id, status }: Membership): CrmError {
  const reason = `its status is "${status}"`
  const hint = 'ask whoever runs the Chatwoot to activate it, then run: crm test {name}'
  return new CrmError('permission_denied', `the account ${id} is suspended`, { reason, hint })
}

function withoutApi({ id }: Membership, refusal: CrmError | undefined): CrmError {
  if (refusal !== undefined && isKind(refusal, 'plan_without_api')) return refusal
  const reason = 'Chatwoot Cloud gives it to paid plans only'
  const hint = 'upgrade the plan of the account, then run: crm test {name}'
  return new CrmError('permission_denied', `the plan of the account ${id} has no API access`, { reason, hint })
}

/** What does not run behind a server that answers (contract section 4). */
function serviceWarnings({ queueServices, dataServices }: ServerInfo): readonly Warning[] {
  const warnings: Warning[] = []
  if (queueServices === 'failing') {
    const message = 'background work of the server stands still (queue_services failing): bots get no messages, deleted inboxes stay'
    warnings.push({ code: 'queue_failing', message })
  }
  if (dataServices === 'failing')
    warnings.push({ code: 'data_failing', message: 'the server reports trouble with its database (data_services failing)' })
  return warnings
}

function passed(found: Findings, name: string, detail: string | null): void {
  found.checks.push({ name, passed: true, detail })
}

function failed(found: Findings, check: string, error: CrmError): TestReport {
  found.checks.push({ name: check, passed: false, detail: error.reason ?? error.message })
  const message = error.reason === undefined ? error.message : `${error.message}: ${error.reason}`
  return { outcome: 'failed', cause: error.code, message, hint: error.hint ?? null, ...rest(found) }
}

function rest({ checks, warnings, identity, version }: Findings): Pick<TestReport, 'checks' | 'warnings' | 'identity' | 'server'> {
  return { checks, warnings, identity, server: version === null ? null : { version } }
}
