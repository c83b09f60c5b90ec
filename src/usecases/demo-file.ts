/** Demos as a file (`crm help demo-file`): read, completed by defaults and templates, and checked, with all problems at once. */
import * as z from 'zod/mini'
import { type Problem, refuseProblems } from '../core/errors.ts'
import { NAME_PATTERN, nameFrom } from '../core/integration.ts'
import { type CreateDemoInput, checkDemo, DEMO_SETTINGS, OF_CHANNEL } from './create-demo-input.ts'
import { type CsvRow, isTable, type ParsedText, parseTable, parseYaml } from './demo-file-text.ts'
import { filled, isAddress, type Variables } from './demo-placeholders.ts'

/** A demo of a file. */
export interface FileDemo {
  /** The integration that it names; undefined for the only one. */
  readonly integration: string | undefined
  readonly input: CreateDemoInput
  /** `line 12`, `customers.csv line 3`. */
  readonly where: string
}

/** Where the text of a file comes from. */
export interface DemoFileSource {
  readonly text: string
  /** Its name: one that ends in `.csv` is a table. Of others, such as standard input, the text tells. */
  readonly name: string
  /** Reads a table that the file names. @throws CrmError `usage`. */
  readTable(path: string): Promise<string>
}

/** Most demos of one file. */
const MOST_DEMOS = 10_000

const settings = z.record(z.string(), z.unknown(), 'must be settings of a demo')
const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be text, a number or true or false')
const variables = z.record(z.string(), scalar, 'must be names and values')

const FileSchema = z.strictObject(
  {
    version: z.optional(z.literal(1, 'must be 1')),
    defaults: z.optional(settings),
    templates: z.optional(z.record(z.string(), settings, 'must be templates by name')),
    demos: z.array(
      z.looseObject(
        {
          template: z.optional(z.string('must be the name of a template')),
          with: z.optional(variables),
          each: z.optional(z.array(variables, 'must be a list of names and values')),
          csv: z.optional(z.string('must be the path of a table')),
        },
        'must be settings of a demo',
      ),
      'must be a list of demos',
    ),
  },
  'must have a list "demos"',
)

/** A demo before its placeholders are filled in: its settings, each with the place where it is written. */
interface Draft {
  readonly settings: ReadonlyMap<string, { readonly value: unknown; readonly path: readonly (string | number)[] }>
  readonly variables: Variables
  /** `demos[3]`, `demos[3].each[1]`. */
  readonly label: string
  readonly path: readonly (string | number)[]
  /** Where it is written, if not in the file itself. */
  readonly where?: string
}

/**
 * Reads the demos of a file.
 * @throws {CrmError} `usage` with every problem, each with its line.
 */
export async function readDemoFile(source: DemoFileSource): Promise<readonly FileDemo[]> {
  const { demos, problems } = /\.csv$/i.test(source.name) || isTable(source.text) ? readTableFile(source) : await readYamlFile(source)
  refuseProblems([...problems, ...doubles(demos)], `${source.name} is not a file of demos`, 'see the format: crm help demo-file')
  return demos
}

interface Read {
  readonly demos: readonly FileDemo[]
  readonly problems: readonly Problem[]
}

