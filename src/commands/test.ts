import type { Command } from 'commander'
import type { TestResult } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Provider, Warning } from '../core/provider.ts'
import { environmentTarget, type FindDeps, findTarget, halfSet, type Target } from '../usecases/find-target.ts'
import { skippedResult, summarize, type TestSubject, testError, testIntegrations, unresolvedResult } from '../usecases/test-integrations.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { askAboutDefinition, unlockedIfAtHand } from './open-for-use.ts'
import { parseWholeNumber } from './whole-number.ts'

interface TestFlags {
  readonly allProfiles?: boolean
  readonly provider?: string
  readonly concurrency: number
  readonly fresh?: boolean
}

/** An entry of the result list: to be tested, or with its result already, because it is skipped or nobody knows what is meant. */
type Planned = { readonly subject: TestSubject } | { readonly settled: TestResult }

export function define(command: Command, app: App): void {
  command
    .argument('[name...]', 'integrations; without one, all active ones of the profile')
    .option('--all-profiles', 'those of every profile that opens')
    .option('--provider <id>', 'only integrations of this provider')
    .option('--concurrency <n>', 'how many at a time (default 32)', (text: string) => parseWholeNumber(text, '--concurrency', 1, 256), 32)
    .option('--fresh', 'ask again even where a success is less than 30 s old')
  setExamples(command, [
    { line: 'crm test acme', what: 'one integration' },
    { line: 'crm test --json', what: 'every active one, for scripts' },
    { line: 'crm test env:chatwoot', what: 'the one that the variables make' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10])
  command.action(action(app, 'test', (names: string[], flags: TestFlags) => test(app, names, flags)))
}

async function test(app: App, names: readonly string[], flags: TestFlags): Promise<Outcome> {
  if (names.length > 0 && (flags.allProfiles === true || flags.provider !== undefined)) {
    throw new CrmError('usage', 'name integrations, or choose them with --all-profiles and --provider, not both', {
      hint: 'see the names with: crm list',
    })
  }
  const profile = (await app.profile()).value
  const planned = flags.allProfiles === true ? await planAllProfiles(app, flags) : await planProfile(app, profile, names, flags)
  if (planned.length === 0 && flags.provider !== undefined) {
    // Where nothing matches a provider that there is not, nothing was tested by mistake.
    const { requireProvider } = await import('../usecases/add-integrations.ts')
    requireProvider(await app.providers(), flags.provider)
  }
  const subjects = planned.flatMap((entry) => ('subject' in entry ? [entry.subject] : []))
  const warnings: Warning[] = planned.length === 0 ? [nothingToTest(profile, flags)] : []
  const tested = await runTests(app, subjects, flags, warnings)
  let next = 0
  const results = planned.map((entry) => ('settled' in entry ? entry.settled : tested[next++]))
  const finished = results.filter((result): result is TestResult => result !== undefined)
  app.throwIfStopped()
  const { told, error } = flags.allProfiles === true ? await inTheirProfiles(finished) : { told: finished, error: testError(finished) }
  return done('crm.test/1', summarize(profile, told), async () => (await import('../terminal/views/test.ts')).testView, { warnings, error })
}

function nothingToTest(profile: string, { allProfiles, provider }: TestFlags): Warning {
  const whose = allProfiles === true ? 'no profile has an active integration' : `the profile ${profile} has no active integration`
  return { code: 'nothing_to_test', message: `${whose}${provider === undefined ? '' : ` of ${provider.toLowerCase()}`}` }
}

/** Of every profile, the advice about an integration names the one that it is in. */
async function inTheirProfiles(
  results: readonly TestResult[],
): Promise<{ readonly told: readonly TestResult[]; readonly error: CrmError | undefined }> {
  const { errorWithHint, withWhereabouts } = await import('./printed-commands.ts')
  const told = results.map((result) =>
    result.hint === null ? result : { ...result, hint: withWhereabouts(result.hint, { profile: result.profile }) },
  )
  const error = testError(told)
  const failed = told.find(({ outcome }) => outcome === 'failed')
  if (error === undefined || failed === undefined) return { told, error }
  return { told, error: errorWithHint(error, (hint) => withWhereabouts(hint, { profile: failed.profile })) }
}

async function runTests(
  app: App,
  subjects: readonly TestSubject[],
  flags: TestFlags,
  warnings: Warning[],
): Promise<(TestResult | undefined)[]> {
  const results: (TestResult | undefined)[] = subjects.map(() => undefined)
  if (subjects.length === 0) return results
  const http = await app.http({ connections: flags.concurrency })
  const deps = {
    providers: await app.providers(),
    http: http.request,
    clock: app.world.clock,
    signal: app.signal,
    deadlineMs: app.deadlineMs,
  }
  const progress = app.ui.progress(subjects.length === 1 ? `Testing ${subjects[0]?.name}` : `Testing ${subjects.length} integrations`)
  for await (const event of testIntegrations(deps, subjects, { concurrency: flags.concurrency, fresh: flags.fresh === true })) {
    results[event.index] = event.result
    const several = subjects.length > 1
    warnings.push(
      ...event.warnings.map((warning) => (several ? { ...warning, message: `${event.result.name}: ${warning.message}` } : warning)),
    )
    app.ui.step(`${event.result.name}: ${event.result.outcome}`, event.result.latencyMs ?? undefined)
  }
  progress.end()
  return results
}

async function planProfile(app: App, profile: string, names: readonly string[], flags: TestFlags): Promise<Planned[]> {
  const vault = await app.vaultIfThere()
  const providers = await app.providers()
  const deps = { vault, profile, providers, environment: app.world.env }
  if (names.length > 0) {
    // By what they mean: several names may be those of one integration.
    const targets = new Map<string, Target | TestResult>()
    const different = new Set(names.map((name) => name.toLowerCase()))
    for (const name of different) {
      const target = different.size === 1 ? await findTarget(deps, name) : await findOrSay(deps, name)
      targets.set(target.name, target)
    }
    return plan(app, profile, [...targets.values()], (unlocked, name) => askAboutDefinition(app, unlocked, name))
  }
  const stored = vault !== undefined && (await vault.hasProfile(profile)) ? await vault.list(profile, filterOf(flags)) : []
  const inactive = stored.filter((integration) => !integration.active)
  const altered =
    inactive.length === 0
      ? []
      : await alteredOnes(
          app,
          profile,
          inactive.map(({ name }) => name),
        )
  const active: Target[] = stored
    .filter(({ active, name }) => active || altered.includes(name))
    .map(({ name, provider }) => ({ source: 'vault', name, provider, active: true }))
  const own = new Set(
    vault !== undefined && (await vault.hasProfile(profile)) ? (await vault.list(profile)).map((integration) => integration.provider) : [],
  )
  const wanted = providers.filter(({ id }) => !own.has(id) && (flags.provider === undefined || flags.provider.toLowerCase() === id))
  const fromVariables = wanted.flatMap((provider) => environmentTarget(provider, app.world.env) ?? [])
  const targets = [...active, ...fromVariables]
  for (const provider of wanted) sayHalfSet(app, provider, targets.length === 0)
  if (targets.length === 0) await app.vaultWithProfile()
  return plan(app, profile, targets)
}

/**
 * Variables that are set in part are not passed over in silence: whoever set them believes that they are tested.
 * @throws {CrmError} `not_found` where there is nothing else to test.
 */
function sayHalfSet(app: App, provider: Provider, isAll: boolean): void {
  const error = halfSet(provider, app.world.env)
  if (error === undefined) return
  if (isAll) throw error
  app.ui.warn({ code: 'variables_incomplete', message: `${error.message}, and not used: ${error.reason}` })
}

/** Of several names, one that means nothing does not keep the others from being tested. */
async function findOrSay(deps: FindDeps, name: string): Promise<Target | TestResult> {
  try {
    return await findTarget(deps, name)
  } catch (error) {
    if (error instanceof CrmError && (error.code === 'not_found' || error.code === 'usage'))
      return unresolvedResult(name, deps.profile, error)
    throw error
  }
}

/**
 * Which of these do not open. Whoever switches an integration off in the file would otherwise have it skipped in silence: what is
 * skipped is opened too, where a key is at hand.
 */
async function alteredOnes(app: App, profile: string, names: readonly string[]): Promise<readonly string[]> {
  const unlocked = await unlockedIfAtHand(app, profile)
  if (unlocked === undefined) {
    app.ui.warn({ code: 'not_verified', message: `not verified, because the profile is locked: ${names.length} inactive` })
    return []
  }
  const altered: string[] = []
  for (const name of names) if (await isAltered(unlocked, name)) altered.push(name)
  return altered
}

async function isAltered(unlocked: UnlockedVault, name: string): Promise<boolean> {
  try {
    await unlocked.open(name)
    return false
  } catch (error) {
    if (error instanceof CrmError && error.code === 'damaged') return true
    throw error
  }
}

/**
 * The profile is unlocked once, and only when something stored is to be tested.
 * @param ask what a person may have to agree to before one of them is used.
 */
async function plan(
  app: App,
  profile: string,
  entries: readonly (Target | TestResult)[],
  ask: (unlocked: UnlockedVault, name: string) => Promise<void> = async () => {},
): Promise<Planned[]> {
  const targets = entries.filter((entry): entry is Target => !('outcome' in entry))
  const needsKey = targets.some((target) => target.source === 'vault' && target.active)
  const unlocked = needsKey ? await app.unlock(profile) : undefined
  const inactive = targets.flatMap((target) => (target.source === 'vault' && !target.active ? [target.name] : []))
  const altered = inactive.length === 0 ? [] : await alteredOnes(app, profile, inactive)
  if (unlocked !== undefined) {
    for (const target of targets) if (target.source === 'vault' && target.active) await ask(unlocked, target.name)
  }
  const opened = unlocked ?? (altered.length > 0 ? await app.unlockSilently(profile) : undefined)
  return entries.map((target): Planned => {
    if ('outcome' in target) return { settled: target }
    if (target.source === 'environment') return { subject: { ...target, profile } }
    if (altered.includes(target.name) && opened !== undefined) return { subject: { source: 'vault', name: target.name, unlocked: opened } }
    if (target.active && unlocked !== undefined) return { subject: { source: 'vault', name: target.name, unlocked } }
    return { settled: skippedResult({ name: target.name, provider: target.provider, profile }, 'it is inactive') }
  })
}

async function planAllProfiles(app: App, flags: TestFlags): Promise<Planned[]> {
  const vault = await app.vault()
  const planned: Planned[] = []
  for (const { name: profile } of await vault.profiles()) {
    const stored = await vault.list(profile, { ...filterOf(flags), active: true })
    if (stored.length === 0) continue
    const unlocked = await openOrSay(app, profile)
    for (const { name, provider } of stored) {
      if (unlocked !== undefined) planned.push({ subject: { source: 'vault', name, unlocked } })
      else
        planned.push({
          settled: { ...skippedResult({ name, provider, profile }, `the profile ${profile} is locked`), hint: 'crm test' },
        })
    }
  }
  return planned
}

/** A profile that no key at hand opens does not keep the others from being tested. */
async function openOrSay(app: App, profile: string): Promise<UnlockedVault | undefined> {
  try {
    return await app.unlock(profile)
  } catch (error) {
    if (!(error instanceof CrmError) || (error.code !== 'locked' && error.code !== 'wrong_key')) throw error
    app.ui.warn({ code: 'profile_locked', message: `the profile ${profile} was skipped: ${error.message}` })
    return undefined
  }
}

function filterOf(flags: TestFlags): { provider?: string } {
  return flags.provider === undefined ? {} : { provider: flags.provider.toLowerCase() }
}
