import type { Answer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { visible } from '../core/text.ts'
import { type Ask, cannotAsk } from './ask.ts'
import { envelopeText, keepFields } from './envelope.ts'
import { inCi, isUtf8, mayAsk, type TerminalFacts, type TerminalFlags, wantsColour } from './facts.ts'
import { type PagedAnswer, readPages, writePages } from './pages.ts'
import { type Progress, plainProgress, SILENT, type Spinner, spinner } from './progress.ts'
import { createRedactor, type Redactor } from './redact.ts'
import { showDuration } from './relative-time.ts'
import type { InputSource, OutputTarget } from './streams.ts'
import { plainStyle, type Style, styleFor } from './style.ts'
import type { View } from './view.ts'
import { errorView } from './views/error.ts'
import { createWriter } from './writer.ts'

/** What a {@link Ui} is made of. Everything that belongs to the process comes in here. */
export interface UiOptions {
  readonly stdin: InputSource
  readonly stdout: OutputTarget
  readonly stderr: OutputTarget
  readonly facts: TerminalFacts
  readonly flags: TerminalFlags
  readonly clock: Clock
  /** Knows the secrets that may not be printed; without one nothing is removed. */
  readonly redactor?: Redactor
  /** Aborted when the command is told to stop (SIGINT, SIGTERM, SIGHUP), with the {@link CrmError} to end with as its reason. */
  readonly signal?: AbortSignal
  /** Answers questions instead of a person: for tests. The {@link Ui} is then interactive. */
  readonly ask?: Ask
}

/** Loads the view of an answer; called only when people read it. */
export type LoadView<T> = () => Promise<View<T>>

/** Everything a command says and asks. Results go to standard output, everything else to standard error. */
export interface Ui {
  /** Whether a person may be asked (`ux.md` P1). */
  readonly interactive: boolean
  readonly flags: TerminalFlags
  /** Where questions are put. Throws `usage` at the first question where nobody can be asked. */
  readonly ask: Ask
  /**
   * Prints the result of a command: the JSON envelope, or the view's text; then warnings and the error. Call it once.
   * @param reveals secrets that the person asked to see; nothing else of what is secret is printed.
   * @throws {CrmError} `usage` when `--fields` names what the data does not have; `io_failed` when it cannot be written.
   */
  answer<T>(answer: Answer<T>, view: LoadView<T>, reveals?: readonly string[]): Promise<void>
  /** Prints a list too long to hold, as the same JSON document, page by page. Only with `--json`. */
  answerPages(answer: PagedAnswer): Promise<void>
  /** Prints a failure that left nothing else to tell. */
  fail(error: CrmError, schema: string): Promise<void>
  /** Prints a revealed secret: exactly its bytes into a pipe or file; made safe and with a newline on a terminal. */
  reveal(value: string): void
  /** Prints text that is the result itself: help, a completion script. */
  print(text: string): void
  /** Prints how a command is used, after it was used wrongly. Silent with `--json`: the answer tells. */
  usage(text: string): void
  /** Says something in passing. Silent with `--quiet` and `--json`. */
  note(line: string): void
  /** Says what belongs to a question: what is about to be saved, what is wrong with it. Never silent. Text is printed as it is given. */
  tell(line: string): void
  /** Warns, once for each message. With `--json` the warning becomes part of the answer. */
  warn(warning: Warning): void
  /** Tells of a step with `-v`. */
  step(line: string, durationMs?: number): void
  /** Tells of a request with `-v -v`. */
  http(line: string): void
  /** Shows that something takes a while. */
  progress(label: string): Progress
  /**
   * Asks whether to go on; Enter means no. `--yes` answers.
   * @returns false when the person said no.
   * @throws {CrmError} `usage` naming `--yes` where nobody can be asked.
   */
  confirm(message: string): Promise<boolean>
  /** How text looks on standard output. */
  style(): Promise<Style>
}

/** Lines for GitHub Actions that hide a value in the log from now on, one for each of its lines. */
function maskCommands(value: string): string {
  const escaped = (line: string): string => line.replaceAll('%', '%25').replaceAll('\r', '%0D')
  return value
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `::add-mask::${escaped(line)}\n`)
    .join('')
}

function stackOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return ''
  const cause = error.cause === undefined ? '' : `\n${stackOf(error.cause, depth + 1)}`
  return `${error.stack ?? error.message}${cause}`
}

