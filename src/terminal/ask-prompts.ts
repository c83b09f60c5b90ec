import { CrmError } from '../core/errors.ts'
import { visible } from '../core/text.ts'
import {
  type Ask,
  type ChoiceQuestion,
  type ConfirmQuestion,
  cancelled,
  type Question,
  type SecretQuestion,
  secretProblem,
  type TextQuestion,
  textProblem,
} from './ask.ts'
import { PASTE_MODE_OFF, PASTE_MODE_ON } from './paste.ts'
import { PromptInput } from './prompt-input.ts'
import type { Style } from './style.ts'
import { wrapped } from './table.ts'

/** What the asker needs of the terminal. */
export interface PromptTerminal {
  readonly stdin: () => NodeJS.ReadStream
  readonly stderr: () => NodeJS.WriteStream
  /** Prints one line above or below a prompt. */
  readonly print: (line: string) => void
  readonly style: Style
  /** Aborted when the command is told to stop; see {@link cancelled}. */
  readonly signal?: AbortSignal | undefined
}

/** Prose is not wider than this, however wide the terminal is. */
const PROSE_COLUMNS = 80
/** Longest line of help, in code points. */
export const LONGEST_HELP = 600

/** Longer lists are filtered as one types. */
const LONG_LIST = 8

type Prompts = typeof import('@inquirer/prompts')
type PromptContext = { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream; readonly signal: AbortSignal }

/** The look of the prompts, in our colours: the library's own follow standard output, which is not where prompts stand. */
function themeOf(style: Style, ascii: boolean) {
  const keysHelpTip = (keys: [key: string, action: string][]) =>
    style.dim(keys.map(([key, action]) => `${ascii ? asciiKey(key) : key} ${action}`).join(', '))
  return {
    prefix: { idle: style.accent('?'), done: style.ok(style.symbols.ok) },
    spinner: { interval: 80, frames: ['-', '\\', '|', '/'] },
    icon: { cursor: ascii ? '>' : '❯' },
    style: {
      answer: style.accent,
      message: (text: string) => text,
      error: (text: string) => style.error(`> ${text}`),
      defaultAnswer: (text: string) => style.dim(`[${text}]`),
      help: style.dim,
      highlight: style.accent,
      key: style.accent,
      description: style.dim,
      disabled: style.dim,
      searchTerm: style.accent,
      maskedText: '(hidden)',
      keysHelpTip,
      confirmDefault: (text: string) => text.toUpperCase(),
    },
  }
}

function asciiKey(key: string): string {
  return key === '↑↓' ? 'arrows' : key === '⏎' ? 'enter' : key
}

/** Prompts drawn on a terminal. The library is loaded at the first question. */
export function createPromptAsk(terminal: PromptTerminal): Ask {
  return new PromptAsk(terminal)
}

class PromptAsk implements Ask {
  readonly #terminal: PromptTerminal
  readonly #theme: ReturnType<typeof themeOf>
  #stream: NodeJS.WriteStream | undefined
  #isHungUp = false

  constructor(terminal: PromptTerminal) {
    this.#terminal = terminal
    this.#theme = themeOf(terminal.style, terminal.style.symbols.arrow === '->')
  }