async function readYamlFile(source: DemoFileSource): Promise<Read> {
  const parsed = parseYaml(source.text)
  if (parsed.problems.length > 0) return { demos: [], problems: parsed.problems }
  const checked = FileSchema.safeParse(parsed.value ?? {})
  if (checked.error !== undefined) return { demos: [], problems: checked.error.issues.flatMap((issue) => placed(parsed, issue)) }
  const problems: Problem[] = []
  const drafts: Draft[] = []
  for (const [index, entry] of checked.data.demos.entries()) {
    const { template, with: given = {}, each, csv, ...own } = entry
    const path = ['demos', index]
    const where = (key: string): string => `line ${parsed.lineOf([...path, key])}, demos[${index}].${key}`
    const base = template === undefined ? {} : checked.data.templates?.[template]
    if (base === undefined) problems.push({ field: where('template'), message: `is not among the templates: ${String(template)}` })
    if (each !== undefined && csv !== undefined) problems.push({ field: where('csv'), message: 'and each exclude each other' })
    const merged = new Map([
      ...placedSettings(checked.data.defaults ?? {}, ['defaults']),
      ...placedSettings(base ?? {}, ['templates', template ?? '']),
      ...placedSettings(own, path),
    ])
    const draft = { settings: merged, path, label: `demos[${index}]` }
    const shared = texts(given)
    if (csv !== undefined) {
      const table = await readRows(source, csv)
      problems.push(...table.problems.map(({ field, message }) => ({ field: `${csv} ${field}`, message })))
      drafts.push(...table.rows.map(({ cells, line }) => ({ ...draft, variables: { ...shared, ...cells }, where: `${csv} line ${line}` })))
    } else if (each !== undefined) {
      const rows = each.map((row, at) => ({
        ...draft,
        variables: { ...shared, ...texts(row) },
        label: `demos[${index}].each[${at}]`,
        path: [...path, 'each', at],
      }))
      drafts.push(...rows)
    } else drafts.push({ ...draft, variables: shared })
  }
  if (drafts.length > MOST_DEMOS) return { demos: [], problems: [{ field: 'demos', message: `must be at most ${MOST_DEMOS}` }] }
  const demos = drafts.flatMap((draft) => {
    const { demo, problems: own } = finished(draft, (place) => parsed.lineOf(place))
    problems.push(...own)
    return demo === undefined ? [] : [demo]
  })
  return { demos, problems: unique(problems) }
}

/** A problem of a default or a template shows once, however many demos it spoils. */
function unique(problems: readonly Problem[]): readonly Problem[] {
  const byText = new Map(problems.map((problem) => [`${problem.field} ${problem.message}`, problem]))
  return [...byText.values()]
}

async function readRows(source: DemoFileSource, path: string): Promise<ReturnType<typeof parseTable>> {
  return parseTable(await source.readTable(path))
}

function placedSettings(values: Readonly<Record<string, unknown>>, path: readonly (string | number)[]) {
  return Object.entries(values).map(([key, value]) => [key, { value, path: [...path, key] }] as const)
}

function texts(values: Readonly<Record<string, string | number | boolean>>): Variables {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
}

/** Where an issue of the file itself stands. */
function placed({ lineOf }: ParsedText, issue: z.core.$ZodIssue): readonly Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: `line ${lineOf([...path, key])}, ${key}`, message: 'is not a part of the file' }))
  }
  return [{ field: `line ${lineOf(path)}, ${pathText(path) || 'the file'}`, message: issue.message }]
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('')
}

/** Settings whose values are lists in a table: addresses and names, with white space or a semicolon between them. */
const LIST_COLUMNS = new Set(['agents', 'preChat', 'webhooks'])

/** A table of its own: each column is a setting. */
function readTableFile(source: DemoFileSource): Read {
  const { rows, problems: unread } = parseTable(source.text)
  if (unread.length > 0) return { demos: [], problems: unread }
  if (rows.length > MOST_DEMOS) return { demos: [], problems: [{ field: 'the table', message: `must have at most ${MOST_DEMOS} rows` }] }
  const problems: Problem[] = []
  const demos = rows.flatMap((row) => {
    const values = Object.entries(rowSettings(row)).map(([key, value]) => [key, { value, path: [key] }] as const)
    const { demo, problems: own } = finished({ settings: new Map(values), variables: {}, label: '', path: [] }, () => row.line)
    problems.push(...own)
    return demo === undefined ? [] : [demo]
  })
  return { demos, problems }
}

function rowSettings({ cells }: CsvRow): Readonly<Record<string, unknown>> {
  const { hours, timezone, ...plain } = cells
  const values = Object.entries(plain).map(([key, cell]): [string, unknown] => {
    if (!LIST_COLUMNS.has(key)) return [key, cell]
    const items = cell.split(/[;\s]+/).filter((item) => item !== '')
    return [key, key === 'preChat' ? { fields: items } : key === 'webhooks' ? items.map((url) => ({ url })) : items]
  })
  const open = hours === undefined ? {} : { hours: { open: hours, ...(timezone === undefined ? {} : { timezone }) } }
  return { ...Object.fromEntries(values), ...open, ...(hours === undefined && timezone !== undefined ? { timezone } : {}) }
}

