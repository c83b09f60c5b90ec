import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
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
import { LONGEST_HELP, type PromptTerminal } from './ask-prompts.ts'
import { PASTE_MODE_OFF, PASTE_MODE_ON } from './paste.ts'
import { PromptInput } from './prompt-input.ts'

/**
 * Prompts for screen readers (`CRM_ACCESSIBLE=1`): one line a question, lists with numbers, nothing redrawn, no colour, no escape
 * sequence around what may be seen. The terminal's own line editing is used, so Ctrl-C arrives as SIGINT: whoever builds the
 * terminal aborts `signal` then.
 */
export function createPlainAsk(terminal: PromptTerminal): Ask {
  return new PlainAsk(terminal)
}

class PlainAsk implements Ask {
  readonly #terminal: PromptTerminal

  constructor(terminal: PromptTerminal) {
    this.#terminal = terminal
  }

  async text(question: TextQuestion): Promise<string> {
    this.#explain(question)
    const fallback = question.typed ?? question.fallback
    for (;;) {
      this.#say(`${visible(question.message)}${fallback === undefined || fallback === '' ? '' : ` [${visible(fallback)}]`}: `)
      const value = (await this.#readVisible()).trim() || fallback || ''
      const problem = textProblem(question, value)
      if (problem === undefined) return value
      this.#terminal.print(`error: the value ${problem}`)
    }
  }

  async secret(question: SecretQuestion): Promise<string> {
    const { print } = this.#terminal
    this.#explain(question)
    for (;;) {
      const answer = await this.#readHidden(`${visible(question.message)} (hidden): `, question.joinLines === true)
      const value = answer.trim()
      const problem = secretProblem(question, value)
      if (problem === undefined) {
        if (value !== answer) print('white space around the value was removed')
        return value
      }
      print(`error: the value ${problem}`)
    }
  }

  async choice<T extends string>(question: ChoiceQuestion<T>): Promise<T> {
    const { print } = this.#terminal
    const { choices, fallback } = question
    this.#explain(question)
    print(`${visible(question.message)}:`)
    for (const [index, { label }] of choices.entries()) print(`  ${index + 1}. ${visible(label)}`)
    for (;;) {
      this.#say(`Number or name${fallback === undefined ? '' : ` [${choices.findIndex(({ value }) => value === fallback) + 1}]`}: `)
      const typed = (await this.#readVisible()).trim().toLowerCase()
      if (typed === '' && fallback !== undefined) return fallback
      const named = choices.find(({ value, label }) => value.toLowerCase() === typed || label.toLowerCase() === typed)
      const chosen = named ?? (/^\d{1,3}$/.test(typed) ? choices[Number(typed) - 1] : undefined)
      if (chosen !== undefined) return chosen.value
      print(`error: type a number from 1 to ${choices.length}, or one of the names`)
    }
  }

  async confirm(question: ConfirmQuestion): Promise<boolean> {
    this.#explain(question)
    for (;;) {
      this.#say(`${visible(question.message)} ${question.fallback === true ? '[Y/n]' : '[y/N]'}: `)
      const typed = (await this.#readVisible()).trim().toLowerCase()
      if (typed === '') return question.fallback ?? false
      if (typed === 'y' || typed === 'yes') return true
      if (typed === 'n' || typed === 'no') return false
      this.#terminal.print('error: type yes or no')
    }
  }

  #say(text: string): void {
    this.#terminal.stderr().write(text)
  }

  #explain({ help = [] }: Question): void {
    for (const line of help) this.#terminal.print(visible(line, LONGEST_HELP))
  }

  #readVisible(): Promise<string> {
    const input = this.#terminal.stdin()
    const lines = createInterface({ input, terminal: false })
    return firstLine(lines, this.#terminal.signal).finally(() => {
      lines.close()
      input.pause()
    })
  }

  async #readHidden(message: string, joinLines: boolean): Promise<string> {
    const output = this.#terminal.stderr()
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const input = new PromptInput(this.#terminal.stdin(), { joinLines, onClosed: () => {} })
    output.write(PASTE_MODE_ON)
    const keys = createInterface({ input, output: silent, terminal: true, historySize: 0 })
    try {
      // The echo is off by now: whoever sees the question can type without being seen.
      this.#say(message)
      return await firstLine(keys, this.#terminal.signal)
    } finally {
      keys.close()
      input.release()
      output.write(`${PASTE_MODE_OFF}\n`)
    }
  }
}

type Lines = ReturnType<typeof createInterface>

/** The next line; `cancelled` when the input ends, at Ctrl-C, or when the command is told to stop. */
function firstLine(lines: Lines, signal: AbortSignal | undefined): Promise<string> {
  let stop = (): void => {}
  const line = new Promise<string>((resolve, reject) => {
    stop = () => reject(cancelled(signal))
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    lines.once('line', resolve)
    lines.once('SIGINT', stop)
    lines.once('close', stop)
  })
  return line.finally(() => signal?.removeEventListener('abort', stop))
}
