import type { Command } from 'commander'
import type { Answer } from '../core/answers.ts'
import { CrmError, type StopSignal } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import type { Http } from '../core/ports.ts'
import type { Provider, Warning } from '../core/provider.ts'
import { createRedactor, type Redactor } from '../core/redact.ts'
import { Secret } from '../core/secret.ts'
import { parseDuration } from '../core/time.ts'
import type { UnlockKey } from '../crypto/key-slot.ts'
import { readConfig } from '../files/config.ts'
import { vaultExists } from '../files/exists.ts'
import { type Paths, resolvePaths } from '../files/paths.ts'
import type { HttpClient } from '../http/http.ts'
import { createUi, type LoadView, type Ui } from '../terminal/ui.ts'
import type { KeySources } from '../vault/key-slots.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultWorld } from '../vault/world.ts'
import type { World } from '../world.ts'
import { toCrmError } from './failures.ts'
import type { Whereabouts } from './printed-commands.ts'

/** The global flags, as the parser gives them. */
export interface GlobalOptions {
  readonly profile?: string
  readonly vault?: string
  readonly json?: boolean
  readonly fields?: string
  readonly quiet?: boolean
  readonly verbose?: number
  readonly input?: boolean
  readonly color?: boolean
  readonly yes?: boolean
  readonly timeout?: string
}

/** What a command leaves to be printed; made by {@link done}. */
export interface Outcome {
  readonly answer: Answer<unknown>
  readonly view: LoadView<unknown>
  /** Secrets that the person asked to see. */
  readonly reveals?: readonly string[]
  /** The exit status of a command that did not fail and has more to say than 0. */
  readonly status?: number
}

/** A value in use and where it came from. */
export interface Chosen {
  readonly value: string
  readonly from: string
}

/** Most time of a command that talks to servers, in milliseconds. */
export const COMMAND_LIMIT_MS = 120_000

/** Options of Node that would write secrets, or the keys of TLS, into files, logs, a dump or a debugger (`security.md` section 7). */
const TELLING_NODE_OPTIONS =
  /--(?:inspect|trace|heap|cpu[-_]prof|prof|report|diagnostic[-_]dir|track[-_]heap|tls[-_]keylog|perf|abort[-_]on)/

/** One run of one command: the world, what the global flags say, and what is opened on the way and closed at the end. */
export class App {
  readonly redactor: Redactor = createRedactor()
  /** Takes the help that the parser prints, instead of standard output. */
  helpSink: ((text: string) => void) | undefined
  /** The exit status of the command that ran. */
  status = 0
  /** The words of the command that ran. */
  ran: string | undefined
  #stop: AbortController | undefined
  readonly #startedMs: number
  #globals: GlobalOptions = {}
  #ui: Ui | undefined
  #paths: Paths | undefined
  #vault: Vault | undefined
  #providers: readonly Provider[] | undefined
  #http: HttpClient | undefined
  #unlocked: UnlockedVault[] = []
  /** The key of a profile that this command has just made: nobody is asked for it a second time. */
  madeKey: UnlockKey | undefined

  constructor(readonly world: World) {
    Secret.observe((value) => this.redactor.register(value))
    this.#startedMs = world.clock()
    world.onStop(
      (signal) => this.#stopped(signal),
      () => this.#leaveNow(),
    )
  }

  /** Takes the global flags over; called once the parser knows them. */
  use(globals: GlobalOptions): void {
    this.#globals = globals
    this.#ui = undefined
  }

