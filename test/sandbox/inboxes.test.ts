import { expect, test } from 'vitest'
import { API_INBOX, account, ask, openSandbox, until, WEB_INBOX } from './support/sandbox.ts'

const TOKEN = /^[1-9A-HJ-NP-Za-km-z]{24}$/

const NULL_KEYS_OF_API = [
  'allowed_domains',
  'widget_color',
  'website_url',
  'welcome_title',
  'welcome_tagline',
  'web_widget_script',
  'website_token',
  'selected_feature_flags',
  'reply_time',
  'messaging_service_sid',
  'phone_number',
  'provider',
]

test('a web widget is created with every default, 200, as a bare object', async () => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/inboxes', WEB_INBOX)
  expect(answer.status).toBe(200)
  const { id, channel_id, website_token, hmac_token, web_widget_script, working_hours, pre_chat_form_options, ...rest } = answer.json
  expect(rest).toEqual({
    name: 'Website',
    channel_type: 'Channel::WebWidget',
    avatar_url: '',
    greeting_enabled: false,
    greeting_message: null,
    working_hours_enabled: false,
    enable_email_collect: true,
    csat_survey_enabled: false,
    csat_config: {},
    enable_auto_assignment: true,
    auto_assignment_config: {},
    out_of_office_message: null,
    timezone: 'UTC',
    callback_webhook_url: null,
    allow_messages_after_resolved: true,
    lock_to_single_conversation: false,
    sender_name_type: 'friendly',
    business_name: null,
    allowed_domains: '',
    widget_color: '#1f93ff',
    website_url: 'https://example.com',
    hmac_mandatory: false,
    welcome_title: null,
    welcome_tagline: null,
    selected_feature_flags: ['attachments', 'emoji_picker', 'end_conversation'],
    reply_time: 'in_a_few_minutes',
    messaging_service_sid: null,
    phone_number: null,
    provider: null,
    pre_chat_form_enabled: false,
    continuity_via_email: true,
  })
  expect([typeof id, typeof channel_id]).toEqual(['number', 'number'])
  expect([website_token, hmac_token]).toEqual([expect.stringMatching(TOKEN), expect.stringMatching(TOKEN)])
  expect(web_widget_script).toContain(`websiteToken: '${website_token}'`)
  expect(working_hours).toHaveLength(7)
  expect(pre_chat_form_options.pre_chat_fields).toHaveLength(3)
})

test('an API inbox is created with every default and three random tokens; common keys of other channels are null', async () => {
  const sandbox = await openSandbox()
  const inbox = (await account(sandbox).post('/inboxes', API_INBOX)).json
  expect(inbox).toMatchObject({ channel_type: 'Channel::Api', webhook_url: null, hmac_mandatory: false, additional_attributes: {} })
  const tokens = [inbox.inbox_identifier, inbox.hmac_token, inbox.secret]
  for (const token of tokens) expect(token).toMatch(TOKEN)
  expect(new Set(tokens).size).toBe(3)
  for (const key of NULL_KEYS_OF_API) expect(inbox[key], key).toBeNull()
  expect(inbox).not.toHaveProperty('pre_chat_form_enabled')
})

test('the seven working hours are open from nine to five on week days', async () => {
  const sandbox = await openSandbox()
  const hours = (await account(sandbox).post('/inboxes', WEB_INBOX)).json.working_hours
  expect(hours.map((day: Record<string, unknown>) => [day.day_of_week, day.closed_all_day, day.open_hour, day.close_hour])).toEqual([
    [0, true, null, null],
    ...[1, 2, 3, 4, 5].map((day) => [day, false, 9, 17]),
    [6, true, null, null],
  ])
})

test('the snippet names the frontend URL of the server, which may differ from the address used', async () => {
  const elsewhere = await openSandbox({ frontendUrl: 'http://0.0.0.0:3000' })
  const script = (await account(elsewhere).post('/inboxes', WEB_INBOX)).json.web_widget_script
  expect(script).toContain('BASE_URL="http://0.0.0.0:3000"')
  expect(script).toMatch(/^\n\s+<script>[\s\S]+<\/script>\n\s+$/)
  const own = await openSandbox()
  expect((await account(own).post('/inboxes', WEB_INBOX)).json.web_widget_script).toContain(`BASE_URL="${own.url}"`)
})

