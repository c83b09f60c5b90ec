import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/core/answers.ts'
import { CrmError } from '../../src/core/errors.ts'
import { createRedactor } from '../../src/core/redact.ts'
import type { LoadView } from '../../src/terminal/ui.ts'
import { captured } from './captured.ts'

const view: LoadView<unknown> = async () => (data) => `view of ${JSON.stringify(data)}`
const untouched: LoadView<unknown> = async () => {
  throw new Error('the view must not be loaded')
}
const rejected = new CrmError('auth_rejected', 'Chatwoot rejected the token of acme', {
  reason: 'the token is unknown',
  hint: 'crm edit acme --api-key-stdin',
  cause: new Error('inner detail'),
})

function answerOf(data: unknown, more: Partial<Answer<unknown>> = {}): Answer<unknown> {
  return { schema: 'crm.sample/1', data, warnings: [], ...more }
}

describe('with --json', () => {
  it('prints one document in the envelope, and nothing on standard error', async () => {
    const { ui, stdout, stderr } = captured({ flags: { json: true } })
    ui.note('in passing')
    ui.step('a step')
    ui.progress('waiting').end('done')
    ui.warn({ code: 'early', message: 'said before' })
    ui.warn({ code: 'early', message: 'said before' })
    await ui.answer(answerOf({ a: 1 }, { warnings: [{ code: 'late', message: 'said with it' }] }), untouched)
    expect(stdout()).toBe(
      `${JSON.stringify(
        {
          schema: 'crm.sample/1',
          ok: true,
          data: { a: 1 },
          warnings: [
            { code: 'early', message: 'said before' },
            { code: 'late', message: 'said with it' },
          ],
        },
        null,
        2,
      )}\n`,
    )
    expect(stderr()).toBe('')
  })

  it('puts a failure into the document, without cause and stack', async () => {
    const { ui, stdout, stderr } = captured({ flags: { json: true } })
    await ui.fail(rejected, 'crm.test/1')
    expect(JSON.parse(stdout())).toEqual({
      schema: 'crm.test/1',
      ok: false,
      data: null,
      warnings: [],
      error: {
        code: 'auth_rejected',
        message: 'Chatwoot rejected the token of acme',
        hint: 'crm edit acme --api-key-stdin',
        retryable: false,
        reason: 'the token is unknown',
      },
    })
    expect(stderr()).toBe('')
  })

  it('keeps what was found beside the failure', async () => {
    const { ui, stdout } = captured({ flags: { json: true } })
    await ui.answer(answerOf({ found: 2 }, { error: rejected }), untouched)
    expect(JSON.parse(stdout())).toMatchObject({ ok: false, data: { found: 2 }, error: { code: 'auth_rejected' } })
  })

  it('is never coloured, whatever FORCE_COLOR says', async () => {
    const { ui, stdout } = captured({ flags: { json: true }, facts: { FORCE_COLOR: '1' }, columns: 80 })
    await ui.fail(rejected, 'crm.test/1')
    expect(stdout()).not.toContain('\u001b')
  })

  it('escapes hostile text so that it reads the same once parsed (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const { ui, stdout } = captured({ flags: { json: true } })
        const hostile = `${text}\u001b[31m\u202e##[error]##vso[x]\u{e0041}\ud800`
        await ui.answer(answerOf({ text: hostile }), untouched)
        expect(JSON.parse(stdout()).data.text).toBe(hostile)
        expect(stdout()).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u{e0000}-\u{e007f}]|##(?:vso)?\[/iu,
        )
      }),
    )
  })

  it('speaks on standard error with -v only', async () => {
    const { ui, stderr } = captured({ flags: { json: true, verbose: 1 } })
    ui.step('opened the vault', 12)
    ui.http('GET https://chat.example.com/api')
    expect(stderr()).toBe('opened the vault (12 ms)\n')
  })
})

describe('--fields', () => {
  const data = {
    profile: 'p',
    items: [
      { name: 'a', last: null },
      { name: 'b', last: { at: 1, by: 2 } },
    ],
    none: [],
  }
  const kept = async (...fields: string[]) => {
    const { ui, stdout } = captured({ flags: { json: true, fields } })
    await ui.answer(answerOf(data), untouched)
    return JSON.parse(stdout()).data
  }

  it('keeps only what it names, through arrays', async () => {
    expect(await kept('items.name', 'items.last.at')).toEqual({
      items: [
        { name: 'a', last: null },
        { name: 'b', last: { at: 1 } },
      ],
    })
  })

  it('keeps a whole branch when its root is named', async () => {
    expect(await kept('items')).toEqual({ items: data.items })
  })

  it('leaves out what this answer does not have', async () => {
    expect(await kept('none.anything', 'items.last.by', 'items.absent', 'absent')).toEqual({
      none: [],
      items: [{ last: null }, { last: { by: 2 } }],
    })
  })
})

