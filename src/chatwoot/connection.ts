import { CrmError } from '../core/errors.ts'
import type { SettingValue } from '../core/field.ts'
import { Secret } from '../core/secret.ts'

/** What it takes to talk to one account of one Chatwoot. */
export interface Connection {
  /** `https://chat.example.com`, without trailing slash, `/app` and `/api`. */
  readonly baseUrl: string
  /** Digits. */
  readonly accountId: string
  /** A user's access token. */
  readonly apiKey: Secret
  /** PEM certificates that are trusted for this server besides those of the machine. */
  readonly ca?: string
}

/** How the inboxes of new demos are set up, where the integration says so. Chatwoot's words, ours in brackets. */
export interface InboxDefaults {
  readonly greetingEnabled?: boolean
  /** `enable_email_collect`. */
  readonly emailCollect?: boolean
  /** `enable_auto_assignment`. */
  readonly autoAssignment?: boolean
  /** `csat_survey_enabled`. */
  readonly csatSurvey?: boolean
}

/**
 * The connection among the values of an integration.
 * @throws {CrmError} `usage` naming what is missing; never the value of anything.
 */
export function connectionOf(values: Readonly<Record<string, SettingValue | Secret>>): Connection {
  const { baseUrl, accountId, apiKey, ca } = values
  if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl)) throw incomplete('baseUrl')
  if (typeof accountId !== 'string' || !/^\d{1,18}$/.test(accountId)) throw incomplete('accountId')
  if (!(apiKey instanceof Secret)) throw incomplete('apiKey')
  return { baseUrl: cleanBaseUrl(baseUrl), accountId, apiKey, ...(typeof ca === 'string' ? { ca } : {}) }
}

function incomplete(field: string): CrmError {
  const hint = `set it: crm edit {name} --${field === 'apiKey' ? 'api-key-stdin' : field === 'baseUrl' ? 'base-url <url>' : 'account-id <id>'}`
  return new CrmError('usage', `the Chatwoot integration has no usable ${field}`, {
    hint,
    problems: [{ field, message: 'is missing or not valid' }],
  })
}

/** The inbox defaults among the values of an integration; what is not set is left out. */
export function inboxDefaultsOf(values: Readonly<Record<string, SettingValue | Secret>>): InboxDefaults {
  const defaults: Record<string, boolean> = {}
  for (const key of ['greetingEnabled', 'emailCollect', 'autoAssignment', 'csatSurvey']) {
    const value = values[key]
    if (typeof value === 'boolean') defaults[key] = value
  }
  return defaults
}

/** A base URL without what people copy along with it: `/app...`, `/api...`, trailing slashes (contract section 1.2). */
export function cleanBaseUrl(text: string): string {
  const url = new URL(text)
  const path = url.pathname.replace(/\/(?:app|api)(?:\/.*)?$/, '').replace(/\/+$/, '')
  return `${url.origin}${path}`
}

/** Where an account lives: `https://chat.example.com/app/accounts/3`, the page that people open (contract section 1.3). */
export function accountUrl({ baseUrl, accountId }: Pick<Connection, 'baseUrl' | 'accountId'>): string {
  return `${baseUrl}/app/accounts/${accountId}`
}

/** An inbox's page in the dashboard. */
export function inboxUrl(connection: Pick<Connection, 'baseUrl' | 'accountId'>, inboxId: string): string {
  return `${accountUrl(connection)}/settings/inboxes/${inboxId}`
}

/** The page that Chatwoot itself has for a widget: the chat, without a website around it. */
export function widgetUrl({ baseUrl }: Pick<Connection, 'baseUrl'>, websiteToken: string): string {
  return `${baseUrl}/widget?website_token=${encodeURIComponent(websiteToken)}`
}
