import { type AccountCall, inAccount, requireAdministrator } from './access.ts'
import { asId, asText, type Cast, type Input, isBlank, isObject, permit, tooLong } from './input.ts'
import type { Columns, Webhook } from './records.ts'
import { empty, framework, json, missing, Refusal, type Reply, refuse, refuseViolations, type Violation } from './reply.ts'
import type { Route } from './route.ts'
import { randomToken } from './tokens.ts'
import { since, type World } from './world.ts'

/** Account webhooks (contract, section 10): for administrators only, reading included. There is no route that shows one. */
export const webhookRoutes: readonly Route[] = [
  webhookRoute('GET', '', (call) => {
    const { world } = call
    return json({ payload: { webhooks: world.state.webhooksOf(call.account.id).map((webhook) => webhookView(world, webhook)) } })
  }),
  webhookRoute('POST', '', postWebhook),
  webhookRoute('PATCH', '/:wid', patchWebhook),
  webhookRoute('DELETE', '/:wid', (call) => {
    call.world.state.webhooks.delete(accountWebhook(call).id)
    return empty()
  }),
]

function webhookRoute(method: string, path: string, handle: (call: AccountCall) => Reply): Route {
  return inAccount(method, `/webhooks${path}`, (call) => {
    requireAdministrator(call)
    return handle(call)
  })
}

/** The events of a webhook that names none. */
const DEFAULT_SUBSCRIPTIONS = [
  'conversation_status_changed',
  'conversation_updated',
  'conversation_created',
  'contact_created',
  'contact_updated',
  'message_created',
  'message_updated',
  'webwidget_triggered',
]

/** Events that can be subscribed to, with the release that brought them. */
const SUBSCRIBABLE = new Map([
  ...DEFAULT_SUBSCRIPTIONS.map((event): [string, string] => [event, event.startsWith('contact_') ? '2.14' : '2.5']),
  ['inbox_created', '3.2'],
  ['inbox_updated', '3.2'],
  ['conversation_typing_on', '4.2'],
  ['conversation_typing_off', '4.2'],
])

const COLUMNS: Readonly<Record<string, Cast>> = {
  url: asText,
  name: asText,
  inbox_id: (value) => asId(value) ?? null,
  subscriptions: (value) => (value === null || Array.isArray(value) ? value : undefined),
}

/** Keys of the model: only these are wrapped when they come flat, and only from JSON. */
const WRAPPED_KEYS = ['id', 'account_id', 'inbox_id', 'url', 'name', 'subscriptions', 'webhook_type', 'secret', 'created_at', 'updated_at']

/** The parameters under `webhook`: nested, or flat in JSON. None at all is a 422 of its own shape (before 2.10 the framework's 400). */
function webhookParams(call: AccountCall): Columns {
  const { body } = call
  const flat = Object.fromEntries(Object.entries(body).filter(([key]) => call.isJson && WRAPPED_KEYS.includes(key)))
  const params: Input = isObject(body.webhook) ? body.webhook : flat
  if (Object.keys(params).length > 0) return permit(params, COLUMNS)
  if (!since(call.world, '2.10')) throw new Refusal(framework(400))
  throw refuse(422, 'param is missing or the value is empty: webhook')
}

/** A URL somewhere in the text is enough: the original's pattern is not anchored. */
const URL_IN_TEXT = /https?:\/\/[^\s/?#]+/

function checkWebhook(world: World, accountId: number, columns: Columns, self?: Webhook): readonly Violation[] {
  const { url, subscriptions } = columns
  const taken = world.state.webhooksOf(accountId).some((other) => other !== self && other.columns.url === url)
  const known = (event: unknown): boolean => {
    const release = SUBSCRIBABLE.get(String(event))
    return release !== undefined && since(world, release)
  }
  const events: readonly unknown[] = Array.isArray(subscriptions) ? subscriptions : []
  return [
    ...(taken ? [{ attribute: 'url', says: 'has already been taken' }] : []),
    ...(isBlank(url) || !URL_IN_TEXT.test(String(url)) ? [{ attribute: 'url', says: 'is invalid' }] : []),
    ...tooLong('url', url, since(world, '4.10') ? 20_000 : 255),
    ...(events.length === 0 || !events.every(known) ? [{ attribute: 'subscriptions', says: 'Invalid events' }] : []),
  ]
}

function postWebhook(call: AccountCall): Reply {
  const { world, account } = call
  const params = webhookParams(call)
  const columns: Columns = { url: null, name: null, inbox_id: null, ...params }
  columns.subscriptions ??= DEFAULT_SUBSCRIPTIONS
  refuseViolations(checkWebhook(world, account.id, columns))
  const webhook = world.state.webhooks.insert((id) => ({ id, accountId: account.id, columns, secret: randomToken() }))
  return json({ payload: { webhook: webhookView(world, webhook) } })
}

function patchWebhook(call: AccountCall): Reply {
  const { world, account } = call
  const webhook = accountWebhook(call)
  const columns = { ...webhook.columns, ...webhookParams(call) }
  columns.subscriptions ??= DEFAULT_SUBSCRIPTIONS
  refuseViolations(checkWebhook(world, account.id, columns, webhook))
  Object.assign(webhook.columns, columns)
  return json({ payload: { webhook: webhookView(world, webhook) } })
}

function accountWebhook(call: AccountCall): Webhook {
  const webhook = call.world.state.webhooks.get(asId(call.params.wid))
  if (webhook === undefined || webhook.accountId !== call.account.id) throw missing()
  return webhook
}

function webhookView(world: World, webhook: Webhook): Columns {
  const { columns } = webhook
  const inbox = world.state.inboxes.get(asId(columns.inbox_id))
  return {
    id: webhook.id,
    ...(since(world, '4.8') ? { name: columns.name } : {}),
    url: columns.url,
    account_id: webhook.accountId,
    ...(since(world, '2.5') ? { subscriptions: columns.subscriptions } : {}),
    ...(since(world, '4.11.2') ? { secret: webhook.secret } : {}),
    ...(inbox === undefined ? {} : { inbox: { id: inbox.id, name: inbox.columns.name } }),
  }
}
