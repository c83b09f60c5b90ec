import { Buffer, isAscii } from 'node:buffer'
import type { Redactor } from '../core/redact.ts'
import { printableJson } from './envelope.ts'
import type { OutputTarget } from './streams.ts'

/**
 * Lines that a CI system would obey made harmless: `::` at the beginning of a line (GitHub; white space before it counts as nothing),
 * `##[` and `##vso[` anywhere (GitHub's old form, Azure Pipelines).
 */
export function withoutCiCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1\\x3a').replace(/#(?=#(?:vso)?\[)/gi, '\\x23')
}

/** Text on its way out of the process. Everything printed goes through here: redaction first, then what the kind of text needs. */
export interface Writer {
  /** Text for people; remote parts of it have been through `visible` already. `shown` are secrets that are printed on purpose. */
  human(text: string, shown?: readonly string[]): void
  /** One JSON document, as `printableJson` made it. */
  json(text: string, shown?: readonly string[]): void
  /** A JSON document that is written piece by piece. */
  document(): JsonDocument
  /** Exactly this text: a revealed value, a CI command of our own. */
  exact(text: string): void
}

/** A JSON document on its way out. A secret that lies across a border between pieces is found too. */
export interface JsonDocument {
  /** A piece that `printableJson` made. */
  text(text: string): void
  /** A piece of any origin in UTF-8 that ends between tokens; a long one costs hardly more than its bytes where it needs no change. */
  items(bytes: Uint8Array): void
  /** Writes what was held. */
  end(): void
}

/** Whether JSON is in ASCII and holds nothing that {@link printableJson} would change: the test costs a scan, the change a copy. */
function isPlain(bytes: Buffer): boolean {
  return isAscii(bytes) && !hasControls(bytes) && !bytes.includes('##')
}

/** Control characters other than newline, and DEL. */
const CONTROLS: readonly number[] = [...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 0x0a), 0x7f]

/** Whether bytes hold a control character other than newline. The system finds one byte so fast that 32 passes cost less than one loop of ours. */
function hasControls(bytes: Buffer): boolean {
  return CONTROLS.some((code) => bytes.includes(code))
}

/** A writer to one stream. `inCi`: neutralise what a CI system would take for a command. */
export function createWriter(target: OutputTarget, redactor: Redactor, inCi: boolean): Writer {
  const exact = (text: string): void => {
    if (text !== '') target.write(Buffer.from(text, 'utf8'))
  }
  return {
    human(text, shown) {
      const clean = redactor.redact(text, shown)
      exact(inCi ? withoutCiCommands(clean) : clean)
    },
    json: (text, shown) => exact(redactor.redact(text, shown)),
    document() {
      const filter = redactor.armed ? redactor.stream() : undefined
      const text = (piece: string): void => exact(filter === undefined ? piece : filter.push(piece))
      return {
        text,
        items(piece) {
          const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
          if (filter === undefined && isPlain(bytes)) target.write(bytes)
          else text(printableJson(bytes.toString('utf8')))
        },
        end() {
          if (filter !== undefined) exact(filter.end())
        },
      }
    },
    exact,
  }
}
