import type { Command } from 'commander'
import type { IntegrationManyAnswer, IntegrationOneAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { readValues } from '../core/field-values.ts'
import type { IssuedTokens } from '../core/grant.ts'
import { NAME_PATTERN, parseName } from '../core/integration.ts'
import type { Provider, Warning } from '../core/provider.ts'
import { askFields } from '../terminal/ask-fields.ts'
import { missingValues } from '../terminal/missing-values.ts'
import { askAfterFailure, reviewValues } from '../terminal/review.ts'
import { type Draft, draftIntegration, draftIntegrations, freeName, readAnswers, requireProvider } from '../usecases/add-integrations.ts'
import { unfold } from '../usecases/find-target.ts'
import { toAnswer } from '../usecases/integration-answer.ts'
import {
  notSignedIn,
  recordOf,
  resultError,
  type Tested as TestedHere,
  type TestedValues,
  testValues,
} from '../usecases/test-integrations.ts'
import { type App, action, COMMAND_LIMIT_MS, done, type Outcome } from './app.ts'
import { addSignInFlags, type SignInFlags, signInOn } from './browser-sign-in.ts'
import { addFieldFlags, type FieldFlags, readEnvironment, readFieldFlags, refuseFlagsOfOne, refuseSeveralInputs } from './field-flags.ts'
import { createProfileIfNew, refuseWithoutKey } from './first-key.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { readInputText } from './input-text.ts'
import { asMenu, typedAgain, withWhereabouts } from './printed-commands.ts'

interface AddFlags extends SignInFlags {
  readonly name?: string
  readonly from?: string
  readonly fromEnv?: boolean
  /** False with `--no-test`; the parser gives a lone negation no default, because its options are added late. */
  readonly test?: boolean
  readonly inactive?: boolean
}

const SCHEMA = 'crm.add/1'

export async function define(command: Command, app: App): Promise<void> {
  const providers = await app.providers()
  command
    .argument('[provider]', `kind of CRM: ${providers.map((provider) => provider.id).join(', ')}`)
    .option('--name <name>', 'name of the integration (default: the provider, numbered)')
    .option('--from <file|->', 'take the values from a JSON file, or an array of integrations')
    .option('--from-env', "take the values from the provider's variables")
    .option('--no-test', 'save without testing the connection')
    .option('--inactive', 'save switched off')
  addSignInFlags(command)
  const named = providers.filter(({ id, unusable }) => app.world.argv.includes(id) && unusable === undefined)
  addFieldFlags(command, named.length > 0 ? named : providers)
  setExamples(command, [
    { line: 'crm add chatwoot', what: 'asks for everything' },
    { line: 'crm add chatwoot --from-env --name acme', what: 'from CHATWOOT_BASE_URL, ..._ACCOUNT_ID, ..._API_KEY' },
    {
      line: 'crm add chatwoot --base-url https://chat.example.com --account-id 3 --api-key-env CHATWOOT_API_KEY --no-test',
      what: 'with nobody at the keyboard',
    },
    { line: 'crm add hubspot --auth token --access-token-env HUBSPOT_ACCESS_TOKEN --no-test', what: 'one way to authenticate of several' },
    { line: 'crm add --from integrations.json --no-test', what: 'several at once, all or none' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 11])
  command.action(
    action(
      app,
      'add',
      (provider: string | undefined, flags: AddFlags & FieldFlags): Promise<Outcome | undefined> => add(app, provider, flags),
    ),
  )
}

async function add(app: App, providerId: string | undefined, flags: AddFlags & FieldFlags) {
  const providers = await app.providers()
  refuseSeveralInputs(flags)
  const answers = flags.from === undefined ? undefined : readAnswers(await readInputText(app, flags.from, '--from'), providerId, providers)
  if (answers?.many === true) return addMany(app, answers.inputs, flags)
  const [given] = answers?.inputs ?? []
  const provider = requireProvider(providers, providerId ?? given?.provider ?? (await chooseProvider(app)))
  const taken = await takenNames(app)
  const asked = flags.name ?? given?.name
  // A wrong name is told before anything is asked; with nobody to ask, it is told with all else that is wrong.
  const name =
    asked === undefined ? freeName(provider.id, taken) : app.ui.interactive ? parseName(asked, 'integration') : asked.toLowerCase()
  if (taken.has(name)) throw nameTaken(name)
  const known = {
    ...(flags.fromEnv === true ? readEnvironment(provider, app.world.env) : {}),
    ...(given === undefined ? {} : unfold(provider, given.raw)),
    ...(await readFieldFlags(app, provider, flags)),
  }
  const active = flags.inactive === true ? false : (given?.active ?? true)
  return addOne(app, provider, { name, active, known, test: flags.test !== false, taken, flags })
}

interface One {
  readonly name: string
  readonly active: boolean
  readonly known: Readonly<Record<string, string>>
  readonly test: boolean
  readonly taken: ReadonlySet<string>
  readonly flags: SignInFlags
}

async function addOne(app: App, provider: Provider, one: One): Promise<Outcome> {
  const providers = await app.providers()
  const first = readValues(provider, one.known)
  const draftOf = (raw: Readonly<Record<string, string>>): Draft =>
    draftIntegration(providers, { provider: provider.id, name: one.name, active: one.active, raw }, one.taken)
  if (first.missing.length > 0 && !app.ui.interactive) {
    if (first.problems.length > 0 || !NAME_PATTERN.test(one.name)) draftOf(one.known)
    throw missingValues(first.missing, `where to find each: crm providers ${provider.id}`)
  }
  if (first.missing.length === 0) {
    const draft = draftOf(one.known)
    await refuseWithoutKey(app)
    const test = one.test ? await tryOut(app, draft, one.flags) : null
    if (test?.result.outcome === 'failed') throw await refusedBeforeSaving(app, test, draft)
    return save(app, draft, test)
  }
  return askAndSave(app, provider, one, draftOf)
}

/** Asks for what is missing, shows everything once more, tests, and lets a refused value be corrected. */
async function askAndSave(
  app: App,
  provider: Provider,
  one: One,
  draftOf: (raw: Readonly<Record<string, string>>) => Draft,
): Promise<Outcome> {
  let values = await askFields(app.ui, { provider, known: one.known })
  const review = await reviewValues(app.ui, { provider, name: one.name, values, first: one.test ? 'test' : 'save' })
  values = review.values
  let testFirst = review.action === 'test'
  let test: Tested | undefined
  for (;;) {
    const draft = draftOf(values)
    if (!testFirst) return save(app, draft, null)
    test = await tryOut(app, draft, one.flags, test)
    if (test.result.outcome === 'connected') return save(app, draft, test)
    const { attemptView } = await import('../terminal/views/test.ts')
    app.ui.tell(await attemptView({ ...test.result, hint: asMenu(test.result.hint) }, await app.ui.style()))
    const next = await askAfterFailure(app.ui, { provider, name: one.name, values })
    values = next.values
    testFirst = next.action === 'test'
    if (next.action === 'inactive') {
      const off = draftOf(values)
      return save(app, { ...off, integration: { ...off.integration, active: false } }, test)
    }
  }
}

interface Tested extends TestedHere {
  /** What the tokens were issued for: they fit no other values. */
  readonly issued?: string
}

/**
 * The test before saving, with a sign-in before it where the values need one. A sign-in, and a code that can be used once, are not
 * wasted when another field has to be corrected.
 * @param earlier the attempt before, whose tokens are used again where they fit.
 */
async function tryOut(app: App, draft: Draft, flags: SignInFlags, earlier?: Tested): Promise<Tested> {
  const { name, values } = draft.integration
  const about = { source: 'vault', name, profile: (await app.profile()).value, provider: draft.provider, values } as const
  if (draft.provider.grant === undefined) return test_(app, about)
  const { fingerprint } = await import('../usecases/stored-tokens.ts')
  const { needsSignIn } = await import('../usecases/sign-in.ts')
  const issued = fingerprint(draft.provider, values)
  let tokens = earlier?.issued === issued ? earlier.tokens : undefined
  if (tokens === undefined && needsSignIn(draft.provider, values)) {
    try {
      tokens = await signInOn(app, draft.provider, values, flags)
    } catch (error) {
      if (!(error instanceof CrmError) || error.code === 'cancelled') throw error
      return { ...notSignedIn(about, error, app.world.clock()), issued }
    }
  }
  return { ...(await test_(app, { ...about, ...(tokens === undefined ? {} : { tokens }) })), issued }
}

async function test_(app: App, about: TestedValues): Promise<TestedHere> {
  const http = await app.http()
  const progress = app.ui.progress(`Testing ${about.provider.title}`)
  // Counted from here: how long a person took to answer is no fault of the server.
  const deadlineMs = app.world.clock() + app.timeoutMs(COMMAND_LIMIT_MS)
  try {
    const tested = await testValues(
      { providers: await app.providers(), http: http.request, clock: app.world.clock, signal: app.signal, deadlineMs },
      about,
    )
    app.throwIfStopped()
    return tested
  } finally {
    progress.end()
  }
}

/** Nothing is saved when a test fails and nobody can be asked what next. */
async function refusedBeforeSaving(app: App, test: Tested, { provider, integration }: Draft): Promise<CrmError> {
  const error = resultError(test.result)
  const spent = (await import('../usecases/token-source.ts')).spentCredential(provider, integration.values, test.tokens)
  const loss = spent === undefined ? '' : `, and the ${spent} was used up by the test: take a new one for the next run`
  return new CrmError(error.code, error.message, {
    reason: `nothing was saved${loss}; --no-test saves without a test`,
    hint: beforeSaving(app, error.hint, provider.id),
  })
}

/** A hint to edit or test what is not there yet is a hint to add it with other values. */
function beforeSaving(app: App, hint: string | undefined, provider: string): string {
  const { argv } = app.world
  const typed = argv.includes(provider) ? argv : [...argv, provider]
  return withWhereabouts(typedAgain(hint ?? `correct the values and run again: crm edit ${provider}`, typed), app.whereabouts)
}

async function save(app: App, draft: Draft, test: TestedHere | null): Promise<Outcome> {
  await createProfileIfNew(app)
  const unlocked = await app.unlock()
  app.throwIfStopped()
  const issued = await issuedTokens(draft, test)
  const [added] = await unlocked.add([{ ...draft.integration, ...(issued === undefined ? {} : { tokens: issued }) }])
  if (added === undefined) throw new CrmError('internal', 'nothing was added')
  if (test !== null) await unlocked.recordTests([{ name: added.name, ...recordOf(test, added.revision) }])
  const integration = test === null ? added : (await unlocked.open(added.name)).integration
  const data: IntegrationOneAnswer = { integration: toAnswer(integration), test: test?.result ?? null }
  return done(SCHEMA, data, async () => (await import('../terminal/views/changed.ts')).addedView, {
    warnings: [...draft.warnings, ...(test?.warnings ?? []), ...(await signInWarnings(draft, issued))],
  })
}

/** The tokens that a test leaves, to be saved with the values: a rotated refresh token is worth nothing any more. */
async function issuedTokens({ provider, integration }: Draft, test: TestedHere | null): Promise<IssuedTokens | undefined> {
  if (test?.tokens === undefined) return undefined
  return (await import('../usecases/stored-tokens.ts')).issuedFor(provider, integration.values, test.tokens)
}

async function signInWarnings({ provider, integration }: Draft, issued: IssuedTokens | undefined): Promise<readonly Warning[]> {
  if (provider.grant === undefined || issued !== undefined) return []
  const { needsSignIn } = await import('../usecases/sign-in.ts')
  if (!needsSignIn(provider, integration.values)) return []
  return [{ code: 'not_signed_in', message: `nobody has signed in yet; do it with: crm login ${integration.name}` }]
}

async function addMany(app: App, inputs: Parameters<typeof draftIntegrations>[1], flags: AddFlags & FieldFlags): Promise<Outcome> {
  refuseFlagsOfOne(flags)
  const wanted = flags.inactive === true ? inputs.map((input) => ({ ...input, active: false })) : inputs
  const drafts = draftIntegrations(await app.providers(), wanted, await takenNames(app))
  await refuseWithoutKey(app)
  const tests = flags.test !== false ? await testAll(app, drafts) : drafts.map(() => null)
  await createProfileIfNew(app)
  const unlocked = await app.unlock()
  app.throwIfStopped()
  const withTokens = await Promise.all(
    drafts.map(async (draft, index) => {
      const issued = await issuedTokens(draft, tests[index] ?? null)
      return { ...draft.integration, ...(issued === undefined ? {} : { tokens: issued }) }
    }),
  )
  const added = await unlocked.add(withTokens)
  await unlocked.recordTests(
    added.flatMap((integration, index) =>
      tests[index] ? [{ name: integration.name, ...recordOf(tests[index], integration.revision) }] : [],
    ),
  )
  const integrations = await Promise.all(
    added.map(async ({ name }, index) => ({
      integration: toAnswer((await unlocked.open(name)).integration),
      test: tests[index]?.result ?? null,
    })),
  )
  return done(
    'crm.add-many/1',
    { integrations } satisfies IntegrationManyAnswer,
    async () => (await import('../terminal/views/changed.ts')).addedManyView,
    { warnings: drafts.flatMap((draft) => draft.warnings) },
  )
}

/** All of a file are tested before any is saved; one that fails keeps all out. */
async function testAll(app: App, drafts: readonly Draft[]): Promise<(TestedHere | null)[]> {
  const { refuseFailedTests, testDrafts } = await import('../usecases/test-drafts.ts')
  const http = await app.http()
  const deps = {
    providers: await app.providers(),
    http: http.request,
    clock: app.world.clock,
    signal: app.signal,
    deadlineMs: app.deadlineMs,
  }
  const tested = await testDrafts(deps, drafts, (await app.profile()).value)
  app.throwIfStopped()
  refuseFailedTests(tested, drafts)
  return [...tested]
}

async function chooseProvider(app: App): Promise<string> {
  const providers = await app.providers()
  if (!app.ui.interactive) {
    throw new CrmError('usage', 'which provider?', {
      reason: `there are: ${providers.map((provider) => provider.id).join(', ')}`,
      hint: 'name it, for example: crm add chatwoot',
    })
  }
  return app.ui.ask.choice({ message: 'Which CRM', choices: providers.map(({ id, title }) => ({ value: id, label: title })) })
}

async function takenNames(app: App): Promise<ReadonlySet<string>> {
  const profile = (await app.profile()).value
  const vault = await app.vaultIfThere()
  if (vault === undefined || !(await vault.hasProfile(profile))) return new Set()
  return vault.names(profile)
}

function nameTaken(name: string): CrmError {
  return new CrmError('conflict', `an integration named ${name} exists already`, {
    hint: `choose another name with --name, or change it with: crm edit ${name}`,
  })
}