describe('for people', () => {
  it('prints the view on standard output; warnings and the error on standard error', async () => {
    const { ui, stdout, stderr } = captured()
    await ui.answer(answerOf({ a: 1 }, { warnings: [{ code: 'w', message: 'mind this' }], error: rejected }), view)
    expect(stdout()).toBe('view of {"a":1}\n')
    expect(stderr()).toBe(
      [
        'warning: mind this',
        'error: Chatwoot rejected the token of acme',
        '  cause: the token is unknown',
        '  fix:   crm edit acme --api-key-stdin',
        '  code:  auth_rejected (exit 4)   more: crm help exit-codes',
        '',
      ].join('\n'),
    )
  })

  it('prints results and errors only with --quiet', async () => {
    const { ui, stdout, stderr } = captured({ flags: { quiet: true } })
    ui.note('in passing')
    ui.warn({ code: 'w', message: 'now' })
    ui.progress('waiting').end()
    await ui.answer(answerOf(1, { warnings: [{ code: 'w', message: 'then' }], error: rejected }), view)
    expect(stdout()).toBe('view of 1\n')
    expect(stderr()).toMatch(/^error: /)
  })

  it('warns once for each message', async () => {
    const { ui, stderr } = captured()
    ui.warn({ code: 'w', message: 'the same' })
    ui.warn({ code: 'w', message: 'the same' })
    await ui.answer(answerOf(1, { warnings: [{ code: 'w', message: 'the same' }] }), view)
    expect(stderr()).toBe('warning: the same\n')
  })

  it('says a cancellation in one line', async () => {
    const { ui, stderr } = captured()
    await ui.fail(new CrmError('cancelled', 'Cancelled. Nothing was changed.'), 'crm.add/1')
    expect(stderr()).toBe('Cancelled. Nothing was changed.\n')
  })

  it('lists every problem of an input', async () => {
    const { ui, stderr } = captured()
    const problems = [
      { field: 'baseUrl', message: 'must be https' },
      { field: 'id', message: 'must be digits' },
    ]
    await ui.fail(new CrmError('usage', '2 values are not valid', { problems }), 'crm.add/1')
    expect(stderr()).toContain('error: 2 values are not valid\n  baseUrl  must be https\n  id       must be digits\n')
  })

  it('shows stacks and causes with -v -v only, redacted', async () => {
    const redactor = createRedactor()
    redactor.register('inner detail')
    for (const verbose of [0, 1, 2] as const) {
      const { ui, stderr } = captured({ flags: { verbose }, redactor })
      await ui.fail(rejected, 'crm.test/1')
      expect(stderr().includes('at ')).toBe(verbose === 2)
      expect(stderr()).not.toContain('inner detail')
    }
  })

  it('makes remote text in errors and notes visible', async () => {
    const { ui, stderr } = captured()
    ui.note('name \u001b]0;title\u0007')
    await ui.fail(new CrmError('provider_error', 'answered \u001b[2J', { reason: 'a\u202eb' }), 'crm.test/1')
    expect(stderr()).not.toMatch(/[\u001b\u0007\u202e]/)
    expect(stderr()).toContain('\\x1b]0;title\\x07')
  })

  it('leaves no line in CI that a CI system would obey', async () => {
    const { ui, stdout, stderr } = captured({ facts: { CI: 'true' } })
    ui.note('::set-output name=a::b')
    ui.note('x ##vso[task.setvariable]y ##[error]z')
    await ui.answer(answerOf(1), async () => () => 'first\n  ::error::second')
    expect(stdout()).toBe('first\n  \\x3a:error::second\n')
    expect(stderr()).toBe('\\x3a:set-output name=a::b\nx \\x23#vso[task.setvariable]y \\x23#[error]z\n')
  })

  it('names each step with its duration where nothing can be erased', () => {
    const { ui, stderr } = captured()
    const progress = ui.progress('testing acme')
    progress.update('testing acme, try 2')
    progress.end('connected')
    expect(stderr()).toBe('testing acme, try 2: connected (0 ms)\n')
  })
})

