import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DemoKnown, findDemo, knownOf } from '../../src/chatwoot/demo-find.ts'
import { markOf, marksIn, markText, withMark, withMarkRemoved } from '../../src/chatwoot/demo-marks.ts'
import { readBot, readInbox } from '../../src/chatwoot/read.ts'
import type { DemoRecord, JournalEntry } from '../../src/core/demo.ts'
import type { Json } from '../../src/core/json.ts'

const UNKNOWN: DemoKnown = {
  inboxId: null,
  botId: null,
  deletedInboxes: new Map(),
  openRuns: new Set(),
  creations: [],
  webhookIds: new Set(),
}
const MARK = '[crm-demo:acme]'

const inbox = (id: number, message: string | null = null, more: Record<string, Json> = {}) =>
  readInbox({ id, name: 'Acme', channel_type: 'Channel::WebWidget', out_of_office_message: message, ...more })
const bot = (id: number, description: string | null = null, more: Record<string, Json> = {}) =>
  readBot({ id, name: 'Acme', description, account_id: 1, ...more })

test('equal names prove nothing: what is neither marked nor known is not found', () => {
  expect(findDemo('acme', '1', UNKNOWN, { inboxes: [inbox(1)], bots: [bot(2)] })).toMatchObject({ inbox: null, bot: null })
})

test('the mark of one demo is not that of another with a longer name', () => {
  const all = { inboxes: [inbox(1, '[crm-demo:acme-2]')], bots: [bot(2, 'crm-demo:acme'), bot(3, '[crm-demo:acme.x]')] }
  expect(findDemo('acme', '1', UNKNOWN, all)).toMatchObject({ inbox: null, bot: null })
})

test('of several marked objects the lowest id is taken, by number', () => {
  const all = { inboxes: [inbox(10, MARK), inbox(9, MARK), inbox(100, MARK)], bots: [bot(20, MARK), bot(3, MARK)] }
  const found = findDemo('acme', '1', UNKNOWN, all)
  expect([found.inbox?.id, found.bot?.id]).toEqual(['9', '3'])
  expect(found.doubles.inboxes.map(({ id }) => id)).toEqual(['10', '100'])
  expect(found.adopted).toEqual({ inbox: true, bot: true })
})

test('what the journal knows goes before what is marked, marked itself or not', () => {
  const all = { inboxes: [inbox(1, MARK), inbox(2)], bots: [bot(3, MARK), bot(4)] }
  const found = findDemo('acme', '1', { ...UNKNOWN, inboxId: '2', botId: '4' }, all)
  expect([found.inbox?.id, found.bot?.id]).toEqual(['2', '4'])
  expect(found.adopted).toEqual({ inbox: false, bot: false })
})

test('bots of the installation and of other accounts are not ours, marked or not', () => {
  const bots = [bot(1, MARK, { account_id: null }), bot(2, MARK, { system_bot: true }), bot(3, MARK, { account_id: 2 })]
  expect(findDemo('acme', '1', { ...UNKNOWN, botId: '1' }, { inboxes: [], bots }).bot).toBeNull()
})

test('an inbox whose deletion was begun is never used, and finished unless the server has accepted it', () => {
  const deletedInboxes = new Map([
    ['1', true],
    ['2', false],
  ])
  const all = { inboxes: [inbox(1, MARK), inbox(2, MARK), inbox(3, '[crm-demo-removed:acme]'), inbox(4, MARK)], bots: [] }
  const found = findDemo('acme', '1', { ...UNKNOWN, inboxId: '1', deletedInboxes }, all)
  expect(found.inbox?.id).toBe('4')
  expect(found.givenUp.map(({ id }) => id)).toEqual(['2', '3'])
  expect(found.deleting.map(({ id }) => id)).toEqual(['1'])
})

test('a double that a known run made without writing it down is late; one of an unknown run, or of a known object, is not', () => {
  const [first, second, other] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string]
  const text = (run: string) => markText('acme', run, '2026-06-17T10:00:00.000Z')
  const all = { inboxes: [], bots: [bot(1, text(second)), bot(2, text(first)), bot(3, text(other)), bot(4, text(second))] }
  const creations = [
    { kind: 'bot', runId: first, state: 'failed', remoteId: null },
    { kind: 'bot', runId: second, state: 'done', remoteId: '1' },
  ] as const
  const found = findDemo('acme', '1', { ...UNKNOWN, botId: '1', creations }, all)
  expect(found.doubles.bots.map(({ id }) => id)).toEqual(['2', '3', '4'])
  expect(found.late.bots.map(({ id }) => id)).toEqual(['2'])
})

test('an object of a run that did not live to write it down is not adopted but known', () => {
  const run = 'a'.repeat(32)
  const text = markText('acme', run, '2026-06-17T10:00:00.000Z')
  const found = findDemo('acme', '1', { ...UNKNOWN, openRuns: new Set([run]) }, { inboxes: [inbox(1, text)], bots: [bot(2, text)] })
  expect(found.adopted).toEqual({ inbox: false, bot: false })
})

const ENTRY: JournalEntry = { runId: 'b'.repeat(32), kind: 'inbox', action: 'delete', state: 'done', digest: '', remoteId: '7', at: '' }
const RECORD: DemoRecord = {
  ...{ slug: 'acme', name: 'Acme', integration: 'chatwoot', account: 'https://a.example/app/accounts/1', channel: 'web', status: 'ready' },
  ...{
    inboxId: '1',
    botId: '2',
    createdAt: '',
    updatedAt: '',
    journal: [ENTRY, { ...ENTRY, state: 'failed' }, { ...ENTRY, remoteId: '8', state: 'intent' }],
  },
}

test('a record is believed only about the account that it was written for', () => {
  expect(knownOf(RECORD, RECORD.account)).toMatchObject({
    inboxId: '1',
    botId: '2',
    deletedInboxes: new Map([
      ['7', true],
      ['8', false],
    ]),
  })
  expect(knownOf(RECORD, 'https://b.example/app/accounts/1')).toMatchObject({ inboxId: null, botId: null, deletedInboxes: new Map() })
})

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)

test('a mark is read back from any text around it, with run and time', () => {
  fc.assert(
    fc.property(slug, fc.string(), fc.string(), (name, before, after) => {
      fc.pre(!before.includes('[crm-demo') && !after.includes('[crm-demo'))
      const run = 'c'.repeat(32)
      for (const until of [null, '2026-07-01T00:00:00.000Z']) {
        const text = `${before}${markText(name, run, '2026-06-17T10:00:00.000Z', until)}${after}`
        expect(marksIn(text)).toEqual([{ slug: name, isRemoved: false, runId: run, madeAt: '2026-06-17T10:00:00.000Z', until }])
        expect(markOf(withMarkRemoved(text, name), name)?.isRemoved).toBe(true)
      }
    }),
  )
})

test("a mark fits into a bot's description, and is put behind what stands there", () => {
  expect(markText('x'.repeat(64), 'd'.repeat(32), '2026-06-17T10:00:00.000Z', '2026-07-01T00:00:00.000Z').length).toBeLessThan(255)
  expect([withMark(null, 'm'), withMark(' ', 'm'), withMark('text', 'm')]).toEqual(['m', 'm', 'text\nm'])
})

test('texts of any kind hold no marks by accident, and never hang the reader', () => {
  fc.assert(fc.property(fc.string({ maxLength: 2_000 }), (text) => void marksIn(text)))
  expect(marksIn(`[crm-demo:${'a'.repeat(100_000)}`)).toEqual([])
})