test('hmac_token is shown to administrators only since 2.12, and to everybody before', async () => {
  const keys = async (version: string) => {
    const sandbox = await openSandbox({ version })
    const inbox = sandbox.fixtures.foreignInboxes[0]?.id
    return Object.hasOwn((await account(sandbox, sandbox.agentToken).get(`/inboxes/${inbox}`)).json, 'hmac_token')
  }
  expect(await keys('2.11.0')).toBe(true)
  expect(await keys('2.12.0')).toBe(false)
})

test('the secret of an API inbox is for administrators, since 4.13', async () => {
  for (const [version, shown] of [
    ['4.12.0', false],
    ['4.13.0', true],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const inbox = (await account(sandbox).post('/inboxes', API_INBOX)).json
    expect(Object.hasOwn(inbox, 'secret'), version).toBe(shown)
    await account(sandbox).post('/inbox_members', { inbox_id: inbox.id, user_ids: [sandbox.fixtures.agent.id] })
    const seen = (await account(sandbox, sandbox.agentToken).get(`/inboxes/${inbox.id}`)).json
    expect(seen).not.toHaveProperty('secret')
    expect(seen).toHaveProperty('inbox_identifier')
  }
})

test('keys of the inbox object come with their releases', async () => {
  const shown = async (version: string) => Object.keys((await account(await openSandbox({ version })).post('/inboxes', WEB_INBOX)).json)
  const names = ['auto_assignment_config', 'lock_to_single_conversation', 'sender_name_type', 'csat_config', 'allowed_domains']
  const present = async (version: string) => {
    const keys = await shown(version)
    return names.filter((name) => keys.includes(name))
  }
  expect(await present('2.5.0')).toEqual([])
  expect(await present('2.16.0')).toEqual(names.slice(0, 2))
  expect(await present('3.0.0')).toEqual(names.slice(0, 3))
  expect(await present('4.5.0')).toEqual(names.slice(0, 4))
  expect(await present('4.6.0')).toEqual(names)
})

test('texts go through exactly: names of the channels, messages, attributes', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const text = ' Zahnärzte "Acme" <b>\\n</b> 🦷\n[crm-demo:acme] '
  const attributes = { nested: { list: [1, 'two', null, { deep: true }] }, ключ: 'значение' }
  const body = { ...API_INBOX, name: text, out_of_office_message: text, greeting_message: text, business_name: text }
  const made = (await admin.post('/inboxes', { ...body, channel: { type: 'api', additional_attributes: attributes } })).json
  const read = (await admin.get(`/inboxes/${made.id}`)).json
  expect([read.name, read.out_of_office_message, read.greeting_message, read.business_name]).toEqual([text, text, text, text])
  expect(read.additional_attributes).toEqual(attributes)
})

test('duplicate names are allowed, and the list is complete and sorted by lower-case name', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const names = Array.from({ length: 60 }, (_, index) => `n${String(index).padStart(2, '0')}`)
  for (const name of ['beta', 'Alpha', 'beta', 'Zulu', 'alpha 2', ...names]) await admin.post('/inboxes', { ...API_INBOX, name })
  const listed = (await admin.get('/inboxes')).json.payload.map((inbox: { name: string }) => inbox.name)
  expect(listed).toEqual(['Alpha', 'alpha 2', 'beta', 'beta', ...names, 'Sandbox One reception', 'Zulu'])
})

test('agents see the inboxes they are members of, and 401 for the others', async () => {
  const sandbox = await openSandbox()
  const inbox = (await account(sandbox).post('/inboxes', API_INBOX)).json
  const agent = account(sandbox, sandbox.agentToken)
  expect((await agent.get('/inboxes')).json.payload).toHaveLength(1)
  const refused = await agent.get(`/inboxes/${inbox.id}`)
  expect([refused.status, refused.json]).toEqual([401, { error: 'You are not authorized to do this action' }])
  expect((await agent.get('/inboxes/999')).status).toBe(404)
})

test('an inbox of another account is not found', async () => {
  const sandbox = await openSandbox()
  const other = sandbox.fixtures.foreignInboxes[1]?.id
  expect((await account(sandbox).get(`/inboxes/${other}`)).status).toBe(404)
  expect((await account(sandbox, sandbox.administratorToken, 2).get(`/inboxes/${other}`)).status).toBe(200)
})

