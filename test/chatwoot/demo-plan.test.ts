import fc from 'fast-check'
import { expect, test } from 'vitest'
import { botBody, inboxBody, inverse, newInboxBody } from '../../src/chatwoot/demo-body.ts'
import { type DemoObserved, type DemoWanted, planDemo } from '../../src/chatwoot/demo-plan.ts'
import { readAgents, readBot, readInbox } from '../../src/chatwoot/read.ts'
import type { Json } from '../../src/core/json.ts'

const RUN = '0'.repeat(32)
const MADE_AT = '2026-06-17T10:00:00.000Z'
const MARK = `[crm-demo:acme] run ${RUN} at ${MADE_AT}`

const WANTED: DemoWanted = {
  slug: 'acme',
  name: 'Acme',
  botUrl: 'https://bot.example/hook',
  channel: 'web',
  agents: [],
  defaults: {},
  runId: RUN,
  madeAt: MADE_AT,
}

const NOTHING: DemoObserved = {
  inbox: null,
  bot: null,
  adopted: { inbox: false, bot: false },
  linkedBotId: null,
  members: [],
  agents: [],
  webhooks: [],
  takenUrls: new Set(),
  listed: { inboxes: [], bots: [] },
}

const inboxOf = (more: Record<string, Json> = {}) =>
  readInbox({
    id: 9,
    name: 'Acme',
    channel_type: 'Channel::WebWidget',
    website_url: 'https://example.com',
    out_of_office_message: MARK,
    ...more,
  })
const botOf = (more: Record<string, Json> = {}) =>
  readBot({ id: 5, name: 'Acme', outgoing_url: 'https://bot.example/hook', description: MARK, account_id: 1, ...more })
const there = (more: Partial<DemoObserved> = {}): DemoObserved => ({
  ...NOTHING,
  inbox: inboxOf(),
  bot: botOf(),
  linkedBotId: '5',
  ...more,
})

/** A plan in one line per step. */
function outline(wanted: Partial<DemoWanted>, observed: DemoObserved): string[] {
  return planDemo({ ...WANTED, ...wanted }, observed).steps.map(({ kind, action, changes }) => {
    const fields = changes.map(({ field, from, to }) => `${field}: ${from} -> ${to}`)
    return `${action} ${kind}${fields.length === 0 ? '' : ` (${fields.join('; ')})`}`
  })
}

test.each<[string, Partial<DemoWanted>, DemoObserved, string[]]>([
  [
    'nothing there',
    {},
    NOTHING,
    [
      `create bot (name: null -> Acme; outgoingUrl: null -> https://bot.example/hook; description: null -> ${MARK})`,
      `create inbox (name: null -> Acme; websiteUrl: null -> https://example.com; outOfOffice: null -> ${MARK})`,
      'create link (bot: null -> null)',
    ],
  ],
  ['all there', {}, there(), ['keep bot', 'keep inbox', 'keep link']],
  [
    'settings that were not given are not managed',
    { defaults: { csatSurvey: true, emailCollect: false } },
    there({ inbox: inboxOf({ csat_survey_enabled: false, enable_email_collect: true, greeting_message: 'x', widget_color: '#000000' }) }),
    ['keep bot', 'keep inbox', 'keep link'],
  ],
  [
    'a greeting also turns greeting on',
    { greeting: 'Hello' },
    there({ inbox: inboxOf({ greeting_enabled: false, greeting_message: null }) }),
    ['keep bot', 'update inbox (greetingEnabled: false -> true; greeting: null -> Hello)', 'keep link'],
  ],
  [
    'colours are compared without case',
    { color: '#AABBCC' },
    there({ inbox: inboxOf({ widget_color: '#aabbcc' }) }),
    ['keep bot', 'keep inbox', 'keep link'],
  ],
  [
    'what the server does not tell is left alone',
    { welcomeTitle: 'Hi' },
    there({ inbox: readInbox({ id: 9, name: 'Acme', channel_type: 'Channel::WebWidget', out_of_office_message: MARK }) }),
    ['keep bot', 'keep inbox', 'keep link'],
  ],
  ['another name', { name: 'New' }, there(), ['update bot (name: Acme -> New)', 'update inbox (name: Acme -> New)', 'keep link']],
  ['no link', {}, there({ linkedBotId: null }), ['keep bot', 'keep inbox', 'create link (bot: null -> 5)']],
  ['a foreign bot', {}, there({ linkedBotId: '7' }), ['keep bot', 'keep inbox', 'update link (bot: 7 -> 5)']],
  [
    'no bot',
    {},
    there({ bot: null, linkedBotId: null }),
    [expect.stringMatching(/^create bot /), 'keep inbox', 'create link (bot: null -> null)'],
  ],
  [
    'marks that were taken away come back beside what was written instead',
    {},
    there({ bot: botOf({ description: 'mine' }), inbox: inboxOf({ out_of_office_message: '' }) }),
    [`update bot (description: mine -> mine\n${MARK})`, `update inbox (outOfOffice:  -> ${MARK})`, 'keep link'],
  ],
  [
    'a description without room for the mark stays',
    {},
    there({ bot: botOf({ description: 'x'.repeat(200) }) }),
    ['keep bot', 'keep inbox', 'keep link'],
  ],
])('plan: %s', (_name, wanted, observed, expected) => {
  expect(outline(wanted, observed)).toEqual(expected)
})

