import type {
  DemoBotAnswer,
  DemoCreateAnswer,
  DemoInboxAnswer,
  DemoListAnswer,
  DemoRemoval,
  DemoRemoveAnswer,
  DemoShowAnswer,
  DemoStepAnswer,
} from '../../core/answers.ts'
import { SECRET_MASK } from '../../core/secret.ts'
import type { Style } from '../style.ts'
import { type Column, padTo, renderTable } from '../table.ts'
import { counted, lines, listed, NOTHING, next, pairs, shown, type View, when, whole } from '../view.ts'

type Rows = (readonly [string, string])[]

function placeRows(inbox: DemoInboxAnswer | null, bot: DemoBotAnswer | null, style: Style): Rows {
  const rows: Rows = []
  if (inbox !== null) {
    rows.push(
      ['inbox', `${shown(inbox.name, style)} (id ${shown(inbox.id, style)}, ${inbox.channel})`],
      ['dashboard', style.accent(whole(inbox.url))],
    )
    if (inbox.identifier !== undefined) rows.push(['identifier', whole(inbox.identifier)])
    if (inbox.websiteToken !== undefined) rows.push(['website token', whole(inbox.websiteToken)])
  }
  if (bot !== null)
    rows.push(['bot', `${shown(bot.name, style)} (id ${shown(bot.id, style)}) ${style.symbols.arrow} ${whole(bot.outgoingUrl)}`])
  return rows
}

function accountText(account: { readonly id: string; readonly name: string | null }, style: Style): string {
  return account.name === null ? `id ${shown(account.id, style)}` : `${shown(account.name, style)} (id ${shown(account.id, style)})`
}

function snippetText(snippet: string | null, style: Style): string {
  return snippet === null ? '' : `\n\n${style.dim('Put this before </body>:')}\n${lines(snippet)}`
}

const DONE: Readonly<Record<DemoStepAnswer['action'], string>> = { create: 'created', update: 'updated', keep: 'kept', adopt: 'adopted' }

function stepLine(step: DemoStepAnswer, style: Style): string {
  const { symbols } = style
  const marks: Readonly<Record<DemoStepAnswer['outcome'], readonly [mark: string, word: string]>> = {
    planned: [style.dim(symbols.skipped), `to ${step.action}`],
    done: [step.action === 'keep' ? style.dim(symbols.skipped) : style.ok(symbols.ok), DONE[step.action]],
    failed: [style.error(symbols.failed), 'failed'],
    undone: [style.warn(symbols.skipped), 'undone'],
    left: [style.error(symbols.failed), 'left behind'],
    unknown: [style.warn('?'), 'no answer'],
  }
  const [mark, word] = marks[step.outcome]
  const id = step.id === null ? '' : ` (id ${shown(step.id, style)})`
  const changes = step.changes.length === 0 ? '' : `: ${listed(step.changes.map((change) => shown(change, style)))}`
  return `  ${mark} ${padTo(word, 11)} ${padTo(step.kind, 6)} ${shown(step.name, style)}${id}${changes}`
}

function planLine(step: DemoStepAnswer, style: Style): string {
  const { symbols } = style
  const mark =
    step.action === 'create' ? style.ok(symbols.create) : step.action === 'keep' ? style.dim(symbols.skipped) : style.warn(symbols.update)
  const changes = step.changes.length === 0 ? '' : `: ${listed(step.changes.map((change) => shown(change, style)))}`
  return `  ${mark} ${padTo(step.action, 6)} ${padTo(step.kind, 6)} ${shown(step.name, style)}${changes}`
}

/** `demo-create --dry-run`: what would be created, changed and kept, with counts. */
function planText({ demo, account, steps }: DemoCreateAnswer, style: Style): string {
  const count = (action: DemoStepAnswer['action']): number => steps.filter((step) => step.action === action).length
  const where = account === null ? '' : ` in account ${accountText(account, style)}`
  const counts = `${count('create')} to create, ${count('update')} to update, ${count('keep') + count('adopt')} to keep`
  const first = `Plan for demo ${style.accent(shown(demo.slug, style))}${where}: ${counts}`
  return [first, ...steps.map((step) => planLine(step, style)), 'Nothing was changed.'].join('\n')
}

