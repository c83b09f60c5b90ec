import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf, inboxUrl, widgetUrl } from '../chatwoot/connection.ts'
import { type DemoTarget, errorFor, otherAccount } from '../chatwoot/demo-target.ts'
import type { DemoOpenAnswer } from '../core/answers.ts'
import type { DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Http } from '../core/ports.ts'

/** The schema of the answer. */
export const OPEN_DEMO_SCHEMA = 'crm.demo-open/1'

/** What finding the address of a demo needs of the world. */
export interface OpenDemoDeps {
  /** The network, for what the record does not tell. */
  readonly http: () => Promise<Http>
  readonly signal: AbortSignal
  readonly target: DemoTarget
}

/** A demo, and which of its pages is wanted. */
export interface OpenDemoRequest {
  readonly slug: string
  readonly name: string
  readonly inboxId: string | null
  readonly record?: DemoRecord
  /** The inbox in the dashboard, the page that Chatwoot has for the widget, or a page that was published. */
  readonly page: 'dashboard' | 'widget' | URL
}

/**
 * The address of a demo. That of the dashboard, and that of a page which is given, are known without the server where a record has the demo.
 * @throws {CrmError} `usage` for the page of a demo with channel api; `not_found` without an inbox; `conflict` in another account.
 */
export async function openDemo(deps: OpenDemoDeps, request: OpenDemoRequest): Promise<Omit<DemoOpenAnswer, 'opened'>> {
  const { target } = deps
  const { slug, name, record, page } = request
  const connection = connectionOf(target.values)
  const demo = { slug, name, integration: target.name, source: target.source }
  try {
    if (record !== undefined && record.account !== accountUrl(connection)) throw otherAccount(record, accountUrl(connection))
    const inboxId = request.inboxId ?? missingInbox(slug)
    if (page === 'dashboard') return { demo, place: 'dashboard', address: inboxUrl(connection, inboxId) }
    if (record?.channel === 'api') throw noPage(slug)
    if (page !== 'widget' && record !== undefined) return { demo, place: 'page', address: page.href }
    const inbox = await createClient(await deps.http(), connection, { signal: deps.signal }).getInbox(inboxId)
    if (inbox.channel !== 'web' || inbox.websiteToken === undefined) throw noPage(slug)
    return {
      demo,
      place: 'page',
      address: page === 'widget' ? widgetUrl(connection, inbox.websiteToken) : page.href,
    }
  } catch (error) {
    throw errorFor(target, error)
  }
}

/**
 * The address of a page: a web address as it is; else `index.html` of a directory, or a file.
 * @throws {CrmError} `not_found` when there is none.
 */
export async function pageAddress(text: string): Promise<URL> {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text)
  const path = resolve(text)
  for (const candidate of [join(path, 'index.html'), path]) {
    const isFile = await stat(candidate).then(
      (found) => found.isFile(),
      () => false,
    )
    if (isFile) return pathToFileURL(candidate)
  }
  throw new CrmError('not_found', `there is no page at ${text}`, {
    reason: 'it is neither a web address, nor a file, nor a directory with an index.html',
    hint: 'write one with: crm demo-create --output <dir>',
  })
}

function noPage(slug: string): CrmError {
  return new CrmError('usage', `the demo ${slug} has no page`, {
    reason: 'its channel is api, which has no widget',
    hint: 'leave --page and --qr away: its inbox in the dashboard is opened',
  })
}

function missingInbox(slug: string): never {
  throw new CrmError('not_found', `the demo ${slug} has no inbox`, { hint: 'finish it with the command that made it' })
}
