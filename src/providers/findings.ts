import type { Check, Identity, Refusal, TestReport, Warning } from '../core/provider.ts'

/** What a test finds on the way to its verdict: the first thing that is wrong ends it, and what comes after it is not known. */
export class Findings {
  identity: Identity | null = null
  readonly #checks: Check[] = []
  readonly #warnings: Warning[] = []

  /** @param version the version of the API that was asked; null where it is not known. */
  constructor(readonly version: string | null) {}

  /** A check that passed. */
  passed(name: string, detail: string | null): void {
    this.#checks.push({ name, passed: true, detail })
  }

  /** A check that did not pass and ends nothing: what is missing is warned of. */
  lacks(name: string, code: string, { message, hint }: Refusal): void {
    this.#checks.push({ name, passed: false, detail: message })
    this.#warnings.push({ code, message: `${message}; ${hint}` })
  }

  /** The report of a connection that works. */
  connected(): TestReport {
    return { outcome: 'connected', cause: null, message: null, hint: null, ...this.#rest() }
  }

  /** The report of one that does not. */
  failed(name: string, { cause, message, hint }: Refusal): TestReport {
    this.#checks.push({ name, passed: false, detail: message })
    return { outcome: 'failed', cause, message, hint, ...this.#rest() }
  }

  #rest(): Pick<TestReport, 'identity' | 'checks' | 'server' | 'warnings'> {
    return { identity: this.identity, checks: this.#checks, server: { version: this.version }, warnings: this.#warnings }
  }
}
