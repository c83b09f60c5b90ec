import { expect, test } from 'vitest'
import { account, ask, openSandbox, until, WEB_INBOX } from './support/sandbox.ts'

test('an inbox, a bot and their link can be made, read back and removed', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 10 })
  const admin = account(sandbox)
  const profile = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.administratorToken })).json
  expect(profile.accounts).toHaveLength(3)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const bot = (await admin.post('/agent_bots', { name: 'Helper', description: '[crm-demo:x] ä', outgoing_url: 'https://b.example' })).json
  const linked = await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  expect([linked.status, linked.text]).toEqual([200, ''])
  expect((await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json.agent_bot).toMatchObject({ id: bot.id, description: '[crm-demo:x] ä' })
  expect((await admin.post('/webhooks', { url: 'https://w.example' })).json.payload.webhook.subscriptions).toHaveLength(8)
  expect((await admin.post('/inbox_members', { inbox_id: inbox.id, user_ids: [2] })).json.payload).toHaveLength(1)
  expect((await admin.delete(`/inboxes/${inbox.id}`)).status).toBe(200)
  expect((await admin.delete(`/agent_bots/${bot.id}`)).text).toBe('')
  await until(async () => (await admin.get(`/inboxes/${inbox.id}`)).status === 404, 'the inbox is gone')
})
