import { CrmError } from '../core/errors.ts'

/** What every question has. Texts are made safe to print by the asker. */
export interface Question {
  /** What is asked, without a colon at its end. */
  readonly message: string
  /** Lines shown above it: why it is needed, where to find it, an example. */
  readonly help?: readonly string[]
}

/** Says what is wrong with a value, as the end of the sentence "the value ..."; undefined when nothing is. */
export type Check = (value: string) => string | undefined

/** A question for a value that may be seen. */
export interface TextQuestion extends Question {
  /** Taken when Enter is pressed on an empty line; shown in brackets. */
  readonly fallback?: string
  /** What was typed before and refused: put back for correction. */
  readonly typed?: string
  /** Whether an empty answer is one. */
  readonly optional?: boolean
  /** Whether pasted line breaks become spaces (JSON) instead of being refused. */
  readonly joinLines?: boolean
  readonly check?: Check
}

/** A question for a value that is never shown. */
export interface SecretQuestion extends Question {
  /** Whether Enter keeps the value that is set already; the answer is then empty. */
  readonly keep?: boolean
  readonly optional?: boolean
  /** Whether pasted line breaks become spaces (JSON) instead of being refused. */
  readonly joinLines?: boolean
  readonly check?: Check
}

/** One of several answers, reached by arrows, by typing it, or by its number in plain mode. */
export interface Choice<T extends string> {
  readonly value: T
  readonly label: string
  /** What stands in the answered prompt; default: the label. */
  readonly short?: string
}

/** A question with given answers. */
export interface ChoiceQuestion<T extends string> extends Question {
  readonly choices: readonly Choice<T>[]
  readonly fallback?: T
}

/** A question that is answered with yes or no. */
export interface ConfirmQuestion extends Question {
  /** What Enter means; default: no. */
  readonly fallback?: boolean
}

/**
 * The one place where a person is asked. Prompts stand on standard error. Every method throws `cancelled` on Ctrl-C and on Ctrl-D at an
 * empty prompt, and leaves the terminal as it was (echo, cursor, line mode).
 */
export interface Ask {
  text(question: TextQuestion): Promise<string>
  secret(question: SecretQuestion): Promise<string>
  choice<T extends string>(question: ChoiceQuestion<T>): Promise<T>
  confirm(question: ConfirmQuestion): Promise<boolean>
}

/**
 * What a cancelled prompt throws. True because commands write nothing before the last answer.
 * @param stop tells the command to stop: the signal that did so gives the exit status, another reason is thrown itself.
 */
export function cancelled(stop?: AbortSignal): CrmError {
  const reason: unknown = stop?.aborted === true ? stop.reason : undefined
  if (reason instanceof CrmError && reason.code !== 'cancelled') return reason
  const signal = reason instanceof CrmError ? reason.signal : undefined
  return new CrmError('cancelled', 'Cancelled. Nothing was changed.', signal === undefined ? {} : { signal })
}

/** What every question throws where nobody can be asked. */
export function cannotAsk(): CrmError {
  return new CrmError('usage', 'an answer is needed and there is no terminal to ask on', {
    reason: 'prompts need a terminal on standard input and standard error, and are off with --json, --no-input and CI',
    hint: 'give the values as flags: crm help environment',
  })
}

/** Stands for a line break in a paste; {@link hasControl} finds it. */
export const PASTED_NEWLINE = '\u2424'
/** Stands for any other control character in a paste. */
export const PASTED_CONTROL = '\u2426'

/** Whether a value holds what no single-line value may: control characters, or their stand-ins from a paste. */
export function hasControl(value: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2424\u2426]/.test(value)
}

/** The problem of an answer to a text question, white space trimmed already. */
export function textProblem(question: TextQuestion, value: string): string | undefined {
  if (value === '') return question.optional === true ? undefined : 'is needed'
  if (hasControl(value)) return 'holds a line break or another control character'
  return question.check?.(value)
}

/** The problem of an answer to a secret question, white space trimmed already. */
export function secretProblem(question: SecretQuestion, value: string): string | undefined {
  if (value === '') return question.keep === true || question.optional === true ? undefined : 'is needed'
  if (hasControl(value)) return 'holds a line break or another control character; give it in a file instead'
  return question.check?.(value)
}
