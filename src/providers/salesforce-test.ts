import type { Tokens } from '../core/grant.ts'
import type { Json } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Check, Identity, Refusal, TestReport, TestTools, Warning } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { CAUSES, isStumble, type Meaning, newestVersion, type Reason, readAnswer, readUsage, textOf } from './salesforce-answers.ts'

/** A version that every org still serves; the newest is asked for besides. */
const FLOOR_VERSION = '62.0'
const VERSION_BYTES = 256 * 1024

const ORGANIZATION = 'SELECT Id,Name,OrganizationType,IsSandbox,InstanceName FROM Organization'

interface Answers {
  readonly user: Meaning
  readonly organization: Meaning
  readonly usage: ReturnType<typeof readUsage>
  readonly newest: string | null
}

type Asked = { readonly auth: string; readonly apiVersion?: string }

/**
 * Tests a Salesforce (contract section 4): who the token is (`userinfo`), and whether the data API serves it (one row of Organization,
 * for the edition). The requests go out together, so a test takes one round trip. A token that the org calls expired is renewed once.
 */
export async function testSalesforce(values: Asked, tools: TestTools): Promise<TestReport> {
  const tokens = await tools.tokens.get()
  const answers = await ask(values, tokens, tools)
  if (answers.user.kind !== 'expired' && answers.organization.kind !== 'expired') return judge(values, tokens, answers)
  const renewed = await tools.tokens.renew()
  return renewed === undefined ? judge(values, tokens, answers) : judge(values, renewed, await ask(values, renewed, tools))
}

async function ask({ apiVersion }: Asked, tokens: Tokens, tools: TestTools): Promise<Answers> {
  const origin = tokens.captured.instance_url ?? ''
  const authorization = new Secret(`Bearer ${tokens.accessToken.reveal()}`)
  const getOnce = (path: string, headers: Readonly<Record<string, string | Secret>>, maxBytes?: number): Promise<HttpResponse> =>
    tools.http({
      method: 'GET',
      url: new URL(path, origin),
      origin,
      headers: { accept: 'application/json', ...headers },
      ...(maxBytes === undefined ? {} : { maxBytes }),
      signal: tools.signal,
    })
  const get: typeof getOnce = async (...request) => {
    const response = await getOnce(...request)
    return isStumble(response) ? getOnce(...request) : response
  }
  const query = `/services/data/v${apiVersion ?? FLOOR_VERSION}/query?q=${encodeURIComponent(ORGANIZATION)}`
  const [user, organization, versions] = await Promise.all([
    get('/services/oauth2/userinfo', { authorization }),
    get(query, { authorization }),
    // Not counted, not authenticated, and nothing depends on it.
    get('/services/data/', {}, VERSION_BYTES).catch(() => undefined),
  ])
  return {
    user: readAnswer(user),
    organization: readAnswer(organization),
    usage: readUsage(organization.headers['sforce-limit-info']),
    newest: versions === undefined ? null : newestOf(versions),
  }
}

function newestOf(response: HttpResponse): string | null {
  try {
    const meaning = readAnswer(response)
    return meaning.kind === 'data' ? newestVersion(meaning.json) : null
  } catch {
    return null
  }
}

interface Findings {
  readonly checks: Check[]
  readonly warnings: Warning[]
  identity: Identity | null
  readonly server: { readonly version: string | null } | null
}

function judge(values: Asked, tokens: Tokens, { user, organization, usage, newest }: Answers): TestReport {
  const found: Findings = { checks: [], warnings: [], identity: null, server: newest === null ? null : { version: newest } }
  if (user.kind === 'expired' || organization.kind === 'expired') return failed(found, 'token', expired(values.auth))
  if (user.kind === 'failed' && organization.kind === 'failed') return failed(found, 'identity', refusalOf(user.reason, values))
  if (user.kind === 'data' && textOf(user.json, '/organization_id') === null)
    return failed(found, 'identity', refusalOf('not_salesforce', values))
  found.identity = identityOf(user, organization)
  if (user.kind === 'data' && (user.json as { readonly active?: Json }).active === false)
    return failed(found, 'identity', refusalOf('inactive_user', values))
  passed(found, 'token', tokens.scope === null ? 'accepted' : `scopes ${visible(tokens.scope, 120)}`)
  judgeUser(found, user, values)
  if (organization.kind === 'failed') {
    const ends = CAUSES[organization.reason] !== 'permission_denied'
    const refusal = refusalOf(organization.reason, values)
    if (ends) return failed(found, 'api', refusal)
    found.checks.push({ name: 'api', passed: false, detail: refusal.message })
    found.warnings.push({ code: WARNING_CODES[organization.reason] ?? 'no_api_access', message: `${refusal.message}; ${refusal.hint}` })
  } else {
    passed(found, 'api', editionOf(organization.json))
    if (usage !== null) passed(found, 'limits', `${usage.most - usage.used} of ${usage.most} requests of the day are left`)
  }
  return { outcome: 'connected', cause: null, message: null, hint: null, ...rest(found) }
}

