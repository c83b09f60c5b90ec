/** What the environment says about the terminal: variables as they are, read by the caller. An empty text counts as not set. */
export interface TerminalFacts {
  readonly CI?: string | undefined
  readonly GITHUB_ACTIONS?: string | undefined
  readonly NO_COLOR?: string | undefined
  readonly FORCE_COLOR?: string | undefined
  readonly TERM?: string | undefined
  readonly COLUMNS?: string | undefined
  readonly LC_ALL?: string | undefined
  readonly LC_CTYPE?: string | undefined
  readonly LANG?: string | undefined
  readonly CRM_ACCESSIBLE?: string | undefined
}

/** The global flags that change how a command talks. */
export interface TerminalFlags {
  readonly json: boolean
  /** Dot paths into the `data` of the JSON answer; undefined keeps all. */
  readonly fields?: readonly string[] | undefined
  readonly quiet: boolean
  /** 1: steps and timings. 2: also HTTP lines and stacks. */
  readonly verbose: 0 | 1 | 2
  readonly noInput: boolean
  readonly noColor: boolean
  readonly yes: boolean
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

/** Whether a program rather than a person watches: no prompts, no animation (`CI=false` is how some tools unset it). */
export function inCi(facts: TerminalFacts): boolean {
  return isSet(facts.CI) && facts.CI !== 'false' && facts.CI !== '0'
}

/** Whether prompts are plain lines, for screen readers (`ux.md` P9). */
export function isAccessible(facts: TerminalFacts): boolean {
  return isSet(facts.CRM_ACCESSIBLE) && facts.CRM_ACCESSIBLE !== '0'
}

/** Whether a person may be asked: both ends of the conversation are terminals, and nothing forbids it. */
export function mayAsk(
  facts: TerminalFacts,
  flags: Pick<TerminalFlags, 'json' | 'noInput'>,
  stdin: { readonly isTTY: boolean },
  stderr: { readonly isTTY: boolean },
): boolean {
  return !flags.json && !flags.noInput && !inCi(facts) && facts.TERM !== 'dumb' && stdin.isTTY && stderr.isTTY
}

/**
 * Whether a stream gets colour: `--no-color`, then `NO_COLOR`, then `FORCE_COLOR` (`0` and `false` turn off), then `TERM=dumb`, then
 * whether the stream is a terminal. `NO_COLOR` wins over `FORCE_COLOR` because CI systems set the latter for everything.
 */
export function wantsColour(facts: TerminalFacts, noColorFlag: boolean, isTTY: boolean): boolean {
  if (noColorFlag || isSet(facts.NO_COLOR)) return false
  if (isSet(facts.FORCE_COLOR)) return facts.FORCE_COLOR !== '0' && facts.FORCE_COLOR !== 'false'
  return facts.TERM !== 'dumb' && isTTY
}

/** Whether the locale can show more than ASCII. POSIX: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides; none means ASCII. */
export function isUtf8(facts: TerminalFacts): boolean {
  const locale = [facts.LC_ALL, facts.LC_CTYPE, facts.LANG].find(isSet) ?? ''
  return /utf-?8/i.test(locale)
}

const DEFAULT_COLUMNS = 80
const FEWEST_COLUMNS = 20

/** Width for tables and prose: `COLUMNS`, else that of the terminal, else 80. */
export function columnsOf(facts: TerminalFacts, target: { readonly columns: number | undefined }): number {
  const wanted = /^\d{1,4}$/.test(facts.COLUMNS ?? '') ? Number(facts.COLUMNS) : (target.columns ?? DEFAULT_COLUMNS)
  return Math.max(wanted, FEWEST_COLUMNS)
}
