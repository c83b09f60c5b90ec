/** Commands that are printed as advice: each can be run as it stands, in the profile and the vault that this run was about. */
import type { Answer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'

/** The global flags that say what a command is about. */
export interface Whereabouts {
  readonly profile?: string
  readonly vault?: string
  /** The Chatwoot that was named for a demo. */
  readonly integration?: string
  /** Nobody can be asked: what asks for a confirmation has to be given one. */
  readonly unattended?: true
}

/** Commands that are about no vault. */
const ANYWHERE = 'providers|help|sandbox|tour|key generate'
const COMMAND = new RegExp(`\\bcrm (?:-p (\\S+) )?(?!-|(?:${ANYWHERE})\\b)(?=[a-z])`, 'g')

const DEMO_COMMAND = /\bcrm demo-(?:remove|show|verify) [a-z0-9][\w.-]*(?! --integration)(?=$|[;,)])/g

/** A removal that would ask. */
const ASKING_COMMAND = /\bcrm (?:--?\S+ \S+ )*demo-remove(?: [a-z0-9][\w.-]*)+(?: --integration \S+)?(?: --forget)?(?=$|[;,)])/g

/** Advice with the given `--profile`, `--vault` and `--integration` in its commands, and with `--yes` where nobody can be asked. */
export function withWhereabouts(hint: string, { profile, vault, integration, unattended }: Whereabouts): string {
  const named =
    integration === undefined ? hint : hint.replaceAll(DEMO_COMMAND, (command) => `${command} --integration ${quoted(integration)}`)
  const precise = unattended === undefined ? named : named.replaceAll(ASKING_COMMAND, (command) => `${command} --yes`)
  if (profile === undefined && vault === undefined) return precise
  return precise.replaceAll(COMMAND, (_match, other: string | undefined) => {
    const name = other ?? profile
    return `crm ${vault === undefined ? '' : `--vault ${quoted(vault)} `}${name === undefined ? '' : `-p ${quoted(name)} `}`
  })
}

/** The same in all of an answer: its error, its warnings, and what its data say of single things. */
export function answerWithWhereabouts<T>(answer: Answer<T>, where: Whereabouts): Answer<T> {
  const { data, warnings, error } = answer
  return {
    ...answer,
    data: dataWithWhereabouts(data, where) as T,
    warnings: warnings.map(({ code, message }) => ({ code, message: withWhereaboutsAtEnd(message, where) })),
    ...(error === undefined ? {} : { error: errorWithHint(error, (hint) => withWhereabouts(hint, where)) }),
  }
}

/** A sentence that ends with a command, as a warning does: `there is no vault yet; make one with: crm init`. */
function withWhereaboutsAtEnd(sentence: string, where: Whereabouts): string {
  return sentence.replace(/: crm (?!.*: crm ).*$/, (command) => withWhereabouts(command, where))
}

/** Members of data that hold advice, and those that hold what has them. */
const ADVICE: readonly string[] = ['hint', 'fix']
const ADVISED: readonly string[] = ['results', 'test', 'checks', 'problems', 'demos', 'error', 'diagnosis']

function dataWithWhereabouts(data: unknown, where: Whereabouts): unknown {
  if (Array.isArray(data)) return data.map((item) => dataWithWhereabouts(item, where))
  if (data === null || typeof data !== 'object') return data
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      if (ADVICE.includes(name) && typeof value === 'string') return [name, withWhereabouts(value, where)]
      return [name, ADVISED.includes(name) ? dataWithWhereabouts(value, where) : value]
    }),
  )
}

/** An error whose advice is another one. */
export function errorWithHint(error: CrmError, change: (hint: string) => string): CrmError {
  if (error.hint === undefined) return error
  const { code, message, hint, reason, retryable, problems, redirectTo, signal, cause } = error
  const changed = change(hint)
  if (changed === hint) return error
  return new CrmError(code, message, {
    hint: changed,
    retryable,
    problems,
    cause: cause ?? error,
    ...(reason === undefined ? {} : { reason }),
    ...(redirectTo === undefined ? {} : { redirectTo }),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** `crm edit acme --base-url https://chat.example.com --api-key-stdin`, with its flags behind the name. */
const CHANGE = /crm (?:edit|login) \S+((?: --[a-z][a-z-]*(?: (?!--)\S+)?)*)/g
const TEST = /(?: run)?: crm test \S+/g

/**
 * Advice about an integration that was not saved: to run what was typed once more, with the flags of the advice in the place of those
 * that were typed. Nothing that was typed can be a secret: literal ones are refused. A command that would have a secret typed again,
 * which is not what is wrong, is not spelled out.
 * @param argv the words of this run.
 */
export function typedAgain(hint: string, argv: readonly string[]): string {
  return hint.replaceAll(TEST, ' run the same command again').replaceAll(CHANGE, (_match, flags: string) => {
    const given = Array.from(flags.matchAll(/ --([a-z][a-z-]*)(?: ((?!--)\S+))?/g), ([, flag = '', value]) => ({ flag, value }))
    const kept = [...WHEREABOUTS, ...given].reduce(without, argv)
    const added = given.flatMap(({ flag, value }) => (value === undefined ? [`--${flag}`] : [`--${flag}`, value]))
    if (kept.some((word) => /^--[a-z-]+-stdin$/.test(word)))
      return `the same command${added.length === 0 ? ' again' : ` with ${added.join(' ')}`}`
    return ['crm', ...kept.map(quoted), ...added].join(' ')
  })
}

/** Advice where a menu follows that does what its command would do. */
export function asMenu(hint: string | null): string {
  if (hint === null) return 'choose "correct a field" below'
  return hint
    .replace(/(?:, then(?: run)?)?: crm edit .*$/, ', then choose "correct a field" below')
    .replace(/(?:, then(?: run)?)?: crm (?:test|login) .*$/, ', then choose "test again" below')
}

interface GivenFlag {
  readonly flag: string
  /** Undefined for a flag that takes none. */
  readonly value: string | undefined
}

/** They are put in front again by whoever prints the advice. */
const WHEREABOUTS: readonly GivenFlag[] = [
  { flag: 'profile', value: '' },
  { flag: 'vault', value: '' },
]

/** Words without a flag and its value; all forms of a secret are the same flag, and `-p` is `--profile`. */
function without(words: readonly string[], { flag, value }: GivenFlag): readonly string[] {
  const stem = flag.replace(/-(?:stdin|file|env)$/, '')
  const forms = stem === flag ? [`--${flag}`] : [`--${stem}-stdin`, `--${stem}-file`, `--${stem}-env`]
  const takesValue = (word: string) => forms.includes(word) && (stem === flag ? value !== undefined : !word.endsWith('-stdin'))
  const isShort = (word: string) => flag === 'profile' && /^-p(?!-)/.test(word)
  return words.filter((word, index) => {
    const before = words[index - 1] ?? ''
    const isValue = takesValue(before) || (flag === 'profile' && before === '-p')
    return !isValue && !forms.includes(word.split('=')[0] ?? '') && !isShort(word)
  })
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