test.each([
  ['blank name', { name: '' }, "Name can't be blank", 'name'],
  ['the text null as name', { name: 'null' }, "Name can't be blank", 'name'],
  ['blank website_url', { channel: { type: 'web_widget', website_url: ' ' } }, "Website url can't be blank", 'website_url'],
  ['unknown channel type', { channel: { type: 'pigeon' } }, 'Channel must exist', 'channel'],
  ['unknown time zone', { timezone: 'Mars/Base' }, 'Timezone is not included in the list', 'timezone'],
  ['long name', { name: 'n'.repeat(256) }, 'Name is too long (maximum is 255 characters)', 'name'],
  [
    'long greeting',
    { greeting_message: 'n'.repeat(10_001) },
    'Greeting message is too long (maximum is 10000 characters)',
    'greeting_message',
  ],
])('422 for %s', async (_what, change, message, attribute) => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/inboxes', { ...WEB_INBOX, ...change })
  expect([answer.status, answer.json]).toEqual([422, { message, attributes: [attribute] }])
  expect(sandbox.state.inboxes.size).toBe(2)
})

test('from 2.7 to 4.2 a name with symbols is refused, before and after it is not', async () => {
  const accepted = async (version: string, name: string) => {
    return (await account(await openSandbox({ version })).post('/inboxes', { ...WEB_INBOX, name })).status
  }
  for (const name of ['Test (bot)', 'a/b', '<b>', 'a@b']) {
    expect([name, await accepted('2.16.0', name)]).toEqual([name, 422])
    expect([name, await accepted('4.2.0', name)]).toEqual([name, 422])
    expect([name, await accepted('4.3.0', name)]).toEqual([name, 200])
    expect([name, await accepted('2.6.0', name)]).toEqual([name, 200])
  }
  expect(await accepted('3.9.0', "Acme's Dental 24")).toBe(200)
})

test.each([
  ['a missing channel', { channel: undefined }],
  ['a channel that is no object', { channel: 'api' }],
  ['an avatar that is text', { avatar: 'https://example.com/a.png' }],
  ['an unknown reply time', { channel: { ...WEB_INBOX.channel, reply_time: 'soon' } }],
  ['an unknown sender name type', { sender_name_type: 'odd' }],
  ['a portal that does not exist', { portal_id: 1 }],
])('500 for %s', async (_what, change) => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/inboxes', { ...WEB_INBOX, ...change })
  expect([answer.status, answer.json]).toEqual([500, { status: 500, error: 'Internal Server Error' }])
  expect(sandbox.state.inboxes.size).toBe(2)
})

test('channel.type on update is a 500, and what was saved before it stays', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const answer = await admin.patch(`/inboxes/${inbox.id}`, { name: 'Renamed', channel: { type: 'web_widget', welcome_title: 'Hi' } })
  expect(answer.status).toBe(500)
  expect((await admin.get(`/inboxes/${inbox.id}`)).json).toMatchObject({ name: 'Renamed', welcome_title: null })
})

test('an update is not one transaction: a refused channel leaves the inbox fields saved', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const answer = await admin.patch(`/inboxes/${inbox.id}`, { greeting_enabled: true, channel: { website_url: '' } })
  expect([answer.status, answer.json.attributes]).toEqual([422, ['website_url']])
  expect((await admin.get(`/inboxes/${inbox.id}`)).json).toMatchObject({ greeting_enabled: true, website_url: 'https://example.com' })
})

test('an update shows its change at once, by PATCH and by PUT, and leaves the rest alone', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const changed = (await admin.patch(`/inboxes/${inbox.id}`, { greeting_enabled: 'false', channel: { widget_color: '#009688' } })).json
  expect(changed).toEqual({ ...inbox, widget_color: '#009688' })
  const hours = [{ day_of_week: 0, closed_all_day: false, open_hour: 10, open_minutes: 30, close_hour: 12, close_minutes: 0 }]
  const put = (await admin.put(`/inboxes/${inbox.id}`, { working_hours: hours, csat_config: { message: 'How was it?' } })).json
  expect(put.working_hours[0]).toEqual({ ...hours[0], open_all_day: false })
  expect(put.csat_config).toEqual({ display_type: 'emoji', message: 'How was it?', survey_rules: { operator: 'contains', values: [] } })
  expect((await admin.patch(`/inboxes/${inbox.id}`, { working_hours: [{ day_of_week: 9 }] })).status).toBe(500)
})

test('402 at the configured limit, checked before the role', async () => {
  const sandbox = await openSandbox({ inboxLimit: 2 })
  expect((await account(sandbox).post('/inboxes', API_INBOX)).status).toBe(200)
  for (const token of [sandbox.administratorToken, sandbox.agentToken]) {
    const answer = await account(sandbox, token).post('/inboxes', API_INBOX)
    expect([answer.status, answer.json]).toEqual([402, { error: 'Account limit exceeded. Upgrade to a higher plan' }])
  }
})

