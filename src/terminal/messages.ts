import type { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { visible } from '../core/text.ts'
import { inCi, isUtf8, type TerminalFacts, type TerminalFlags, wantsColour } from './facts.ts'
import { type Progress, plainProgress, SILENT, type Spinner, spinner } from './progress.ts'
import { showDuration } from './relative-time.ts'
import type { OutputTarget } from './streams.ts'
import { type Style, styleFor } from './style.ts'
import { errorView } from './views/error.ts'
import type { Writer } from './writer.ts'

/** Longest message shown of what others wrote, in code points; requests have long addresses. */
const LONGEST_MESSAGE = 1_000
const LONGEST_HTTP_LINE = 2_000
/** How deep a chain of causes is followed. */
const DEEPEST_CAUSE = 4

/** What messages are made of. */
export interface MessageOptions {
  readonly target: OutputTarget
  readonly writer: Writer
  readonly facts: TerminalFacts
  readonly flags: TerminalFlags
  readonly clock: Clock
}

/** Everything that is said on standard error: in passing, as a warning, about steps and waits, and at last the error. */
export class Messages {
  readonly #options: MessageOptions
  readonly #said = new Set<string>()
  /** Warnings that wait to become part of a JSON answer. */
  readonly #kept: Warning[] = []
  #running: Spinner = SILENT
  #style: Promise<Style> | undefined

  constructor(options: MessageOptions) {
    this.#options = options
  }

  /** Prints one line as it is given. A spinner stands on the last line of the terminal: it is erased first, and draws itself again. */
  line(text: string): void {
    this.#running.erase()
    this.#options.writer.human(`${text}\n`)
  }

  /** Takes the spinner off the screen for a moment, before something is printed elsewhere on it. */
  erase(): void {
    this.#running.erase()
  }

  /** Ends what is being waited for; called before a question and before the answer. */
  settle(): void {
    this.#running.end()
    this.#running = SILENT
  }

  style(): Promise<Style> {
    const { target, facts, flags, clock } = this.#options
    this.#style ??= styleFor(target, facts, { noColor: flags.noColor, verbose: flags.verbose > 0, now: clock() })
    return this.#style
  }

  note(text: string): void {
    const { quiet, json } = this.#options.flags
    if (!quiet && !json) this.line(visible(text, LONGEST_MESSAGE))
  }

  usage(text: string): void {
    if (!this.#options.flags.json) this.line(text.trimEnd())
  }

  step(text: string, durationMs?: number): void {
    if (this.#options.flags.verbose === 0) return
    this.line(visible(durationMs === undefined ? text : `${text} (${showDuration(durationMs)})`, LONGEST_MESSAGE))
  }

  http(text: string): void {
    if (this.#options.flags.verbose === 2) this.line(visible(text, LONGEST_HTTP_LINE))
  }

  warn(warning: Warning): void {
    if (!this.#isNew(warning)) return
    const { quiet, json } = this.#options.flags
    if (json) this.#kept.push(warning)
    else if (!quiet) this.line(`warning: ${visible(warning.message, LONGEST_MESSAGE)}`)
  }

  /** All warnings of a JSON answer: those said before it, and its own that are new. */
  collected(warnings: readonly Warning[]): Warning[] {
    return [...this.#kept.splice(0), ...warnings.filter((warning) => this.#isNew(warning))]
  }

  /** Prints the warnings of an answer that are new, and its error. */
  async conclude(warnings: readonly Warning[], error: CrmError | undefined): Promise<void> {
    const pending = this.#options.flags.quiet ? [] : warnings.filter((warning) => this.#isNew(warning))
    if (pending.length === 0 && error === undefined) return
    const style = await this.style()
    for (const { message } of pending) this.line(`${style.warn('warning:')} ${visible(message, LONGEST_MESSAGE)}`)
    if (error !== undefined) this.line(errorView(error, style))
  }

  /** Prints stack and causes with `-v -v`. */
  stack(error: unknown): void {
    if (this.#options.flags.verbose < 2) return
    for (const line of stackOf(error)) this.line(visible(line, Number.POSITIVE_INFINITY))
  }

  progress(label: string): Progress {
    this.settle()
    this.#running = this.#begin(label)
    return this.#running
  }

  #begin(label: string): Spinner {
    const { target, facts, flags, clock } = this.#options
    if (flags.verbose === 0 && (flags.quiet || flags.json)) return SILENT
    // With -v, steps are printed one below the other; a line that redraws itself would stand in their way.
    if (target.isTTY && !inCi(facts) && facts.TERM !== 'dumb' && flags.verbose === 0) {
      return spinner(label, target.open, { colour: wantsColour(facts, flags.noColor, true), utf8: isUtf8(facts) })
    }
    const startedMs = clock()
    return plainProgress(
      label,
      (line) => this.line(line),
      () => clock() - startedMs,
    )
  }

  #isNew({ code, message }: Warning): boolean {
    const key = `${code} ${message}`
    if (this.#said.has(key)) return false
    this.#said.add(key)
    return true
  }
}

function stackOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > DEEPEST_CAUSE) return []
  // A message may quote what others wrote: it stays on its own line, so that it cannot pretend to be another one.
  const message = visible(error.message, LONGEST_MESSAGE)
  const own = (error.stack ?? '').replace(error.message, () => message).split('\n')
  return error.cause === undefined ? own : [...own, ...stackOf(error.cause, depth + 1)]
}
