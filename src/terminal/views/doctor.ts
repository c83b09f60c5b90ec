import type { DoctorAnswer, DoctorFinding } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { padTo } from '../table.ts'
import { counted, lines, type View, whole } from '../view.ts'

/** `crm doctor`: a line for each thing, and under what is not right the one command that mends it. */
export const doctorView: View<DoctorAnswer> = ({ checks, summary }, style) => {
  const width = Math.max(...checks.map(({ id }) => id.length))
  const each = checks.flatMap((check) => [
    `${mark(check, style)} ${padTo(check.id, width)}  ${whole(check.detail)}`,
    ...fixOf(check, width, style),
  ])
  return `${each.join('\n')}\n\n${summaryText(summary, style)}`
}

/** `crm doctor --report`. */
export const reportView: View<DoctorAnswer> = ({ report }) => lines(report)

function mark({ state }: DoctorFinding, { symbols, ok, warn, error, dim }: Style): string {
  const marks = { ok: ok(symbols.ok), warning: warn(symbols.warning), problem: error(symbols.failed), skipped: dim(symbols.skipped) }
  return marks[state]
}

function fixOf({ fix }: DoctorFinding, width: number, style: Style): string[] {
  return fix === null ? [] : [`  ${' '.repeat(width)}  ${style.dim(style.symbols.arrow)} ${whole(fix)}`]
}

function summaryText({ problems, warnings, skipped }: DoctorAnswer['summary'], style: Style): string {
  const unknown = skipped === 0 ? '' : `, ${skipped} not checked`
  if (problems === 0 && warnings === 0) return `${style.ok('nothing is wrong')}${unknown}`
  return `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}${unknown}`
}
