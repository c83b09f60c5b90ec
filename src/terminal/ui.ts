import type { Answer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { createRedactor, type Redactor } from '../core/redact.ts'
import { type Ask, cannotAsk } from './ask.ts'
import { envelopeText, keepFields } from './envelope.ts'
import { inCi, isAccessible, mayAsk, type TerminalFacts, type TerminalFlags } from './facts.ts'
import { Messages } from './messages.ts'
import { type PagedAnswer, readPages, writePages } from './pages.ts'
import type { Progress } from './progress.ts'
import type { InputSource, OutputTarget } from './streams.ts'
import { type Paint, plainStyle, type Style, styleFor } from './style.ts'
import { lines, type View } from './view.ts'
import { createWriter, type Writer } from './writer.ts'

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
  /** Loads what commands that are printed as advice go through, where they do; called once something is shown. */
  readonly command?: () => Promise<Paint | undefined>
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
   * @throws {CrmError} `io_failed` when it cannot be written.
   */
  answer<T>(answer: Answer<T>, view: LoadView<T>, reveals?: readonly string[]): Promise<void>
  /** Prints a list too long to hold, as the same JSON document, page by page. Only with `--json`. */
  answerPages(answer: PagedAnswer): Promise<void>
  /** Prints a failure that left nothing else to tell. */
  fail(error: CrmError, schema: string): Promise<void>
  /** Prints a revealed secret: exactly its bytes into a pipe or file; made safe and with a newline on a terminal. */
  reveal(value: string): void
  /** Prints bytes that are the result itself: a sealed file, which holds no secret that anybody could read. */
  bytes(content: Uint8Array): void
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

/** The terminal as a command sees it. Nothing is opened, loaded or asked of the streams before it is needed. */
export function createUi(options: UiOptions): Ui {
  return new TerminalUi(options)
}

class TerminalUi implements Ui {
  readonly flags: TerminalFlags
  readonly ask: Ask
  readonly #options: UiOptions
  readonly #out: Writer
  readonly #err: Writer
  readonly #messages: Messages
  #style: Promise<Style> | undefined
  #asker: Promise<Ask> | undefined

  constructor(options: UiOptions) {
    const { stdout, stderr, facts, flags, clock, redactor = createRedactor() } = options
    this.#options = options
    this.flags = flags
    this.#out = createWriter(stdout, redactor, inCi(facts))
    this.#err = createWriter(stderr, redactor, inCi(facts))
    this.#messages = new Messages({ target: stderr, writer: this.#err, facts, flags, clock })
    this.ask = {
      text: async (question) => (await this.#asking()).text(question),
      secret: async (question) => (await this.#asking()).secret(question),
      choice: async (question) => (await this.#asking()).choice(question),
      confirm: async (question) => (await this.#asking()).confirm(question),
    }
  }

  get interactive(): boolean {
    const { ask, facts, stdin, stderr } = this.#options
    return ask !== undefined || mayAsk(facts, this.flags, stdin, stderr)
  }

  style(): Promise<Style> {
    this.#style ??= this.#makeStyle()
    return this.#style
  }

  async #makeStyle(): Promise<Style> {
    const { stdout, facts, clock, command } = this.#options
    const { noColor, verbose } = this.flags
    return styleFor(stdout, facts, { noColor, verbose: verbose > 0, now: clock(), command: await command?.() })
  }

  async answer<T>(answer: Answer<T>, view: LoadView<T>, reveals: readonly string[] = []): Promise<void> {
    this.#messages.settle()
    this.#mask(reveals)
    if (this.flags.json) {
      const { data } = answer
      const kept = this.flags.fields === undefined || data === null ? data : keepFields(data, this.flags.fields)
      this.#out.json(envelopeText({ ...answer, data: kept, warnings: this.#messages.collected(answer.warnings) }), reveals)
    } else {
      if (answer.data !== null) this.#show(await (await view())(answer.data, await this.style()), reveals)
      await this.#messages.conclude(answer.warnings, answer.error)
    }
    if (answer.error !== undefined) this.#messages.stack(answer.error)
  }

  async answerPages(pages: PagedAnswer): Promise<void> {
    this.#messages.settle()
    const all = { ...pages, warnings: this.#messages.collected(pages.warnings) }
    if (this.flags.fields === undefined) return writePages(all, this.#out, this.#options.stdout)
    const data = keepFields(await readPages(all), this.flags.fields)
    this.#out.json(envelopeText({ schema: all.schema, data, warnings: all.warnings }))
  }

  fail(error: CrmError, schema: string): Promise<void> {
    return this.answer({ schema, data: null, warnings: [], error }, async () => () => '')
  }

  reveal(value: string): void {
    this.#mask([value])
    this.#out.exact(this.#options.stdout.isTTY ? `${lines(value.replace(/\n$/, ''))}\n` : value)
  }

  bytes(content: Uint8Array): void {
    this.#messages.settle()
    this.#options.stdout.write(content)
  }

  print(text: string): void {
    this.#messages.erase()
    this.#out.human(text.endsWith('\n') ? text : `${text}\n`)
  }

  usage(text: string): void {
    this.#messages.usage(text)
  }

  note(line: string): void {
    this.#messages.note(line)
  }

  tell(line: string): void {
    this.#messages.line(line)
  }

  warn(warning: Warning): void {
    this.#messages.warn(warning)
  }

  step(line: string, durationMs?: number): void {
    this.#messages.step(line, durationMs)
  }

  http(line: string): void {
    this.#messages.http(line)
  }

  progress(label: string): Progress {
    return this.#messages.progress(label)
  }

  async confirm(message: string): Promise<boolean> {
    if (this.flags.yes) return true
    if (this.interactive) return this.ask.confirm({ message })
    throw new CrmError('usage', 'this needs a confirmation and there is no terminal to ask on', {
      reason: message,
      hint: 'add --yes to confirm',
    })
  }

  #show(text: string, reveals: readonly string[]): void {
    if (text !== '') this.#out.human(`${text}\n`, reveals)
  }

  #mask(reveals: readonly string[]): void {
    if (this.#options.facts.GITHUB_ACTIONS === 'true') for (const value of reveals) this.#err.exact(maskCommands(value))
  }

  #asking(): Promise<Ask> {
    this.#messages.settle()
    this.#asker ??= this.#loadAsk()
    return this.#asker
  }

  async #loadAsk(): Promise<Ask> {
    const { ask, stdin, stderr, facts, clock, signal } = this.#options
    if (ask !== undefined) return ask
    if (!this.interactive) throw cannotAsk()
    const plain = isAccessible(facts)
    const terminal = {
      stdin: stdin.open,
      stderr: stderr.open,
      print: (line: string) => this.#messages.line(line),
      style: plain ? plainStyle({ terminal: true, now: clock() }) : await this.#messages.style(),
      signal,
    }
    if (plain) return (await import('./ask-plain.ts')).createPlainAsk(terminal)
    return (await import('./ask-prompts.ts')).createPromptAsk(terminal)
  }
}
