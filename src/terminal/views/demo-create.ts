import type { DemoCreateAnswer, DemoStepAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { padTo } from '../table.ts'
import { listed, next, pairs, shown, type View } from '../view.ts'
import { accountText, placeRows, type Rows, snippetText } from './demo-card.ts'
import { verificationLines } from './demo-verify.ts'

const DONE: Readonly<Record<DemoStepAnswer['action'], string>> = {
  create: 'created',
  update: 'updated',
  keep: 'kept',
  adopt: 'adopted',
  delete: 'deleted',
}

function stepLine(step: DemoStepAnswer, width: number, style: Style): string {
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
  return `  ${mark} ${padTo(word, 11)} ${padTo(step.kind, width)} ${shown(step.name, style)}${id}${changes}`
}

/** The width of the column of kinds. */
function kindWidth(steps: readonly DemoStepAnswer[]): number {
  return Math.max(6, ...steps.map(({ kind }) => kind.length))
}

function planLine(step: DemoStepAnswer, width: number, style: Style): string {
  const { symbols } = style
  const mark =
    step.action === 'create' ? style.ok(symbols.create) : step.action === 'keep' ? style.dim(symbols.skipped) : style.warn(symbols.update)
  const changes = step.changes.length === 0 ? '' : `: ${listed(step.changes.map((change) => shown(change, style)))}`
  return `  ${mark} ${padTo(step.action, 6)} ${padTo(step.kind, width)} ${shown(step.name, style)}${changes}`
}

/** `demo-create --dry-run`: what would be created, changed and kept, with counts. */
function planText({ demo, account, steps }: DemoCreateAnswer, style: Style): string {
  const count = (action: DemoStepAnswer['action']): number => steps.filter((step) => step.action === action).length
  const where = account === null ? '' : ` in account ${accountText(account, style)}`
  const counts = `${count('create')} to create, ${count('update')} to update, ${count('keep') + count('adopt')} to keep`
  const first = `Plan for demo ${style.accent(shown(demo.slug, style))}${where}: ${counts}`
  return [first, ...steps.map((step) => planLine(step, kindWidth(steps), style)), 'Nothing was changed.'].join('\n')
}

/** `crm demo-create`: a card of what is there now; the plan of a dry run; after a failure, what became of each step. */
export const demoCreateView: View<DemoCreateAnswer> = (data, style) => {
  if (data.dryRun) return planText(data, style)
  const { demo, account, inbox, bot, snippet, changed, steps, verification } = data
  const name = `${style.accent(shown(demo.name, style))} (${shown(demo.slug, style)})`
  const each = steps.map((step) => stepLine(step, kindWidth(steps), style))
  if (inbox === null || bot === null) return [`${style.error(style.symbols.failed)} demo ${name} is not ready`, ...each].join('\n')
  const state = changed ? 'is ready' : 'is ready, nothing had to be changed'
  const rows: Rows = [...(account === null ? [] : [['account', accountText(account, style)] as const]), ...placeRows(inbox, bot, style)]
  const card = [`${style.ok(style.symbols.ok)} demo ${name} ${state}`, pairs(rows, style), '', ...each].join('\n')
  const proof = verification === undefined ? '' : `\n\n${verificationLines(verification, style).join('\n')}`
  return card + proof + snippetText(snippet, style) + next(`crm demo-show ${shown(demo.slug, style)}`, style)
}