/** A token without the scope for the identity still reads data; it is said, and no failure. */
function judgeUser(found: Findings, user: Meaning, values: Asked): void {
  if (user.kind === 'data') passed(found, 'identity', found.identity?.userEmail ?? found.identity?.userName ?? 'known')
  else if (user.kind === 'failed') found.checks.push({ name: 'identity', passed: false, detail: refusalOf(user.reason, values).message })
}

const WARNING_CODES: Partial<Record<Reason, string>> = { api_disabled: 'api_disabled', api_policy: 'api_scope_missing' }

function identityOf(user: Meaning, organization: Meaning): Identity {
  const row = organization.kind === 'data' ? organization.json : null
  const person = user.kind === 'data' ? user.json : null
  return {
    accountId: textOf(person, '/organization_id') ?? textOf(row, '/records/0/Id'),
    accountName: textOf(row, '/records/0/Name'),
    userName: textOf(person, '/name') ?? textOf(person, '/preferred_username'),
    userEmail: textOf(person, '/email'),
    role: textOf(person, '/user_type'),
  }
}

function editionOf(json: Json): string {
  const row = (json as { readonly records?: readonly { readonly IsSandbox?: Json }[] }).records?.[0]
  const parts = [textOf(json, '/records/0/OrganizationType'), textOf(json, '/records/0/InstanceName')].filter((part) => part !== null)
  const sandbox = row?.IsSandbox === true ? ['sandbox'] : []
  return [...parts.map((part) => visible(part, 60)), ...sandbox].join(', ') || 'the data API answers'
}

function passed({ checks }: Findings, name: string, detail: string): void {
  checks.push({ name, passed: true, detail: visible(detail) })
}

function failed(found: Findings, name: string, { cause, message, hint }: Refusal): TestReport {
  found.checks.push({ name, passed: false, detail: message })
  return { outcome: 'failed', cause, message, hint, ...rest(found) }
}

function rest({ identity, checks, server, warnings }: Findings): Pick<TestReport, 'identity' | 'checks' | 'server' | 'warnings'> {
  return { identity, checks, server, warnings }
}

function expired(auth: string): Refusal {
  const message = 'the access token has expired, was revoked, or belongs to another instance'
  if (auth === 'access_token') {
    const hint = 'get a new one and its instance URL: crm edit {name} --access-token-stdin --instance-url <url>'
    return { cause: 'auth_rejected', message, hint }
  }
  const signsIn = auth === 'oauth_browser' || auth === 'refresh_token'
  return {
    cause: 'auth_rejected',
    message: 'the org refuses even a new access token',
    hint: signsIn
      ? 'sign in again: crm login {name}'
      : 'check the session policies of the app and the IP ranges of its user, then: crm test {name}',
  }
}

function refusalOf(reason: Reason, { auth, apiVersion }: Asked): Refusal {
  const { message, hint } = TEXTS[reason]
  const setting = auth === 'access_token' ? '--instance-url <url>' : '--login-host <host>'
  const version = apiVersion === undefined ? 'crm test {name}' : 'crm edit {name} --api-version <version>'
  const filled = reason === 'rejected' ? expired(auth).hint : hint.replace('<host setting>', setting).replace('<version>', version)
  return { cause: CAUSES[reason], message, hint: filled }
}

const TEXTS: Readonly<Record<Reason, { readonly message: string; readonly hint: string }>> = {
  rejected: { message: 'the org refused the access token', hint: '' },
  header_dropped: {
    message: 'the access token did not arrive: something between here and Salesforce drops the Authorization header',
    hint: 'let the proxy pass it, then: crm test {name}',
  },
  other_org: {
    message: 'the access token belongs to another org',
    hint: 'give the address of its own org: crm edit {name} <host setting>',
  },
  inactive_user: { message: 'the user is inactive', hint: 'let an administrator activate the user, then: crm test {name}' },
  api_policy: {
    message: 'the token may not use the data API: the app lacks the scope "api", or its policies have changed',
    hint: 'add "Manage user data via APIs (api)" to the scopes of the app, then: crm login {name}',
  },
  not_attached: {
    message: 'the app is not attached to the agent that it acts for',
    hint: 'attach the app in Setup, then: crm test {name}',
  },
  api_disabled: {
    message: 'this edition or this user has no API access',
    hint: 'give the user the permission "API Enabled", or check the edition in Setup under Company Information, then: crm test {name}',
  },
  daily_limit: {
    message: 'the org has used up its requests of the last 24 hours',
    hint: 'wait, or look at Setup, System Overview, API Usage, then: crm test {name}',
  },
  no_permission: {
    message: 'the user may not read the organization',
    hint: 'give the user the permission "API Enabled" and "View Setup and Configuration", then: crm test {name}',
  },
  bad_version: {
    message: 'the org does not serve this version of the API',
    hint: 'choose another: <version>',
  },
  maintenance: { message: 'the org is in maintenance or overloaded', hint: 'see status.salesforce.com, then: crm test {name}' },
  fault: { message: 'Salesforce has a fault of its own', hint: 'wait until it is mended, then: crm test {name}' },
  too_fast: { message: 'Salesforce wants fewer requests (429)', hint: 'wait a little, then: crm test {name}' },
  not_salesforce: {
    message: 'the instance did not answer as a Salesforce org',
    hint: 'check the address: crm edit {name} <host setting>',
  },
}
