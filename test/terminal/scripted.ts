import type { Ask } from '../../src/terminal/ask.ts'

/** What was asked: the kind of question and its message. */
export type Asked = readonly [kind: keyof Ask, message: string]

/**
 * A person who gives these answers in turn. An answer that the question refuses is followed by the next one, as a person would; an
 * answer that no choice has, and a question too many, are mistakes of the test.
 */
export function scripted(answers: readonly (string | boolean)[]): {
  readonly ask: Ask
  readonly asked: readonly Asked[]
  readonly refused: readonly string[]
} {
  const rest = [...answers]
  const asked: Asked[] = []
  const refused: string[] = []
  const take = (kind: keyof Ask, message: string): string | boolean => {
    asked.push([kind, message])
    const answer = rest.shift()
    if (answer === undefined) throw new Error(`no answer is left for: ${message}`)
    return answer
  }
  const judged = (
    kind: 'text' | 'secret',
    message: string,
    fallback: string | undefined,
    check: ((value: string) => string | undefined) | undefined,
  ): string => {
    for (;;) {
      const typed = String(take(kind, message))
      const value = typed === '' ? (fallback ?? '') : typed
      const problem = value === '' ? undefined : check?.(value)
      if (problem === undefined) return value
      refused.push(problem)
    }
  }
  return {
    asked,
    refused,
    ask: {
      text: async ({ message, fallback, check }) => judged('text', message, fallback, check),
      secret: async ({ message, check }) => judged('secret', message, undefined, check),
      choice: async ({ message, choices }) => {
        const typed = take('choice', message)
        const chosen = choices.find(({ value }) => value === typed)
        if (chosen === undefined) throw new Error(`${message} has no choice ${typed}: ${choices.map(({ value }) => value).join(', ')}`)
        return chosen.value
      },
      confirm: async ({ message }) => take('confirm', message) === true,
    },
  }
}