test('a deleted inbox stays listed and usable until its deletion is done, and a repeated delete is 200', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 'never' })
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const accepted = { message: 'Your inbox deletion request will be processed in some time.' }
  for (let times = 0; times < 2; times++) {
    const answer = await admin.delete(`/inboxes/${inbox.id}`)
    expect([answer.status, answer.json]).toEqual([200, accepted])
    expect((await admin.get('/inboxes')).json.payload).toHaveLength(2)
    expect((await admin.patch(`/inboxes/${inbox.id}`, { name: 'Still here' })).json.name).toBe('Still here')
  }
})

test('a deletion takes the configured delay, and then the inbox is 404', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 120 })
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const startedAt = performance.now()
  await admin.delete(`/inboxes/${inbox.id}`)
  await until(async () => (await admin.get(`/inboxes/${inbox.id}`)).status === 404, 'the inbox is gone')
  expect(performance.now() - startedAt).toBeGreaterThan(115)
  expect((await admin.delete(`/inboxes/${inbox.id}`)).status).toBe(404)
})

test('while the workers are down a deleted inbox never goes, until they are back', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 'never' })
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  await admin.delete(`/inboxes/${inbox.id}`)
  expect((await admin.get(`/inboxes/${inbox.id}`)).status).toBe(200)
  sandbox.finishDeletions()
  expect((await admin.get(`/inboxes/${inbox.id}`)).status).toBe(404)
  expect((await admin.get('/inboxes')).json.payload).toHaveLength(1)
})

test('before 2.16 the deletion is done at once, with an empty body', async () => {
  const sandbox = await openSandbox({ version: '2.15.0' })
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const answer = await admin.delete(`/inboxes/${inbox.id}`)
  expect([answer.status, answer.text]).toEqual([200, ''])
  expect((await admin.get(`/inboxes/${inbox.id}`)).status).toBe(404)
})

test('reset_secret gives an API inbox a new secret, an empty 404 for others, and is missing before 4.13', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const [api, web] = [(await admin.post('/inboxes', API_INBOX)).json, (await admin.post('/inboxes', WEB_INBOX)).json]
  const renewed = (await admin.post(`/inboxes/${api.id}/reset_secret`)).json
  expect(renewed.secret).toMatch(TOKEN)
  expect(renewed.secret).not.toBe(api.secret)
  const refused = await admin.post(`/inboxes/${web.id}/reset_secret`)
  expect([refused.status, refused.text]).toEqual([404, ''])
  const older = await openSandbox({ version: '4.12.0' })
  const asJson = { token: older.administratorToken, headers: { accept: 'application/json' } }
  const answer = await ask(older, 'POST', '/api/v1/accounts/1/inboxes/1/reset_secret', asJson)
  expect([answer.status, answer.json]).toEqual([404, { status: 404, error: 'Not Found' }])
})

test('after 4.15.1 the HMAC token can be replaced', async () => {
  const newer = await openSandbox({ version: '4.16.2' })
  const inbox = (await account(newer).post('/inboxes', WEB_INBOX)).json
  const rotated = (await account(newer).post(`/inboxes/${inbox.id}/rotate_hmac_token`)).json
  expect(rotated).toEqual({ ...inbox, hmac_token: expect.stringMatching(TOKEN) })
  expect(rotated.hmac_token).not.toBe(inbox.hmac_token)
  expect((await account(await openSandbox()).post('/inboxes/1/rotate_hmac_token')).status).toBe(404)
})

test('members are added once, replaced, removed and listed; an unknown user is 422, missing ids are 500', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const body = (...ids: number[]) => ({ inbox_id: inbox.id, user_ids: ids })
  const ids = (answer: { json: { payload: { id: number }[] } }) => answer.json.payload.map(({ id }) => id)
  expect(ids(await admin.post('/inbox_members', body(2)))).toEqual([2])
  expect(ids(await admin.post('/inbox_members', body(2, 1)))).toEqual([1, 2])
  expect(ids(await admin.patch('/inbox_members', body(2)))).toEqual([2])
  expect((await admin.delete('/inbox_members', body(2))).text).toBe('')
  expect(ids(await admin.get(`/inbox_members/${inbox.id}`))).toEqual([])
  expect((await admin.post('/inbox_members', body(99))).json).toEqual({ message: 'User must exist', attributes: ['user'] })
  expect((await admin.post('/inbox_members', { inbox_id: inbox.id })).status).toBe(500)
  expect((await admin.post('/inbox_members', { inbox_id: 999, user_ids: [] })).status).toBe(404)
})
