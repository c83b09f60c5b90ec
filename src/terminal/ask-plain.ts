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
import type { PromptTerminal } from './ask-prompts.ts'
import { PASTE_MODE_OFF, PASTE_MODE_ON } from './paste.ts'
import { PromptInput } from './prompt-input.ts'

/**
 * Prompts for screen readers (`CRM_ACCESSIBLE=1`): one line a question, lists with numbers, nothing redrawn, no colour, no escape
 * sequence around what may be seen. The terminal's own line editing is used, so Ctrl-C arrives as SIGINT: whoever builds the
 * terminal aborts `signal` then.
 */
export function createPlainAsk(terminal: PromptTerminal): Ask {
  const { print } = terminal
  const say = (text: string): void => {
    terminal.stderr().write(text)
  }
  const explain = (question: Question): void => {
    for (const line of question.help ?? []) print(visible(line))
  }

  function readVisible(): Promise<string> {
    const input = terminal.stdin()
    const lines = createInterface({ input, terminal: false })
    return firstLine(lines, terminal.signal).finally(() => {
      lines.close()
      input.pause()
    })
  }

  async function readHidden(message: string, joinLines: boolean): Promise<string> {
    const output = terminal.stderr()
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const input = new PromptInput(terminal.stdin(), { joinLines, onClosed: () => {} })
    output.write(PASTE_MODE_ON)
    const keys = createInterface({ input, output: silent, terminal: true, historySize: 0 })
    try {
      // The echo is off by now: whoever sees the question can type without being seen.
      say(message)
      return await firstLine(keys, terminal.signal)
    } finally {
      keys.close()
      input.release()
      output.write(`${PASTE_MODE_OFF}\n`)
    }
  }

  async function text(question: TextQuestion): Promise<string> {
    explain(question)
    const fallback = question.typed ?? question.fallback
    for (;;) {
      say(`${visible(question.message)}${fallback === undefined || fallback === '' ? '' : ` [${visible(fallback)}]`}: `)
      const value = (await readVisible()).trim() || fallback || ''
      const problem = textProblem(question, value)
      if (problem === undefined) return value
      print(`error: the value ${problem}`)
    }
  }

  async function secret(question: SecretQuestion): Promise<string> {
    explain(question)
    for (;;) {
      const answer = await readHidden(`${visible(question.message)} (hidden): `, question.joinLines === true)
      const value = answer.trim()
      const problem = secretProblem(question, value)
      if (problem === undefined) {
        if (value !== answer) print('white space around the value was removed')
        return value
      }
      print(`error: the value ${problem}`)
    }
  }

  async function choice<T extends string>(question: ChoiceQuestion<T>): Promise<T> {
    explain(question)
    const { choices, fallback } = question
    print(`${visible(question.message)}:`)
    choices.forEach(({ label }, index) => {
      print(`  ${index + 1}. ${visible(label)}`)
    })
    for (;;) {
      say(`Number or name${fallback === undefined ? '' : ` [${choices.findIndex(({ value }) => value === fallback) + 1}]`}: `)
      const typed = (await readVisible()).trim().toLowerCase()
      if (typed === '' && fallback !== undefined) return fallback
      const named = choices.find(({ value, label }) => value.toLowerCase() === typed || label.toLowerCase() === typed)
      const chosen = named ?? (/^\d{1,3}$/.test(typed) ? choices[Number(typed) - 1] : undefined)
      if (chosen !== undefined) return chosen.value
      print(`error: type a number from 1 to ${choices.length}, or one of the names`)
    }
  }

  async function confirm(question: ConfirmQuestion): Promise<boolean> {
    explain(question)
    for (;;) {
      say(`${visible(question.message)} ${question.fallback === true ? '[Y/n]' : '[y/N]'}: `)
      const typed = (await readVisible()).trim().toLowerCase()
      if (typed === '') return question.fallback ?? false
      if (typed === 'y' || typed === 'yes') return true
      if (typed === 'n' || typed === 'no') return false
      print('error: type yes or no')
    }
  }

  return { text, secret, choice, confirm }
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
