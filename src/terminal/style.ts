import { columnsOf, isUtf8, type TerminalFacts, wantsColour } from './facts.ts'

/** Gives text the colour of its role, or leaves it as it is. */
export type Paint = (text: string) => string

/** Marks that stand before a word; colour and symbol only repeat what the word says. */
export interface Symbols {
  readonly ok: string
  readonly failed: string
  readonly skipped: string
  readonly warning: string
  readonly create: string
  readonly update: string
  readonly arrow: string
  readonly ellipsis: string
}

/** How text is shown on one stream: colours by role, symbols, width, and what "now" is. A plain value, so that views stay pure. */
export interface Style {
  readonly ok: Paint
  readonly warn: Paint
  readonly error: Paint
  readonly dim: Paint
  readonly accent: Paint
  readonly symbols: Symbols
  /** Whether more than ASCII can be shown. */
  readonly utf8: boolean
  /** Light and dark whatever the terminal's own ground is; undefined where there is no colour. */
  readonly ground: { readonly light: Paint; readonly dark: Paint } | undefined
  /** Whether a person looks at it: tables are aligned and cut to the width, times are relative. */
  readonly terminal: boolean
  readonly columns: number
  /** Whether times and details are given in full. */
  readonly verbose: boolean
  /** Unix milliseconds. */
  readonly now: number
  /** A command that is printed as advice, as it is typed to be about the profile and the vault that this run was about. */
  readonly command: Paint
}

const UTF8_SYMBOLS: Symbols = {
  ok: '✓',
  failed: '✗',
  skipped: '–',
  warning: '!',
  create: '+',
  update: '~',
  arrow: '→',
  ellipsis: '…',
}

const ASCII_SYMBOLS: Symbols = {
  ok: '+',
  failed: 'x',
  skipped: '-',
  warning: '!',
  create: '+',
  update: '~',
  arrow: '->',
  ellipsis: '...',
}

const PLAIN: Paint = (text) => text

/** The style of a stream that gets no colour. */
export function plainStyle(options: {
  readonly terminal?: boolean
  readonly columns?: number
  readonly utf8?: boolean
  readonly verbose?: boolean
  readonly now: number
  readonly command?: Paint | undefined
}): Style {
  return {
    ok: PLAIN,
    warn: PLAIN,
    error: PLAIN,
    dim: PLAIN,
    accent: PLAIN,
    symbols: options.utf8 === false ? ASCII_SYMBOLS : UTF8_SYMBOLS,
    utf8: options.utf8 !== false,
    ground: undefined,
    terminal: options.terminal ?? false,
    columns: options.columns ?? 80,
    verbose: options.verbose ?? false,
    now: options.now,
    command: options.command ?? PLAIN,
  }
}

/** The style of a stream, by {@link wantsColour}. The colour library is loaded only for a stream that gets colour. */
export async function styleFor(
  target: { readonly isTTY: boolean; readonly columns: number | undefined },
  facts: TerminalFacts,
  options: { readonly noColor: boolean; readonly verbose: boolean; readonly now: number; readonly command?: Paint | undefined },
): Promise<Style> {
  const plain = plainStyle({
    terminal: target.isTTY,
    columns: columnsOf(facts, target),
    utf8: isUtf8(facts),
    verbose: options.verbose,
    now: options.now,
    command: options.command,
  })
  if (!wantsColour(facts, options.noColor, target.isTTY)) return plain
  const { Chalk } = await import('chalk')
  // The level is ours, not the library's guess: sixteen colours are readable on light and dark grounds alike.
  const chalk = new Chalk({ level: 1 })
  return {
    ...plain,
    ok: (text) => chalk.green(text),
    warn: (text) => chalk.yellow(text),
    error: (text) => chalk.red(text),
    dim: (text) => chalk.dim(text),
    accent: (text) => chalk.cyan(text),
    ground: { light: (text) => chalk.bgWhiteBright.black(text), dark: (text) => chalk.bgBlack.whiteBright(text) },
  }
}