/** Fills in the placeholders of a draft, and checks what it is then. */
function finished(
  draft: Draft,
  lineOf: (path: readonly (string | number)[]) => number,
): { readonly demo?: FileDemo; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  /** Settings of which it was said already what is wrong with them. */
  const told = new Set<string>()
  const at = draft.where ?? `line ${lineOf(draft.path)}`
  const nameOf = (key: string): string => (draft.label === '' ? key : `${draft.label}.${key}`)
  const note = (key: string, message: string, deeper: readonly (string | number)[] = []): void => {
    if (deeper.length === 0) told.add(key)
    const origin = draft.settings.get(key)
    const path = origin === undefined ? draft.path : [...origin.path, ...deeper]
    const isOwn = origin === undefined || origin.path[0] === 'demos' || draft.label === ''
    const field = isOwn ? nameOf([key, ...deeper].join('.')) : pathText(path)
    problems.push({ field: `${isOwn && draft.where !== undefined ? at : `line ${lineOf(path)}`}, ${field}`, message })
  }
  const values: Record<string, unknown> = {}
  const fillIn = (key: string, known: Variables): void => {
    const setting = draft.settings.get(key)
    if (setting === undefined || setting.value === undefined) return
    const missing = new Set<string>()
    values[key] = filled(setting.value, known, isAddress(key), missing)
    for (const name of missing) note(key, `has {{${name}}}, for which there is no value (${at})`)
    if (setting.value === null) note(key, key === 'color' ? 'is empty: write the colour in quotes, as "#1f93ff"' : 'is empty')
  }
  for (const key of ['name', 'slug']) fillIn(key, draft.variables)
  const name = typeof values.name === 'string' ? values.name : ''
  const slug = typeof values.slug === 'string' ? values.slug.toLowerCase() : nameFrom(name)
  for (const key of draft.settings.keys()) if (!(key in values)) fillIn(key, { name, slug, ...draft.variables })

  const { integration, ...request } = values
  const isName = integration === undefined || (typeof integration === 'string' && isIntegration(integration))
  if (!isName) note('integration', 'must be the name of an integration')
  for (const key of Object.keys(request)) {
    if (Object.hasOwn(DEMO_SETTINGS, key)) continue
    note(key, 'is not a setting of a demo')
    delete request[key]
  }
  // A default is for the demos that it fits.
  for (const key of OF_CHANNEL[request.channel === 'api' ? 'web' : 'api'])
    if (draft.settings.get(key)?.path[0] === 'defaults') delete request[key]
  const { input, problems: wrong } = checkDemo(request)
  for (const { field, message } of wrong) {
    const [key = field, ...deeper] = field.split('.')
    if (told.has(key)) continue
    note(
      key,
      message,
      deeper.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
    )
  }
  if (input === undefined || problems.length > 0) return { problems }
  return { demo: { integration: integration === undefined ? undefined : String(integration).toLowerCase(), input, where: at }, problems }
}

function isIntegration(name: string): boolean {
  return NAME_PATTERN.test(name.toLowerCase()) || /^env:[a-z]+$/i.test(name)
}

/** Demos that cannot be told apart, and webhooks that an account cannot have twice. */
function doubles(demos: readonly FileDemo[]): readonly Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const note = (key: string, what: string, where: string): void => {
    const before = seen.get(key)
    if (before === undefined) seen.set(key, where)
    else problems.push({ field: where, message: `has ${what} of ${before} once more` })
  }
  for (const { integration = '', input, where } of demos) {
    note(`slug ${integration} ${input.slug}`, `the slug ${input.slug}`, where)
    for (const { url } of input.webhooks ?? []) note(`webhook ${integration} ${url}`, `the webhook ${url}`, where)
  }
  return problems
}
