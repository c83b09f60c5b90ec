import type { FieldAnswer, ProviderAnswer, ProvidersAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { type Column, renderTable, wrapped } from '../table.ts'
import { listed, next, pairs, shown, type View, whole } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ID', importance: 4 },
  { title: 'NAME', importance: 3 },
  { title: 'CAN', importance: 2 },
  { title: 'DOCUMENTATION', importance: 0 },
]

/** `crm providers`: the catalogue. */
export const providersView: View<ProvidersAnswer> = async ({ providers }, style) => {
  const rows = providers.map(({ id, name, docs, capabilities }) => [
    { text: shown(id, style) },
    { text: shown(name, style) },
    { text: capabilities.join(', ') },
    { text: whole(docs) },
  ])
  return (await renderTable(COLUMNS, rows, style)) + next('crm providers <id>', style)
}

/** Every way to give a field a value, but for the prompt. */
function ways({ flag, sensitivity, env }: FieldAnswer): string {
  const secretFlag = flag.replace(/-stdin$/, '')
  const flags = sensitivity === 'secret' ? `${secretFlag}-stdin | ${secretFlag}-file <path> | ${secretFlag}-env <NAME>` : flag
  return `${flags}   ${env} (with --from-env)`
}

const PROSE_COLUMNS = 80
/** Where the value of a pair begins whose longest name is `give it as`, indented by four. */
const VALUE_INDENT = ' '.repeat(16)

/** Prose beside its name, wrapped for people; on one line for programs. */
function prose(text: string, style: Style): string {
  return style.terminal ? wrapped(whole(text), Math.min(style.columns, PROSE_COLUMNS), VALUE_INDENT).trimStart() : whole(text)
}

function conditionText({ when, orWhen }: FieldAnswer): string[] {
  const conditions = [when, orWhen].filter((condition) => condition !== null)
  if (conditions.length === 0) return []
  return [`only when ${conditions.map(({ field, is }) => `${field} is ${listed(is.split('|')).replace(' and ', ' or ')}`).join(', or ')}`]
}

/** Whether a field that only some ways need may be left out depends on the way, which says so itself. */
function necessity({ required, default: fallback, when }: FieldAnswer, style: Style): string[] {
  if (required) return ['required']
  if (fallback !== null) return [`default ${shown(fallback, style)}`]
  return when === null ? ['optional'] : []
}

function fieldText(field: FieldAnswer, style: Style): string {
  const traits = [field.sensitivity === 'secret' ? 'secret' : field.kind, ...necessity(field, style), ...conditionText(field)]
  const rows: (readonly [string, string])[] = [['  give it as', ways(field)]]
  if (field.help !== null) rows.push(['  where', prose(field.help, style)])
  if (field.example !== null) rows.push(['  example', shown(field.example, style)])
  if (field.choices !== null) rows.push(['  choices', field.choices.map(({ value }) => value).join(', ')])
  return `  ${style.accent(shown(field.key, style))}  ${shown(field.label, style)} ${style.dim(`(${traits.join(', ')})`)}\n${pairs(rows, style)}`
}

/** The ways to authenticate, each with the fields that are asked for when it is chosen. */
function methodsText(methods: ProviderAnswer['provider']['authMethods'], style: Style): string[] {
  if (methods.length < 2) return []
  const rows = methods.flatMap(({ id, label, fields }) => [
    `  ${style.accent(shown(id, style))}  ${whole(label)}`,
    ...pairs([['  fields', prose(fields.join(', '), style)]], style)
      .trimEnd()
      .split('\n'),
  ])
  return ['', 'Ways to authenticate (--auth):', ...rows]
}

/** `crm providers <id>`: its fields, where to find each value, and how to give it. */
export const providerView: View<ProviderAnswer> = ({ provider }, style) => {
  const own = provider.definition === null ? [] : [`definition: sha256 ${provider.definition}`]
  const head = [
    `${style.accent(shown(provider.name, style))} (${shown(provider.id, style)})`,
    ...own,
    ...(provider.docs === '' ? [] : [`documentation: ${whole(provider.docs)}`]),
    ...methodsText(provider.authMethods, style),
    '',
    'Fields:',
  ]
  return (
    [...head, ...provider.fields.map((field) => fieldText(field, style))].join('\n') + next(`crm add ${shown(provider.id, style)}`, style)
  )
}
