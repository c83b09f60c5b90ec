import { PassThrough } from 'node:stream'
import type { Redactor } from '../../src/core/redact.ts'
import type { Ask } from '../../src/terminal/ask.ts'
import type { TerminalFacts, TerminalFlags } from '../../src/terminal/facts.ts'
import { streamOutput } from '../../src/terminal/streams.ts'
import { createUi, type Ui } from '../../src/terminal/ui.ts'

/** 2026-01-31T12:00:00Z: what "now" is in these tests. */
export const NOW = Date.UTC(2026, 0, 31, 12)

export const FLAGS: TerminalFlags = { json: false, quiet: false, verbose: 0, noInput: false, noColor: false, yes: false }

export interface CapturedOptions {
  readonly flags?: Partial<TerminalFlags>
  readonly facts?: TerminalFacts
  readonly redactor?: Redactor
  readonly ask?: Ask
  /** Columns of a terminal behind standard output and standard error; none: they are pipes. */
  readonly columns?: number
}

/** A {@link Ui} that writes into two buffers. */
export function captured(options: CapturedOptions = {}): { readonly ui: Ui; stdout(): string; stderr(): string } {
  const terminal = options.columns === undefined ? undefined : { columns: options.columns }
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const ui = createUi({
    stdin: { isTTY: false, open: () => new PassThrough() as unknown as NodeJS.ReadStream },
    stdout: streamOutput(stdout, terminal),
    stderr: streamOutput(stderr, terminal),
    facts: { LANG: 'C.UTF-8', ...options.facts },
    flags: { ...FLAGS, ...options.flags },
    clock: () => NOW,
    ...(options.redactor === undefined ? {} : { redactor: options.redactor }),
    ...(options.ask === undefined ? {} : { ask: options.ask }),
  })
  const read = (stream: PassThrough) => {
    let all = ''
    return () => {
      all += stream.read()?.toString('utf8') ?? ''
      return all
    }
  }
  return { ui, stdout: read(stdout), stderr: read(stderr) }
}
