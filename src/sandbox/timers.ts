/** All waiting that a sandbox does. Closing it ends every wait at once, so that nothing keeps the process alive. */
export class Timers {
  readonly #pending = new Map<NodeJS.Timeout, (() => void) | null>()
  #closed = false

  /** Whether {@link close} was called: loops that wait must end then. */
  get closed(): boolean {
    return this.#closed
  }

  /** Runs something after `ms` milliseconds; never, when the sandbox closes first. */
  after(ms: number, run: () => void): void {
    this.#start(ms, run, null)
  }

  /** Resolves after `ms` milliseconds, or when the sandbox closes. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#start(ms, resolve, resolve))
  }

  /** Ends all waits and forgets all that was to be run. */
  close(): void {
    this.#closed = true
    for (const [timer, release] of this.#pending) {
      clearTimeout(timer)
      release?.()
    }
    this.#pending.clear()
  }

  #start(ms: number, run: () => void, release: (() => void) | null): void {
    if (this.#closed) {
      release?.()
      return
    }
    const timer = setTimeout(() => {
      this.#pending.delete(timer)
      run()
    }, ms)
    this.#pending.set(timer, release)
  }
}
