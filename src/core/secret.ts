import { inspect } from 'node:util'

const MASK = '••••••••'
const SHOW_LAST_FROM = 24

/** Told of every secret the process handles; see {@link Secret.observe}. */
type Observer = (value: string) => void

let observer: Observer | undefined

/**
 * A secret text: a token, a password, a key. Printing it by accident gives `[secret]` - in template
 * strings, JSON, `console.log` and `util.inspect` alike. {@link Secret.reveal} is the only way to the text.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    observer?.(value)
  }

  /**
   * Sets who is told of every secret made from now on: the output filter, which removes them by value
   * from everything printed (`security.md` section 7). One observer; `undefined` removes it.
   */
  static observe(next: Observer | undefined): void {
    observer = next
  }

  /** The text itself. Call it where the secret is sent, sealed or shown on purpose, and nowhere else. */
  reveal(): string {
    return this.#value
  }

  /** A mask of fixed width; the last four characters follow only when there are 24 or more. */
  masked(): string {
    return this.#value.length >= SHOW_LAST_FROM ? `${MASK}${this.#value.slice(-4)}` : MASK
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** The mask for a secret whose text is not at hand. */
export const SECRET_MASK = MASK

/** The text of a secret without the one line break that files and variables often end with. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