  async text(question: TextQuestion): Promise<string> {
    const theme = this.#theme
    const fallback = question.typed ?? question.fallback
    const shown = fallback === undefined ? undefined : visible(fallback, Number.POSITIVE_INFINITY)
    const answer = await this.#prompt(question, question.joinLines === true, ({ input }, context) =>
      input(
        {
          message: messageOf(question),
          theme,
          ...(shown === undefined ? {} : { default: shown }),
          ...(question.typed === undefined ? {} : { prefill: 'editable' as const }),
          validate: (value) => said(textProblem(question, value.trim())),
        },
        context,
      ),
    )
    // Enter on a value that could not be shown as it is means the value, not its escaped form.
    return fallback !== undefined && answer === shown ? fallback : answer.trim()
  }

  async secret(question: SecretQuestion): Promise<string> {
    const { style, print } = this.#terminal
    const theme = this.#theme
    const message = messageOf(question)
    for (let asked: Question = question; ; asked = { message: question.message }) {
      const answer = await this.#prompt(asked, question.joinLines === true, ({ password }, context) =>
        // Taken off the screen when it ends: only an accepted value may leave the mark of an answered question.
        password({ message, toggleMask: false, theme }, { ...context, clearPromptOnDone: true }),
      )
      const value = answer.trim()
      // Checked here and not by the library, which would keep a refused value for correction; a secret is typed again.
      const problem = secretProblem(question, value)
      if (problem === undefined) {
        print(`${style.ok(style.symbols.ok)} ${message} ${style.dim(value === '' ? '' : '(hidden)')}`.trimEnd())
        if (value !== answer) print(style.dim('  white space around the value was removed'))
        return value
      }
      print(style.error(`> the value ${problem}`))
    }
  }

  async choice<T extends string>(question: ChoiceQuestion<T>): Promise<T> {
    const message = messageOf(question)
    const theme = this.#theme
    const choices = question.choices.map(({ value, label, short = label }) => ({ value, name: visible(label), short: visible(short) }))
    const chosen = question.fallback === undefined ? {} : { default: question.fallback }
    return this.#prompt(question, false, ({ select, search }, context): Promise<T> => {
      // The short list jumps to what is typed only by the beginning of the label; every choice must be reachable by its value (ux P8).
      const isTypable = choices.every(({ value, name }) => name.toLowerCase().startsWith(value.toLowerCase()))
      if (isTypable && choices.length <= LONG_LIST) return select<T>({ message, choices, pageSize: LONG_LIST, theme, ...chosen }, context)
      const source = (term = '') => choices.filter(({ value, name }) => `${value} ${name}`.toLowerCase().includes(term.toLowerCase()))
      return search<T>({ message, source, pageSize: LONG_LIST, theme, ...chosen }, context)
    })
  }

  async confirm(question: ConfirmQuestion): Promise<boolean> {
    return this.#prompt(question, false, (prompts, context) =>
      prompts.confirm({ message: visible(question.message), default: question.fallback ?? false, theme: this.#theme }, context),
    )
  }

  /** Where prompts stand. What cannot be written there any more is no reason to end without a word of the status. */
  #output(stderr: () => NodeJS.WriteStream): NodeJS.WriteStream {
    if (this.#stream === undefined) {
      this.#stream = stderr()
      this.#stream.on('error', () => {
        this.#isHungUp = true
      })
    }
    return this.#stream
  }

  /** Runs one prompt, and leaves the terminal as it was however it ends. */
  async #prompt<T>(question: Question, joinLines: boolean, run: (prompts: Prompts, context: PromptContext) => Promise<T>): Promise<T> {
    const { stdin, stderr, signal, style, print } = this.#terminal
    const prompts = await import('@inquirer/prompts')
    const stop = new AbortController()
    for (const line of question.help ?? [])
      print(style.dim(wrapped(visible(line, LONGEST_HELP), Math.min(style.columns, PROSE_COLUMNS), '  ')))
    const output = this.#output(stderr)
    // After an answer the library closes too, but the promise is settled by then and the abort finds nothing to do.
    const input = new PromptInput(stdin(), { joinLines, onClosed: () => stop.abort() })
    output.write(PASTE_MODE_ON)
    try {
      return await run(prompts, { input, output, signal: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]) })
    } catch (error) {
      throw failureOf(error, (input.isHungUp || this.#isHungUp) && signal?.aborted !== true ? HUNG_UP : signal)
    } finally {
      output.write(PASTE_MODE_OFF)
      input.release()
    }
  }
}

function messageOf({ message }: Question): string {
  return `${visible(message)}:`
}

function said(problem: string | undefined): true | string {
  return problem === undefined ? true : `the value ${problem}`
}

/** What stops a command whose terminal is gone, where the signal that says so is still to come. */
const HUNG_UP = AbortSignal.abort(new CrmError('cancelled', 'stopped by SIGHUP', { signal: 'SIGHUP' }))

/** Whatever ended a prompt without an answer is a cancellation. */
function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  const name = error instanceof Error ? error.name : ''
  return name === 'ExitPromptError' || name === 'AbortPromptError' || name === 'CancelPromptError' ? cancelled(signal) : error
}
