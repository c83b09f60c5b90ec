import type { CrmError, Problem } from '../../core/errors.ts'
import { visible } from '../../core/text.ts'
import type { Style } from '../style.ts'
import { displayWidth, padTo } from '../table.ts'

/** Messages, reasons and fixes hold server texts that were cut before; this only keeps one line from filling the screen. */
const LONGEST_LINE = 600

/** Problems that are printed; an input may have as many as it has values. */
const MOST_PROBLEMS = 50

function problemLines(problems: readonly Problem[], message: string): string[] {
  // A single problem is in the message already, word for word.
  const told = problems.filter((problem) => problems.length > 1 || !message.includes(problem.message))
  const shown = told.slice(0, MOST_PROBLEMS)
  const width = Math.max(0, ...shown.map(({ field }) => displayWidth(visible(field))))
  const lines = shown.map((problem) => `  ${padTo(visible(problem.field), width)}  ${visible(problem.message, LONGEST_LINE)}`)
  return told.length > shown.length ? [...lines, `  and ${told.length - shown.length} more`] : lines
}

/**
 * An error for people: what, why, how to mend it, in at most six lines, except that problems of an input are listed. A cancellation
 * is told in plain words: it is what the person wanted.
 */
export function errorView(error: CrmError, style: Style): string {
  const message = visible(error.message, LONGEST_LINE)
  const isCancelled = error.code === 'cancelled'
  const lines = isCancelled ? [message] : [`${style.error('error:')} ${message}`, ...problemLines(error.problems, error.message)]
  if (error.reason !== undefined) lines.push(`  cause: ${visible(error.reason, LONGEST_LINE)}`)
  if (error.hint !== undefined) lines.push(`  fix:   ${visible(error.hint, LONGEST_LINE)}`)
  if (!isCancelled) lines.push(style.dim(`  code:  ${error.code} (exit ${error.exitStatus})   more: crm help exit-codes`))
  return lines.join('\n')
}
