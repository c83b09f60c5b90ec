import fc from 'fast-check'
import { expect, test } from 'vitest'
import { text as topic } from '../../src/commands/topics/demo-file.ts'
import type { CrmError } from '../../src/core/errors.ts'
import { type FileDemo, readDemoFile } from '../../src/usecases/demo-file.ts'
import { writeYaml } from '../../src/usecases/demo-file-text.ts'
import { asWritten } from '../../src/usecases/demo-placeholders.ts'

const read = (text: string, tables: Readonly<Record<string, string>> = {}, name = 'demos.yaml') =>
  readDemoFile({ text, name, readTable: async (path) => tables[path] ?? '' })

async function problemsOf(text: string, tables: Readonly<Record<string, string>> = {}, name?: string): Promise<readonly string[]> {
  const error = await read(text, tables, name).then(
    () => undefined,
    (thrown: CrmError) => thrown,
  )
  return (error?.problems ?? []).map(({ field, message }) => `${field}: ${message}`)
}

const outline = (demos: readonly FileDemo[]) => demos.map(({ input, where }) => `${where} ${input.slug} ${input.name} ${input.botUrl}`)

test('settings of a demo go before those of its template, and those before the defaults', async () => {
  const demos = await read(`
defaults: { botUrl: https://bot.example/default, greeting: Default, color: "#111111" }
templates:
  dental: { greeting: Template, color: "#222222" }
demos:
  - { name: One }
  - { name: Two, template: dental }
  - { name: Three, template: dental, color: "#333333" }
`)
  expect(demos.map(({ input: { greeting, color } }) => [greeting, color])).toEqual([
    ['Default', '#111111'],
    ['Template', '#222222'],
    ['Template', '#333333'],
  ])
})

test('a default of one channel is none for a demo of the other, and a setting of the demo itself is refused', async () => {
  const both = (more: string) => `
defaults: { botUrl: https://bot.example/default, color: "#111111", webhookUrl: https://example.com/hook }
demos:
  - { name: Web }
  - { name: Api, channel: api${more} }
`
  const demos = await read(both(''))
  expect(demos.map(({ input: { channel, color, webhookUrl } }) => [channel, color, webhookUrl])).toEqual([
    ['web', '#111111', undefined],
    ['api', undefined, 'https://example.com/hook'],
  ])
  expect(await problemsOf(both(', color: "#222222"'))).toEqual(['line 5, demos[1].color: is for channel web only'])
})

test('a template is repeated for each row, and for each row of a table; values are encoded inside of an address', async () => {
  const demos = await read(
    `templates:
  dental: { name: "{{company}} Dental", botUrl: "https://bot.example/{{slug}}?c={{company}}", websiteUrl: "{{site}}" }
demos:
  - { template: dental, with: { site: "https://a.example/x?y=1" }, each: [{ company: A & B }, { company: 7 }] }
  - { template: dental, csv: companies.csv }
`,
    { 'companies.csv': 'company;site\n"Müller; Söhne";https://m.example\n' },
  )
  expect(outline(demos)).toEqual([
    'line 4 a-b-dental A & B Dental https://bot.example/a-b-dental?c=A%20%26%20B',
    'line 4 7-dental 7 Dental https://bot.example/7-dental?c=7',
    'companies.csv line 2 muller-sohne-dental Müller; Söhne Dental https://bot.example/muller-sohne-dental?c=M%C3%BCller%3B%20S%C3%B6hne',
  ])
  expect(demos.map(({ input }) => input.websiteUrl)).toEqual(['https://a.example/x?y=1', 'https://a.example/x?y=1', 'https://m.example'])
})

test('JSON is read as well, and a table of its own', async () => {
  const json = JSON.stringify({ version: 1, demos: [{ name: 'Acme', botUrl: 'https://bot.example/hook', integration: 'EU' }] }, null, 2)
  expect((await read(json)).map(({ integration, where }) => [integration, where])).toEqual([['eu', 'line 4']])
  const table =
    '\uFEFFname,botUrl,agents,hours,timezone,preChat,webhooks,ttl\nAcme,https://bot.example/a,a@x.example; b@x.example,Mon-Fri 9-17,Europe/Zurich,email! name,https://h.example/1,7d\n'
  const [demo] = await read(table, {}, 'demos.csv')
  expect(demo?.input).toMatchObject({
    agents: ['a@x.example', 'b@x.example'],
    hours: { open: 'Mon-Fri 9-17', timezone: 'Europe/Zurich' },
    preChat: { fields: ['email!', 'name'] },
    webhooks: [{ url: 'https://h.example/1' }],
    ttl: '7d',
  })
})