/** `crm demo-create`: a card of what is there now; the plan of a dry run; after a failure, what became of each step. */
export const demoCreateView: View<DemoCreateAnswer> = (data, style) => {
  if (data.dryRun) return planText(data, style)
  const { demo, account, inbox, bot, snippet, changed, steps } = data
  const name = `${style.accent(shown(demo.name, style))} (${shown(demo.slug, style)})`
  const each = steps.map((step) => stepLine(step, style))
  if (inbox === null || bot === null) return [`${style.error(style.symbols.failed)} demo ${name} is not ready`, ...each].join('\n')
  const state = changed ? 'is ready' : 'is ready, nothing had to be changed'
  const rows: Rows = [...(account === null ? [] : [['account', accountText(account, style)] as const]), ...placeRows(inbox, bot, style)]
  const card = [`${style.ok(style.symbols.ok)} demo ${name} ${state}`, pairs(rows, style), ...each].join('\n')
  return card + snippetText(snippet, style) + next(`crm demo-show ${shown(demo.slug, style)}`, style)
}

/** `crm demo-show`: the same card, and the names of the secrets that Chatwoot returned. */
export const demoShowView: View<DemoShowAnswer> = (data, style) => {
  const { demo, account, inbox, bot, snippet, secrets } = data
  const secretRows = Object.entries(secrets).map(([key, { set, value }]) => {
    const text = value === undefined ? (set ? SECRET_MASK : 'not set') : lines(value)
    return [shown(key, style), text] as const
  })
  const rows: Rows = [
    ['status', demo.status === 'ready' ? style.ok(demo.status) : style.warn(demo.status)],
    ['integration', shown(demo.integration, style)],
    ...(account === null ? [] : [['account', accountText(account, style)] as const]),
    ...(inbox === null ? [['inbox', `id ${shown(demo.inboxId, style)}, ${data.channel}`] as const] : []),
    ...(bot === null ? [['bot', `id ${shown(demo.botId, style)}`] as const] : []),
    ...placeRows(inbox, bot, style),
    ['created', when(demo.createdAt, style)],
    ['changed', when(data.updatedAt, style)],
    ...secretRows,
  ]
  const head = `${style.accent(shown(demo.name, style))} (${shown(demo.slug, style)})`
  return `${head}\n${pairs(rows, style)}${snippetText(snippet, style)}`
}

const COLUMNS: readonly Column[] = [
  { title: 'DEMO', importance: 5 },
  { title: 'NAME', importance: 0 },
  { title: 'INTEGRATION', importance: 1 },
  { title: 'STATUS', importance: 4 },
  { title: 'INBOX', importance: 3 },
  { title: 'BOT', importance: 3 },
  { title: 'CREATED', importance: 2 },
]

/** `crm demo-list`. */
export const demoListView: View<DemoListAnswer> = ({ demos }, style) => {
  const rows = demos.map((demo) => [
    { text: shown(demo.slug, style) },
    { text: shown(demo.name, style) },
    { text: shown(demo.integration, style) },
    { text: demo.status, paint: demo.status === 'ready' ? style.ok : style.warn },
    { text: shown(demo.inboxId, style) },
    { text: shown(demo.botId, style) },
    { text: when(demo.createdAt, style) },
  ])
  if (rows.length === 0) return style.terminal ? `No demos.${next('crm demo-create --name "Acme Dental" --bot-url <url>', style)}` : ''
  return renderTable(COLUMNS, rows, style)
}

function removalLine({ slug, outcome, left }: DemoRemoval, style: Style): string {
  const name = shown(slug, style)
  const { symbols } = style
  if (outcome === 'removed') return `${style.ok(symbols.ok)} removed demo ${name}`
  if (outcome === 'gone') return `${style.dim(symbols.skipped)} demo ${name} was removed before; nothing to do`
  if (outcome === 'pending') return `${style.ok(symbols.ok)} removed demo ${name}; deletion pending, Chatwoot finishes it in the background`
  const remains = left.map(({ kind, id }) => `${kind} ${shown(id, style)}`)
  return `${style.error(symbols.failed)} demo ${name} is partly removed; left: ${remains.length === 0 ? NOTHING : listed(remains)}`
}

/** `crm demo-remove`: one line for each demo. */
export const demoRemoveView: View<DemoRemoveAnswer> = ({ demos }, style) => {
  if (demos.length === 0) return 'No demos to remove.'
  const each = demos.map((demo) => removalLine(demo, style))
  return demos.length === 1 ? each.join('\n') : [...each, counted(demos.length, 'demo')].join('\n')
}