const AGENTS = readAgents([
  { id: 1, email: 'Ann@example.com' },
  { id: 2, email: 'ben@example.com' },
])

test.each<[string, string[], Partial<DemoObserved>, string | undefined, string[], string[]]>([
  ['none wanted', [], {}, undefined, [], []],
  ['new', ['ann@example.com'], {}, 'create agents (agents: null -> ann@example.com)', ['1'], []],
  ['there', ['ann@example.com'], { members: AGENTS }, 'keep agents', [], []],
  [
    'one of two',
    ['ben@example.com', 'ann@example.com'],
    { members: AGENTS.slice(0, 1) },
    'update agents (agents: ann@example.com -> ann@example.com, ben@example.com)',
    ['2'],
    [],
  ],
  ['unknown', ['carl@example.com'], {}, undefined, [], ['carl@example.com']],
  ['other members stay', ['ann@example.com'], { members: readAgents([{ id: 1 }, { id: 9 }]) }, 'keep agents', [], []],
])('agents: %s', (_name, agents, more, step, newMembers, unknown) => {
  const observed = there({ agents: AGENTS, ...more })
  const plan = planDemo({ ...WANTED, agents }, observed)
  expect(outline({ agents }, observed)[3]).toBe(step)
  expect(plan.newMembers.map(({ id }) => id)).toEqual(newMembers)
  expect(plan.unknownAgents).toEqual(unknown)
})

test('another channel is refused', () => {
  expect(() => planDemo({ ...WANTED, channel: 'api' }, there())).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test("the integration's settings are those of an inbox that is created, and what is given goes before them", () => {
  const defaults = { greetingEnabled: false, emailCollect: false, autoAssignment: false, csatSurvey: true }
  const plan = planDemo({ ...WANTED, defaults, greeting: 'Hello' }, NOTHING)
  expect(newInboxBody(plan.steps[1]?.changes ?? [], 'web')).toEqual({
    name: 'Acme',
    greeting_enabled: true,
    greeting_message: 'Hello',
    enable_email_collect: false,
    enable_auto_assignment: false,
    csat_survey_enabled: true,
    out_of_office_message: MARK,
    channel: { type: 'web_widget', website_url: 'https://example.com' },
  })
})

test('an update never names the channel type, and names the channel only when it changes', () => {
  expect(inboxBody([{ field: 'name', from: 'a', to: 'b' }])).toEqual({ name: 'b' })
  expect(inboxBody([{ field: 'color', from: null, to: '#112233' }])).toEqual({ channel: { widget_color: '#112233' } })
  expect(botBody(inverse([{ field: 'outgoingUrl', from: 'https://a.example', to: 'https://b.example' }]))).toEqual({
    outgoing_url: 'https://a.example',
  })
})

const textOr = fc.option(fc.string(), { nil: undefined })

test('carrying out a plan leaves nothing to plan, whatever was wanted and whatever was there', () => {
  const wanted = fc.record(
    {
      name: fc.string({ minLength: 1 }),
      websiteUrl: fc.webUrl(),
      greeting: fc.string({ minLength: 1 }),
      welcomeTitle: fc.string(),
      welcomeTagline: fc.string(),
      color: fc.constantFrom('#AABBCC', '#aabbcc', '#000000'),
    },
    { requiredKeys: ['name'] },
  )
  const found = fc.record({
    name: fc.string(),
    greeting_message: textOr,
    welcome_title: textOr,
    description: textOr,
    outgoing_url: textOr,
    isThere: fc.boolean(),
  })
  fc.assert(
    fc.property(wanted, found, (more, { isThere, description, outgoing_url, ...columns }) => {
      const full = { welcome_tagline: null, widget_color: null, website_url: null, greeting_enabled: false, out_of_office_message: null }
      const withNull = (record: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(record).map(([key, value]) => [key, value ?? null])) as Record<string, Json>
      const inbox = { id: 9, channel_type: 'Channel::WebWidget', ...full, ...withNull(columns) }
      const bot = { id: 5, name: 'x', ...withNull({ description, outgoing_url }) }
      const before: DemoObserved = isThere ? there({ inbox: readInbox(inbox), bot: readBot(bot), linkedBotId: null }) : NOTHING
      const goal = { ...WANTED, ...more } as DemoWanted
      const [botStep, inboxStep] = planDemo(goal, before).steps
      const body = inboxBody(inboxStep?.changes ?? [])
      const { channel, ...top } = body
      const after = there({
        bot: readBot({ ...(isThere ? bot : { id: 5 }), ...botBody(botStep?.changes ?? []) }),
        inbox: readInbox({
          ...(isThere ? inbox : { id: 9, channel_type: 'Channel::WebWidget' }),
          ...top,
          ...(channel as Record<string, Json> | undefined),
        }),
      })
      expect(planDemo(goal, after).changed).toBe(false)
    }),
  )
})