  /** Aborted by SIGINT, SIGTERM and SIGHUP, with the error to end with. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** Made when somebody listens or stops: it costs a start more than most of what a command does. */
  get #stopping(): AbortController {
    this.#stop ??= new AbortController()
    return this.#stop
  }

  /** How long the command may take from its start, in milliseconds. */
  get limitMs(): number {
    return this.timeoutMs(COMMAND_LIMIT_MS)
  }

  /** When the command must be done, in Unix milliseconds. */
  get deadlineMs(): number {
    return this.#startedMs + this.limitMs
  }

  /** The same for a command that may take longer, unless `--timeout` says otherwise. */
  deadlineAfter(limitMs: number): number {
    return this.#startedMs + this.timeoutMs(limitMs)
  }

  /** `--timeout`, or a default, in milliseconds. */
  timeoutMs(fallbackMs: number): number {
    if (this.#globals.timeout === undefined) return fallbackMs
    const limitMs = parseDuration(this.#globals.timeout)
    if (limitMs > 0) return limitMs
    throw new CrmError('usage', '--timeout 0 leaves no time for anything', { hint: 'give at least 1ms, or leave --timeout away' })
  }

  get ui(): Ui {
    this.#ui ??= this.#createUi()
    return this.#ui
  }

  #createUi(): Ui {
    const { json, fields, quiet, verbose = 0, input, color, yes } = this.#globals
    const { world } = this
    const stopSignal = (): AbortSignal => this.signal
    return createUi({
      stdin: world.stdin,
      stdout: world.stdout,
      stderr: world.stderr,
      facts: world.env,
      flags: {
        json: json === true || fields !== undefined,
        fields: fields
          ?.split(',')
          .map((field) => field.trim())
          .filter((field) => field !== ''),
        quiet: quiet === true,
        verbose: verbose >= 2 ? 2 : verbose === 1 ? 1 : 0,
        noInput: input === false,
        noColor: color === false,
        yes: yes === true,
      },
      clock: world.clock,
      redactor: this.redactor,
      command: () => this.#advisedCommand(),
      get signal() {
        return stopSignal()
      },
    })
  }

  get paths(): Paths {
    this.#paths ??= resolvePaths(this.world.env, this.world.home, this.world.platform, this.#globals.vault)
    return this.#paths
  }

  /** Undefined where neither a home directory nor variables say where anything is: what needs no vault goes on without. */
  get #pathsIfAny(): Paths | undefined {
    try {
      return this.paths
    } catch (error) {
      if (this.world.home === undefined && error instanceof CrmError) return undefined
      throw error
    }
  }

  /** The profile in use: flag, `CRM_PROFILE`, what `crm profile use` chose, `default`. */
  async profile(): Promise<Chosen> {
    const { profile } = this.#globals
    if (profile !== undefined) return { value: parseName(profile, 'profile'), from: '--profile' }
    const variable = this.world.env.CRM_PROFILE
    if (variable !== undefined) return { value: parseName(variable, 'profile'), from: 'CRM_PROFILE' }
    const file = this.#pathsIfAny?.configFile
    const chosen = file === undefined ? undefined : readConfig(file).profile
    return file === undefined || chosen === undefined ? { value: 'default', from: 'default' } : { value: chosen, from: file }
  }

  /** Every kind of CRM: those of ours, and those that were added as data. */
  async providers(): Promise<readonly Provider[]> {
    this.#providers ??= await this.#loadProviders()
    return this.#providers
  }

  async #loadProviders(): Promise<readonly Provider[]> {
    const { providers } = await import('../providers/index.ts')
    const paths = this.#pathsIfAny
    const { definitions } = paths === undefined ? {} : readConfig(paths.configFile)
    if (paths === undefined || definitions === undefined) return providers
    const { withAdded } = await import('../usecases/added-definitions.ts')
    return withAdded(providers, { configDirectory: paths.configDirectory, owner: this.world }, definitions)
  }

  /** What the vault needs to know of the world. */
  get vaultWorld(): VaultWorld {
    const { world } = this
    return {
      clock: world.clock,
      stateDirectory: this.paths.stateDirectory,
      actor: world.actor,
      holder: () => ({ host: world.host(), pid: world.pid, processStarted: world.startOf(world.pid) ?? '' }),
      isAlive: (holder) => {
        const started = world.startOf(holder.pid)
        return started !== undefined && (holder.processStarted === '' || started === holder.processStarted)
      },
      uid: world.uid,
      allowUnsafeFile: world.env.CRM_ALLOW_UNSAFE_FILE === '1',
      onMigrated: ({ from, to, backup }) => this.ui.note(`brought the vault from format ${from} to ${to}; as it was it lies in ${backup}`),
    }
  }

  /** The vault. @throws {CrmError} `not_found` when there is none. */
  async vault(mode: 'open' | 'create' = 'open'): Promise<Vault> {
    if (this.#vault !== undefined) return this.#vault
    const { openVault } = await import('../vault/vault.ts')
    if (this.vaultWorld.allowUnsafeFile === true) {
      this.ui.warn({
        code: 'unsafe_file_allowed',
        message: 'CRM_ALLOW_UNSAFE_FILE is set: owner, mode and file system of the vault are not checked',
      })
    }
    this.#vault = await openVault(this.paths.vault, this.vaultWorld, mode)
    return this.#vault
  }

  /** The vault; undefined when there is none. */
  async vaultIfThere(): Promise<Vault | undefined> {
    const paths = this.#pathsIfAny
    return paths !== undefined && vaultExists(paths.vault) ? this.vault() : undefined
  }

  /** Where keys may come from, in the order of `design.md` section 3. */
  async keySources(): Promise<KeySources> {
    this.refuseTellingOptions()
    const { keySources } = await import('./key-sources.ts')
    return keySources(this)
  }

  /** The unlocked profile, the one in use unless another is named. */
  async unlock(profile?: string, sources?: KeySources): Promise<UnlockedVault> {
    const vault = await this.vault()
    const unlocked = await vault.unlock(profile ?? (await this.profile()).value, sources ?? (await this.keySources()))
    return this.#opened(unlocked)
  }

  /** A profile, the one in use unless another is named, opened to look at what is wrong with it; see `Vault.unlockToVerify`. */
  async unlockToVerify(profile?: string): Promise<UnlockedVault> {
    const vault = await this.vault()
    const unlocked = await vault.unlockToVerify(profile ?? (await this.profile()).value, await this.keySources())
    this.#unlocked.push(unlocked)
    return unlocked
  }

  /**
   * The vault, if it holds the profile in use; undefined where there is no vault.
   * @param mayBeMissing whether something else stands in for a profile that is not there, such as variables.
   * @throws {CrmError} `not_found` for a profile that is not in the vault.
   */
  async vaultWithProfile(mayBeMissing = false): Promise<Vault | undefined> {
    const vault = await this.vaultIfThere()
    const profile = (await this.profile()).value
    if (vault === undefined || (await vault.hasProfile(profile))) return vault
    if (mayBeMissing) return undefined
    await vault.totals(profile) // Says what is missing, and how to make it.
    return undefined
  }

  /** The unlocked profile, from what is at hand: nobody is asked. @throws {CrmError} `locked` when that is not enough. */
  async unlockSilently(profile: string): Promise<UnlockedVault> {
    const vault = await this.vault()
    const sources = await this.keySources()
    const quiet = this.world.env.CRM_PASSPHRASE_FILE === undefined ? { ...sources, passphrase: async () => undefined } : sources
    return this.#opened(await vault.unlock(profile, quiet))
  }

  #opened(unlocked: UnlockedVault): UnlockedVault {
    this.#unlocked.push(unlocked)
    this.ui.step(`unlocked the profile ${unlocked.profile} with its ${unlocked.openedBy.kind} key`)
    return unlocked
  }

  /** The network client of this run. */
  async http(options: { readonly connections?: number } = {}): Promise<HttpClient> {
    if (this.#http !== undefined) return this.#http
    this.refuseTellingOptions()
    const { openNetwork } = await import('./network.ts')
    this.#http = openNetwork(this, options)
    return this.#http
  }

  /** The network client for what only reads, or undoes nothing: its requests end with the time of the command. */
  async httpInTime(): Promise<Http> {
    const [{ request }, { withDeadline }] = await Promise.all([this.http(), import('../http/deadline.ts')])
    return withDeadline(request, this.world.clock, this.deadlineMs)
  }

  /** Secrets are not handled while Node is told to write down what passes through it. @throws {CrmError} `usage`. */
  refuseTellingOptions(): void {
    const { NODE_DEBUG, NODE_OPTIONS } = this.world.env
    const name =
      NODE_DEBUG !== undefined
        ? 'NODE_DEBUG'
        : NODE_OPTIONS !== undefined && TELLING_NODE_OPTIONS.test(NODE_OPTIONS)
          ? 'NODE_OPTIONS'
          : undefined
    if (name !== undefined)
      throw new CrmError('usage', `secrets are not used while ${name} makes Node write them down`, { hint: `unset ${name}` })
    this.#refuseNodeFlags()
  }

  #refuseNodeFlags(): void {
    const flag = this.world.nodeOptions.find((option) => TELLING_NODE_OPTIONS.test(option))?.split('=')[0]
    if (flag === undefined) return
    throw new CrmError('usage', `secrets are not used while ${flag} makes Node write them down`, { hint: `start crm without ${flag}` })
  }

  /** Ends the command here when it was told to stop; called before anything is written. */
  throwIfStopped(): void {
    if (this.#stop?.signal.aborted === true) throw this.#stop.signal.reason
  }

  /**
   * Runs the body of a command: prints what it leaves, turns what it throws into an error with its exit status, and closes
   * everything that was opened. The one place that catches.
   */
  async run(command: string, body: () => Promise<Outcome | undefined>): Promise<void> {
    this.ran = command
    try {
      // A mistake in a flag is one even where the command could do without its value.
      this.timeoutMs(COMMAND_LIMIT_MS)
      await this.#refuseUnknownFields(command)
      const outcome = await body()
      if (outcome !== undefined) {
        await this.ui.answer(await this.#runnable(outcome.answer), outcome.view, outcome.reveals)
        this.status = outcome.answer.error?.exitStatus ?? outcome.status ?? 0
      }
    } catch (error) {
      await this.fail(error, command)
    } finally {
      await this.close()
    }
  }

  /** The flags that say what this run is about. */
  get whereabouts(): Whereabouts {
    const { profile, vault } = this.#globals
    return {
      ...(profile === undefined ? {} : { profile }),
      ...(vault === undefined ? {} : { vault }),
      ...(this.integration === undefined ? {} : { integration: this.integration }),
      ...(this.ui.interactive ? {} : { unattended: true }),
    }
  }

  /** The Chatwoot that the flags of a demo command name. */
  integration: string | undefined

  get #isElsewhere(): boolean {
    const { profile, vault } = this.#globals
    return profile !== undefined || vault !== undefined || this.integration !== undefined
  }

  async #advisedCommand(): Promise<((command: string) => string) | undefined> {
    if (!this.#isElsewhere) return undefined
    const { withWhereabouts } = await import('./printed-commands.ts')
    return (command) => withWhereabouts(command, this.whereabouts)
  }

  /** An answer whose printed commands are about what this run was about. */
  async #runnable<T>(answer: Answer<T>): Promise<Answer<T>> {
    if (!this.#isElsewhere && (answer.error === undefined || this.ui.interactive)) return answer
    const { answerWithWhereabouts } = await import('./printed-commands.ts')
    return answerWithWhereabouts(answer, this.whereabouts)
  }

  /** A wrong `--fields` must not be found only after something was changed. */
  async #refuseUnknownFields(command: string): Promise<void> {
    const { fields } = this.ui.flags
    if (fields === undefined) return
    const { refuseUnknownFields } = await import('../terminal/known-fields.ts')
    refuseUnknownFields(command, fields)
  }

  /** Prints a failure and sets its exit status. */
  async fail(thrown: unknown, command: string): Promise<void> {
    const error = await this.#explained(toCrmError(thrown))
    this.status = error.exitStatus
    try {
      const { error: advised = error } = await this.#runnable({ schema: '', data: null, warnings: [], error })
      await this.ui.fail(advised, `crm.${command.replaceAll(' ', '-')}/1`)
    } catch (second) {
      // Nothing can be printed any more; the status still tells.
      this.status = toCrmError(second).exitStatus
    }
  }

  /** An error of the disk may come from the mode of a file of the vault. */
  async #explained(error: CrmError): Promise<CrmError> {
    const vault = error.code === 'io_failed' ? this.#paths?.vault : undefined
    if (vault === undefined) return error
    const { withForbiddenMode } = await import('../vault/access.ts')
    return toCrmError(withForbiddenMode(error, vault))
  }

  async close(): Promise<void> {
    for (const unlocked of this.#unlocked.splice(0)) unlocked.lock()
    this.#vault?.close()
    this.#vault = undefined
    await this.#http?.close()
    this.#http = undefined
  }

  /** What is said when a second signal cuts off what the first one began: what may be left, and how to go on. */
  lastWords: string | undefined

  #leaveNow(): void {
    if (this.lastWords === undefined) return
    try {
      this.ui.usage(this.lastWords)
    } catch {
      // Nobody listens any more, and the process ends all the same.
    }
  }

  #stopped(signal: StopSignal): void {
    this.#stopping.abort(new CrmError('cancelled', signal === 'SIGINT' ? 'interrupted' : `stopped by ${signal}`, { signal }))
  }
}

/** Wraps the body of a command for the parser: `command.action(action(app, 'list', async (flags) => ...))`. */
export function action<Args extends unknown[]>(
  app: App,
  name: string,
  body: (...args: Args) => Promise<Outcome | undefined>,
): (this: Command, ...args: Args) => Promise<void> {
  return (...args) => app.run(name, () => body(...args))
}

/** What else an answer may bring. */
export interface Extras {
  readonly warnings?: readonly Warning[]
  /** The command failed, and says what it found. */
  readonly error?: CrmError | undefined
  readonly reveals?: readonly string[]
}

/** An answer with its view. */
export function done<T>(schema: string, data: T, view: LoadView<T>, { warnings = [], error, reveals }: Extras = {}): Outcome {
  return {
    answer: { schema, data, warnings, ...(error === undefined ? {} : { error }) },
    // The view gets the data that stands beside it, and nothing else.
    view: view as LoadView<unknown>,
    ...(reveals === undefined ? {} : { reveals }),
  }
}
