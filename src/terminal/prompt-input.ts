import { PassThrough } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { CrmError } from '../core/errors.ts'
import { createPasteFilter } from './paste.ts'

/**
 * Standard input for the length of one prompt: the prompt library reads from it as from a terminal, and gets what is pasted as one line.
 * It tells when the library stops reading without an answer, which is how Ctrl-D on an empty line shows.
 */
export class PromptInput extends PassThrough {
  readonly isTTY = true
  readonly #terminal: NodeJS.ReadStream
  readonly #filter: ReturnType<typeof createPasteFilter>
  readonly #decoder = new StringDecoder('utf8')
  /** Keys that were not handed on yet; the first is being handled. What is left when the prompt ends is dropped. */
  readonly #waiting: string[] = []
  #isHungUp = false

  constructor(terminal: NodeJS.ReadStream, options: { readonly joinLines: boolean; readonly onClosed: () => void }) {
    super()
    this.#terminal = terminal
    this.#filter = createPasteFilter(options.joinLines)
    this.once('pause', options.onClosed)
    this.once('end', options.onClosed)
    terminal.on('data', this.#take)
    terminal.once('end', this.#end)
    terminal.on('error', this.#hangUp)
    terminal.resume()
  }

  /** Whether the terminal is gone: closed, or its connection lost. Its SIGHUP may come later than that shows. */
  get isHungUp(): boolean {
    return this.#isHungUp
  }

  get isRaw(): boolean {
    return this.#terminal.isRaw
  }

  /**
   * Turns line mode and echo of the terminal off or on.
   * @throws {CrmError} `usage` when the terminal keeps echoing: a secret is not asked for then.
   */
  setRawMode(raw: boolean): this {
    this.#terminal.setRawMode(raw)
    if (this.#terminal.isRaw !== raw && !this.#isHungUp) {
      throw new CrmError('usage', 'the echo of this terminal cannot be turned off', {
        hint: 'give secrets in files, with --<field>-file <path>',
      })
    }
    return this
  }

  readonly #take = (chunk: Buffer | string): void => {
    const keys = this.#filter.push(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk))
    const isIdle = this.#waiting.length === 0
    // Enter goes on its own: the library looks up what was typed so far first, and an Enter that comes before the result is lost.
    this.#waiting.push(...keys.split(/(?=\r)/).filter((part) => part !== ''))
    if (isIdle) this.#pump()
  }

  readonly #pump = (): void => {
    const [part] = this.#waiting
    if (part === undefined || this.destroyed) return
    this.write(part)
    setImmediate(() => {
      this.#waiting.shift()
      this.#pump()
    })
  }

  readonly #end = (): void => {
    this.end()
  }

  readonly #hangUp = (): void => {
    this.#isHungUp = true
  }

  /** Gives standard input back: in line mode, with echo, paused so that the process can end. */
  release(): void {
    this.#terminal.off('data', this.#take)
    this.#terminal.off('end', this.#end)
    if (this.#terminal.isRaw) this.#terminal.setRawMode(false)
    this.#terminal.off('error', this.#hangUp)
    this.#terminal.pause()
    this.destroy()
  }
}