test('a table is known by its first line where it has no name, and nothing else is taken for one', async () => {
  for (const delimiter of [',', ';', '\t', ' , ']) {
    const table = [
      ['name', '"botUrl"'],
      ['Acme', 'https://bot.example/a'],
    ]
      .map((cells) => cells.join(delimiter))
      .join('\r\n')
    for (const text of [table, `\uFEFF${table}`])
      expect(outline(await read(text, {}, 'standard input'))).toEqual(['line 2 acme Acme https://bot.example/a'])
  }
  expect(await problemsOf('name,greeting\nAcme,Hello\n', {}, 'standard input')).toEqual(['line 2, botUrl: is missing'])
  for (const text of ['{"demos":[]}', 'demos: []', '{demos: [], version: 1}', '--- {demos: []}', '# a,b\ndemos: []', ''])
    expect(await problemsOf(text, {}, 'standard input')).toEqual(text === '' ? ['line 1, demos: must be a list of demos'] : [])
  expect(await problemsOf('acme', {}, 'standard input')).toEqual(['line 1, the file: must have a list "demos"'])
})

test('all problems are told at once, each with its line, those of a template once', async () => {
  expect(
    await problemsOf(`defaults:
  botUrl: nonsense
templates:
  t:
    color: red
    greeting: "{{missing}}"
demos:
  - name: One
    colour: "#123456"
  - name: Two
    color: #123456
  - name: Three
    template: t
    botUrl: https://bot.example/{{nobody}}
  - template: unknown
    name: Four
  - name: Five
    hours: { open: sometimes, timezone: Mars }
    preChat: { fields: ["what?"] }
    webhooks: [{ url: https://h.example, events: [nothing] }]
    ttl: soon
  - name: Five
    botUrl: https://bot.example/ok
  - name: Five
    botUrl: https://bot.example/ok
`),
  ).toEqual([
    'line 15, demos[3].template: is not among the templates: unknown',
    'line 9, demos[0].colour: is not a setting of a demo',
    'line 2, defaults.botUrl: must be a web address such as https://bot.example/hook',
    'line 11, demos[1].color: is empty: write the colour in quotes, as "#1f93ff"',
    'line 14, demos[2].botUrl: has {{nobody}}, for which there is no value (line 12)',
    'line 6, templates.t.greeting: has {{missing}}, for which there is no value (line 12)',
    'line 5, templates.t.color: must be a colour such as #1f93ff',
    'line 19, demos[4].preChat.fields.0: must be email, name, phone or the key of a custom attribute, with ! behind it where it has to be filled in',
    'line 18, demos[4].hours.timezone: must be a name such as Europe/Zurich',
    'line 18, demos[4].hours.open: must be hours such as Mon-Fri 09:00-17:00, Sat closed',
    expect.stringMatching(/^line 20, demos\[4\]\.webhooks\.0\.events\.0: must be one of /),
    'line 21, demos[4].ttl: must be a duration such as 7d or 12h',
    'line 24: has the slug five of line 22 once more',
  ])
})

test.each([
  ['ttl: 99999999d', 'ttl: must end before the year 10000'],
  ['ttl: 1234567890d', 'ttl: must be a duration of at most nine digits, such as 7d or 12h'],
  ['expires: "2027-02-31"', 'expires: must be a time that exists'],
  ['expires: "9999-12-31T23:59:59-12:00"', 'expires: must be before the year 10000'],
])('an end that cannot be is a problem: %s', async (setting, problem) => {
  expect(await problemsOf(`demos:\n  - name: A\n    botUrl: https://b.example\n    ${setting}\n`)).toEqual([`line 4, demos[0].${problem}`])
})

test.each<[string, string, string]>([
  ['not YAML', 'demos: [', 'line 1'],
  ['a key twice', 'demos: []\ndemos: []', 'line 2'],
  ['no demos', 'version: 1', 'line 1, demos: must be a list of demos'],
  ['another version', 'version: 2\ndemos: []', 'line 1, version: must be 1'],
  ['a part that is none', 'demos: []\ndemo: []', 'line 2, demo: is not a part of the file'],
  ['a list', '- name: Acme', 'line 1, the file: must have a list "demos"'],
  ['a demo that is text', 'demos:\n  - Acme', 'line 2, demos[0]: must be settings of a demo'],
  ['a row that is a list', 'demos:\n  - each: [[1]]', 'line 2, demos[0].each[0]: must be names and values'],
  [
    'a wrong integration',
    'demos:\n  - { name: A, botUrl: "https://b.example", integration: "a b" }',
    'line 2, demos[0].integration: must be the name of an integration',
  ],
  [
    'ttl and expires',
    'demos:\n  - { name: A, botUrl: "https://b.example", ttl: 1d, expires: never }',
    'line 2, demos[0].ttl: and expires exclude each other',
  ],
])('%s is told with its line', async (_what, text, expected) => {
  expect((await problemsOf(text))[0]).toContain(expected)
})

test('a bomb of aliases is refused, not unfolded', async () => {
  const level = (n: number) => `l${n}: &l${n} [${Array.from({ length: 9 }, () => `*l${n - 1}`).join(', ')}]`
  const bomb = ['l0: &l0 [x, x, x]', ...Array.from({ length: 12 }, (_, index) => level(index + 1))].join('\n')
  expect((await problemsOf(bomb)).join()).toMatch(/alias/i)
})