/** The terminal as a command sees it. Nothing is opened, loaded or asked of the streams before it is needed. */
export function createUi(options: UiOptions): Ui {
  const { stdout, stderr, stdin, facts, flags, clock } = options
  const redactor = options.redactor ?? createRedactor()
  const ci = inCi(facts)
  const out = createWriter(stdout, redactor, ci)
  const err = createWriter(stderr, redactor, ci)
  const warnings: Warning[] = []
  const warned = new Set<string>()
  let running: Spinner = SILENT
  let stdoutStyle: Promise<Style> | undefined
  let stderrStyle: Promise<Style> | undefined
  let asker: Promise<Ask> | undefined

  const talks = !flags.quiet && !flags.json
  const interactive = (): boolean => options.ask !== undefined || mayAsk(facts, flags, stdin, stderr)
  const look = (): { noColor: boolean; verbose: boolean; now: number } => ({
    noColor: flags.noColor,
    verbose: flags.verbose > 0,
    now: clock(),
  })

  function style(): Promise<Style> {
    stdoutStyle ??= styleFor(stdout, facts, look())
    return stdoutStyle
  }

  function errStyle(): Promise<Style> {
    stderrStyle ??= styleFor(stderr, facts, look())
    return stderrStyle
  }

  /** A spinner stands on the last line of the terminal: it is erased before anything else is printed, and draws itself again. */
  function errLine(line: string): void {
    running.erase()
    err.human(`${line}\n`)
  }

  function isNew(warning: Warning): boolean {
    const key = `${warning.code} ${warning.message}`
    if (warned.has(key)) return false
    warned.add(key)
    return true
  }

  function mask(reveals: readonly string[]): void {
    if (facts.GITHUB_ACTIONS === 'true') for (const value of reveals) err.exact(maskCommands(value))
  }

  async function answerPeople<T>(answer: Answer<T>, view: LoadView<T>, reveals: readonly string[]): Promise<void> {
    if (answer.data !== null) {
      const text = await (await view())(answer.data, await style())
      running.erase()
      if (text !== '') out.human(`${text}\n`, reveals)
    }
    const pending = flags.quiet ? [] : answer.warnings.filter(isNew)
    if (pending.length === 0 && answer.error === undefined) return
    const look = await errStyle()
    for (const { message } of pending) errLine(`${look.warn('warning:')} ${visible(message, 600)}`)
    if (answer.error !== undefined) errLine(errorView(answer.error, look))
  }

  async function answer<T>(given: Answer<T>, view: LoadView<T>, reveals: readonly string[] = []): Promise<void> {
    running.end()
    mask(reveals)
    if (flags.json) {
      const data = flags.fields === undefined || given.data === null ? given.data : keepFields(given.data, flags.fields)
      out.json(envelopeText({ ...given, data, warnings: [...warnings, ...given.warnings.filter(isNew)] }), reveals)
    } else await answerPeople(given, view, reveals)
    if (given.error !== undefined && flags.verbose === 2) errLine(lineByLine(stackOf(given.error)))
  }

  function lineByLine(text: string): string {
    return text
      .split('\n')
      .map((line) => visible(line, Number.POSITIVE_INFINITY))
      .join('\n')
  }

  function progress(label: string): Progress {
    running.end()
    const startedAt = clock()
    const animated = stderr.isTTY && !ci && facts.TERM !== 'dumb' && flags.verbose === 0
    const print = flags.json ? (line: string) => step(line) : errLine
    if (flags.verbose === 0 && !talks) running = SILENT
    else if (!animated) running = plainProgress(label, print, () => clock() - startedAt)
    else running = spinner(label, stderr.open, { colour: wantsColour(facts, flags.noColor, stderr.isTTY), utf8: isUtf8(facts) })
    return running
  }

  function step(line: string, durationMs?: number): void {
    if (flags.verbose > 0) errLine(visible(durationMs === undefined ? line : `${line} (${showDuration(durationMs)})`, 1_000))
  }

  async function loadAsk(): Promise<Ask> {
    if (options.ask !== undefined) return options.ask
    if (!interactive()) throw cannotAsk()
    const plain = facts.CRM_ACCESSIBLE !== undefined && facts.CRM_ACCESSIBLE !== '' && facts.CRM_ACCESSIBLE !== '0'
    const terminal = {
      stdin: stdin.open,
      stderr: stderr.open,
      print: errLine,
      style: plain ? plainStyle({ terminal: true, now: clock() }) : await errStyle(),
      signal: options.signal,
    }
    if (plain) return (await import('./ask-plain.ts')).createPlainAsk(terminal)
    return (await import('./ask-prompts.ts')).createPromptAsk(terminal)
  }

  function asking(): Promise<Ask> {
    running.end()
    asker ??= loadAsk()
    return asker
  }

  return {
    get interactive() {
      return interactive()
    },
    flags,
    ask: {
      text: async (question) => (await asking()).text(question),
      secret: async (question) => (await asking()).secret(question),
      choice: async (question) => (await asking()).choice(question),
      confirm: async (question) => (await asking()).confirm(question),
    },
    answer,
    async answerPages(pages) {
      running.end()
      const all = { ...pages, warnings: [...warnings, ...pages.warnings.filter(isNew)] }
      if (flags.fields === undefined) return writePages(all, out, stdout)
      const data = keepFields(await readPages(all), flags.fields)
      out.json(envelopeText({ schema: all.schema, data, warnings: all.warnings }))
    },
    fail: (error, schema) => answer({ schema, data: null, warnings: [], error }, async () => () => ''),
    reveal(value) {
      mask([value])
      out.exact(stdout.isTTY ? `${lineByLine(value.replace(/\n$/, ''))}\n` : value)
    },
    print(text) {
      running.erase()
      out.human(text.endsWith('\n') ? text : `${text}\n`)
    },
    usage(text) {
      if (!flags.json) errLine(text.trimEnd())
    },
    note(line) {
      if (talks) errLine(visible(line, 1_000))
    },
    tell: errLine,
    warn(warning) {
      if (!isNew(warning)) return
      if (flags.json) warnings.push(warning)
      else if (!flags.quiet) errLine(`warning: ${visible(warning.message, 600)}`)
    },
    step,
    http(line) {
      if (flags.verbose === 2) errLine(visible(line, 2_000))
    },
    progress,
    async confirm(message) {
      if (flags.yes) return true
      if (!interactive()) {
        throw new CrmError('usage', 'this needs a confirmation and there is no terminal to ask on', {
          reason: message,
          hint: 'add --yes to confirm',
        })
      }
      return (await asking()).confirm({ message })
    },
    style,
  }
}