describe('secrets', () => {
  const redactor = createRedactor()
  redactor.register('tok-0123456789')

  it.each([true, false])('never get out through an answer (json: %s)', async (json) => {
    const { ui, stdout, stderr } = captured({ flags: { json }, redactor })
    await ui.answer(answerOf({ text: 'has tok-0123456789 in it' }, { error: new CrmError('internal', 'bad tok-0123456789') }), view)
    expect(stdout() + stderr()).not.toContain('tok-0123456789')
    expect(stdout()).toContain('has [redacted] in it')
  })

  it('are printed where they were asked for', async () => {
    const { ui, stdout } = captured({ flags: { json: true }, redactor })
    await ui.answer(answerOf({ value: 'tok-0123456789' }), untouched, ['tok-0123456789'])
    expect(JSON.parse(stdout()).data.value).toBe('tok-0123456789')
  })

  it('are revealed into a pipe byte for byte', () => {
    const { ui, stdout } = captured({ redactor })
    ui.reveal('line 1\nline 2\u001b')
    expect(stdout()).toBe('line 1\nline 2\u001b')
  })

  it('are revealed on a terminal with control characters made visible', () => {
    const { ui, stdout } = captured({ redactor, columns: 80 })
    ui.reveal('line 1\nline 2\u001b')
    expect(stdout()).toBe('line 1\nline 2\\x1b\n')
  })

  it('are masked in GitHub Actions before they appear, line by line', () => {
    const { ui, stderr } = captured({ redactor, facts: { CI: 'true', GITHUB_ACTIONS: 'true' } })
    ui.reveal('100%\nsecond')
    expect(stderr()).toBe('::add-mask::100%25\n::add-mask::second\n')
  })
})

describe('a list in pages', () => {
  const items = [
    { name: 'a', settings: { url: 'https://x' }, last: null },
    { name: 'b\u202e', settings: {}, last: { at: 1 } },
    { name: 'ü', settings: {}, last: null },
  ]
  const layOut = (part: unknown[]) => part.map((item) => `      ${JSON.stringify(item, null, 2).replaceAll('\n', '\n      ')}`).join(',\n')
  const paged = (texts: string[]) => ({
    schema: 'crm.list/1',
    warnings: [{ code: 'w', message: 'm' }],
    head: { profile: 'p' },
    key: 'integrations',
    pages: texts.map((text) => Buffer.from(text)),
    tail: () => ({ summary: { total: items.length } }),
  })
  const whole = (list: unknown[]) =>
    answerOf(
      { profile: 'p', integrations: list, summary: { total: items.length } },
      { schema: 'crm.list/1', warnings: [{ code: 'w', message: 'm' }] },
    )

  it.each([1, 2, 3])('is the same document as in one piece (%i per page)', async (size) => {
    const { ui, stdout } = captured({ flags: { json: true } })
    const pages = [items.slice(0, size), items.slice(size)].filter((part) => part.length > 0).map(layOut)
    await ui.answerPages(paged(pages))
    const other = captured({ flags: { json: true } })
    await other.ui.answer(whole(items), untouched)
    expect(stdout()).toBe(other.stdout())
  })

  it('is the same document when it is empty', async () => {
    const { ui, stdout } = captured({ flags: { json: true } })
    await ui.answerPages(paged([]))
    const other = captured({ flags: { json: true } })
    await other.ui.answer(whole([]), untouched)
    expect(stdout()).toBe(other.stdout())
  })

  it('passes the redaction filter across pages', async () => {
    const redactor = createRedactor()
    redactor.register('"name": "ü"')
    const { ui, stdout } = captured({ flags: { json: true }, redactor })
    await ui.answerPages(paged([layOut(items.slice(0, 1)), layOut(items.slice(1))]))
    expect(stdout()).toContain('[redacted]')
    expect(stdout()).not.toContain('"name": "ü"')
  })

  it('keeps only the fields of --fields', async () => {
    const { ui, stdout } = captured({ flags: { json: true, fields: ['integrations.name'] } })
    await ui.answerPages(paged([layOut(items)]))
    expect(JSON.parse(stdout()).data).toEqual({ integrations: items.map(({ name }) => ({ name })) })
  })

  it('prints nothing before the first page is there', async () => {
    const { ui, stdout } = captured({ flags: { json: true } })
    const broken = (function* (): Generator<Uint8Array> {
      yield* []
      throw new CrmError('busy', 'the vault is busy')
    })()
    await expect(ui.answerPages({ ...paged([]), pages: broken })).rejects.toMatchObject({ code: 'busy' })
    expect(stdout()).toBe('')
  })
})

describe('asking', () => {
  it('is refused as usage where there is no terminal', async () => {
    const { ui } = captured()
    expect(ui.interactive).toBe(false)
    await expect(ui.ask.text({ message: 'Name' })).rejects.toMatchObject({ code: 'usage' })
  })

  it('names --yes where a confirmation is needed and nobody can give it', async () => {
    await expect(captured().ui.confirm('Remove acme?')).rejects.toMatchObject({ code: 'usage', hint: 'add --yes to confirm' })
  })

  it('takes --yes for an answer', async () => {
    expect(await captured({ flags: { yes: true } }).ui.confirm('Remove acme?')).toBe(true)
  })
})