test('a table with a wrong row or column says which', async () => {
  expect(await problemsOf('name,botUrl\nAcme\n', {}, 'x.csv')).toEqual([expect.stringMatching(/^line 2: /)])
  expect(await problemsOf('name,botUrl,nonsense\nAcme,https://b.example,1\n', {}, 'x.csv')).toEqual([
    'line 2, nonsense: is not a setting of a demo',
  ])
  expect(await problemsOf('name,botUrl\nAcme,\n', {}, 'x.csv')).toEqual(['line 2, botUrl: is missing'])
})

test('the file of crm help demo-file is one', async () => {
  const lines = topic().split('\n')
  const indented = (from: string, to: string) =>
    lines
      .slice(
        lines.findIndex((line) => line.includes(from)),
        lines.findIndex((line) => line.startsWith(to)),
      )
      .map((line) => line.slice(2))
      .join('\n')
  const demos = await read(indented('# demos.yaml', 'A demo takes'), { 'companies.csv': 'company\nGamma\n' })
  expect(demos.map(({ input }) => input.slug)).toEqual(['acme', 'alpha-dental', 'beta-dental', 'gamma-dental', 'acme-api'])
  const table = lines
    .slice(lines.findIndex((line) => line.includes('name,botUrl')))
    .map((line) => line.slice(2))
    .join('\n')
  expect((await read(table, {}, 'demos.csv')).map(({ input }) => input.agents)).toEqual([['ann@example.com', 'ben@example.com'], []])
})

test('a value that is there and is no text is told apart from one that is missing', async () => {
  expect(
    await problemsOf(`demos:
  - { name: 2024, botUrl: "https://b.example" }
  - { name: true, botUrl: 5 }
  - { name: [A], botUrl: "https://b.example", greeting: 7 }
  - botUrl: "https://b.example"
`),
  ).toEqual([
    'line 2, demos[0].name: must be text: put it in quotes',
    'line 3, demos[1].name: must be text: put it in quotes',
    'line 3, demos[1].botUrl: must be text: put it in quotes',
    'line 4, demos[2].name: must be text',
    'line 4, demos[2].greeting: must be text: put it in quotes',
    'line 5, demos[3].name: is missing',
  ])
})

test('a column that a table has twice is a problem, since one of them would be lost', async () => {
  expect(await problemsOf('name,botUrl, name \nA,https://b.example,B\n', {}, 'x.csv')).toEqual(['column name: is there twice'])
  expect(await problemsOf('name,botUrl,,\nA,https://b.example,,\n', {}, 'x.csv')).toEqual([])
  const file = 'demos:\n  - { name: "{{company}}", botUrl: "https://b.example", csv: rows.csv }\n'
  expect(await problemsOf(file, { 'rows.csv': 'company;x;company;x;x\nA;1;B;2;3\n' })).toEqual([
    'rows.csv column company: is there twice',
    'rows.csv column x: is there 3 times',
  ])
})

test('{{braces}} stands for two opening braces, unless the file gives it a value', async () => {
  const greetings = async (text: string) => (await read(text)).map(({ input }) => input.greeting)
  const demo = (more: string) =>
    `{ name: A, botUrl: "https://b.example", greeting: "Hi {{braces}}name}}, {{name}}, {{ contact.name }}"${more} }`
  expect(await greetings(`demos: [${demo('')}]`)).toEqual(['Hi {{name}}, A, {{ contact.name }}'])
  expect(await greetings(`demos: [${demo(', with: { braces: B }')}]`)).toEqual(['Hi Bname}}, A, {{ contact.name }}'])
  const [demoOfTable] = await read(
    'name,botUrl,greeting\nA,https://b.example/{{braces}}slug}}?{{slug}},{{braces}}braces}}\n',
    {},
    'demos.csv',
  )
  expect(demoOfTable?.input).toMatchObject({ botUrl: 'https://b.example/{{slug}}?a', greeting: '{{braces}}' })
})

test('texts are read back as they were written, whatever looks like a placeholder in them (property)', async () => {
  const pieces = fc.constantFrom('{{', '}}', '{', '}', ' ', 'name', 'slug', 'braces', 'x', "'", '"', '\\', '#', ': ', '- ', '\n', '%', 'ü')
  const message = fc
    .oneof(
      fc.array(pieces).map((all) => all.join('')),
      fc.string({ unit: 'grapheme' }),
    )
    .filter((text) => text.trim() !== '')
  const line = message.map((text) => text.replace(/[\p{Cc}\p{Cs}]/gu, '').trim()).filter((text) => text !== '' && text.length <= 255)
  await fc.assert(
    fc.asyncProperty(line, message, line, async (name, greeting, label) => {
      const demo = { name, slug: 'a', botUrl: 'https://b.example/{{slug}}', greeting, preChat: { fields: [{ name: 'x', label }] } }
      const [{ input } = { input: undefined }] = await read(writeYaml({ demos: [asWritten(demo)] }))
      expect(input).toMatchObject(demo)
    }),
  )
})
