import type { Command } from 'commander'
import type { IntegrationOneAnswer } from '../core/answers.ts'
import { CrmError, refuseProblems } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import { fieldApplies, mergeValues } from '../core/field.ts'
import { readValues, toRaw, withFallbacks } from '../core/field-values.ts'
import type { IssuedTokens, Tokens } from '../core/grant.ts'
import { parseName } from '../core/integration.ts'
import type { Provider, Warning } from '../core/provider.ts'
import { askFields } from '../terminal/ask-fields.ts'
import { missingValues } from '../terminal/missing-values.ts'
import { askAfterFailure, reviewValues } from '../terminal/review.ts'
import { requireProvider } from '../usecases/add-integrations.ts'
import { toAnswer } from '../usecases/integration-answer.ts'
import { recordOf, resultError, type Tested, type TestedValues, testValues } from '../usecases/test-integrations.ts'
import { parseStored } from '../usecases/usable-target.ts'
import type { IntegrationChange } from '../vault/sealed-integrations.ts'
import type { OpenedIntegration, UnlockedVault } from '../vault/unlocked.ts'
import { type App, action, COMMAND_LIMIT_MS, done, type Outcome } from './app.ts'
import { addSignInFlags, type SignInFlags, signInOn } from './browser-sign-in.ts'
import { addFieldFlags, type FieldFlags, readFieldFlags } from './field-flags.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { openForUse } from './open-for-use.ts'
import { asMenu, typedAgain } from './printed-commands.ts'

interface EditFlags extends SignInFlags {
  readonly rename?: string
  /** Use the definition of its provider as it is today. */
  readonly acceptDefinition?: boolean
  /** False with `--no-test`; the parser gives a lone negation no default, because its options are added late. */
  readonly test?: boolean
}

export async function define(command: Command, app: App): Promise<void> {
  command
    .argument('<name>', 'an integration')
    .option('--rename <name>', 'give it another name')
    .option('--no-test', 'save without testing the connection')
    .option('--accept-definition', 'use the definition of its CRM as it is today, which has changed since it was stored')
  addFieldFlags(command, await app.providers())
  addSignInFlags(command)
  setExamples(command, [
    { line: 'crm edit acme', what: "asks for each value; Enter keeps today's" },
    { line: 'crm edit acme --api-key-env CHATWOOT_API_KEY --no-test', what: 'a new token, nothing else' },
    { line: 'crm edit acme --rename acme-eu', what: 'another name' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 11])
  command.action(action(app, 'edit', (name: string, flags: EditFlags & FieldFlags) => edit(app, name, flags)))
}

async function edit(app: App, text: string, flags: EditFlags & FieldFlags): Promise<Outcome> {
  const name = parseStored(text)
  const rename = flags.rename === undefined ? undefined : parseName(flags.rename, 'integration')
  const profile = (await app.profile()).value
  const found = await (await app.vault()).find(profile, name)
  const provider = requireProvider(await app.providers(), found.provider)
  const given = await readFieldFlags(app, provider, flags)
  const accepts = flags.acceptDefinition === true
  const asks = Object.keys(given).length === 0 && rename === undefined && !accepts
  if (asks && !app.ui.interactive) {
    throw new CrmError('usage', 'nothing to change, and there is no terminal to ask on', {
      hint: `give what changes as flags, for example: crm edit ${name} --rename ${name}-2`,
    })
  }
  const unlocked = await app.unlock()
  const renames = !asks && Object.keys(given).length === 0 && !accepts
  const opened = renames || accepts ? await unlocked.open(name) : await openForUse(app, unlocked, name)
  if (asks) return editByAsking(app, unlocked, provider, opened, flags)
  const named = rename === undefined ? {} : { name: rename }
  if (renames) return save(app, unlocked, opened, named, null)
  const values = changedValues(provider, opened.values, given)
  const test = await testBeforeSaving(app, unlocked, provider, opened, values, flags)
  return save(app, unlocked, opened, { values, ...named, ...(accepts ? { definition: provider.definition ?? '' } : {}) }, test)
}

/** Today's values with the given ones in their place; what no longer applies falls away. @throws {CrmError} `usage` with all problems. */
function changedValues(provider: Provider, before: StoredValues, given: Readonly<Record<string, string>>): StoredValues {
  const merged = { ...toRaw(before), ...given }
  const all = withFallbacks(provider.fields, merged)
  const applying: Record<string, string> = {}
  for (const field of provider.fields) {
    const text = merged[field.key]
    if (text !== undefined && (fieldApplies(field, all) || given[field.key] !== undefined)) applying[field.key] = text
  }
  const { values, missing, problems } = readValues(provider, applying)
  refuseProblems(problems, `the values for ${provider.id} are not valid`, `see what each must be with: crm providers ${provider.id}`)
  if (missing.length > 0) throw missingValues(missing, `where to find each: crm providers ${provider.id}`)
  return values
}

async function editByAsking(
  app: App,
  unlocked: UnlockedVault,
  provider: Provider,
  opened: OpenedIntegration,
  flags: EditFlags,
): Promise<Outcome> {
  const { name } = opened.integration
  let raw = await askFields(app.ui, { provider, known: {}, current: toRaw(opened.values) })
  const review = await reviewValues(app.ui, { provider, name, values: raw, first: flags.test === false ? 'save' : 'test' })
  raw = review.values
  let tests = review.action === 'test'
  for (;;) {
    const values = changedValues(provider, { settings: {}, secrets: {} }, raw)
    if (!tests) return save(app, unlocked, opened, { values }, null)
    const test = await runTest(app, unlocked, provider, opened, values, flags)
    if (test.result.outcome === 'connected') return save(app, unlocked, opened, { values }, test)
    const { attemptView } = await import('../terminal/views/test.ts')
    app.ui.tell(await attemptView({ ...test.result, hint: asMenu(test.result.hint) }, await app.ui.style()))
    const next = await askAfterFailure(app.ui, { provider, name, values: raw })
    raw = next.values
    tests = next.action === 'test'
    if (next.action === 'inactive')
      return save(app, unlocked, opened, { values: changedValues(provider, { settings: {}, secrets: {} }, raw), active: false }, test)
  }
}

/** New credentials are tested before they replace the old ones; an inactive integration is not in use, and is not tested. */
async function testBeforeSaving(
  app: App,
  unlocked: UnlockedVault,
  provider: Provider,
  opened: OpenedIntegration,
  values: StoredValues,
  flags: EditFlags,
): Promise<Tested | null> {
  if (flags.test === false || !opened.integration.active) return null
  const test = await runTest(app, unlocked, provider, opened, values, flags)
  if (test.result.outcome === 'connected') return test
  const error = resultError(test.result)
  throw new CrmError(error.code, error.message, {
    reason: `${opened.integration.name} was left as it is; --no-test saves without a test`,
    ...(error.hint === undefined ? {} : { hint: typedAgain(error.hint, app.world.argv) }),
  })
}

async function runTest(
  app: App,
  unlocked: UnlockedVault,
  provider: Provider,
  opened: OpenedIntegration,
  values: StoredValues,
  flags: SignInFlags,
): Promise<Tested> {
  const http = await app.http()
  const { name, profile } = opened.integration
  const about = {
    source: 'vault',
    name,
    profile,
    provider,
    values,
    ...(await tokensFor(app, unlocked, provider, opened, values, flags)),
  } as const
  const progress = app.ui.progress(`Testing ${name}`)
  // Counted from here: how long a person took to answer is no fault of the server.
  const deadlineMs = app.world.clock() + app.timeoutMs(COMMAND_LIMIT_MS)
  const test = await testValues(
    { providers: await app.providers(), http: http.request, clock: app.world.clock, signal: app.signal, deadlineMs },
    about,
  ).finally(() => progress.end())
  app.throwIfStopped()
  return test
}

/**
 * Where the changed values get their tokens: those of the vault while they are issued for the same sign-in, anew if a secret of the
 * client has changed; a new sign-in where the change needs one.
 */
async function tokensFor(
  app: App,
  unlocked: UnlockedVault,
  provider: Provider,
  { integration: { name }, values: before }: OpenedIntegration,
  values: StoredValues,
  flags: SignInFlags,
): Promise<Pick<TestedValues, 'tokens' | 'unlocked' | 'renewFirst'>> {
  if (provider.grant === undefined) return {}
  const { fingerprint } = await import('../usecases/stored-tokens.ts')
  const stored = await unlocked.readTokens(name)
  if (stored?.issuedFor === fingerprint(provider, values)) {
    const changed = Object.keys({ ...before.secrets, ...values.secrets }).some(
      (key) => before.secrets[key]?.reveal() !== values.secrets[key]?.reveal(),
    )
    return { unlocked, renewFirst: changed }
  }
  const { needsSignIn } = await import('../usecases/sign-in.ts')
  return needsSignIn(provider, values) ? { tokens: await signInOn(app, provider, values, flags) } : {}
}

async function save(
  app: App,
  unlocked: UnlockedVault,
  opened: OpenedIntegration,
  change: IntegrationChange,
  test: Tested | null,
): Promise<Outcome> {
  app.throwIfStopped()
  const { name, revision } = opened.integration
  const issued =
    test?.tokens === undefined || change.values === undefined ? undefined : await issuedTokens(app, opened, change.values, test.tokens)
  const changed = await unlocked.update(name, revision, { ...change, ...(issued === undefined ? {} : { tokens: issued }) })
  if (test !== null) await unlocked.recordTests([{ name: changed.name, ...recordOf(test, changed.revision) }])
  const warnings: Warning[] = [...(test?.warnings ?? []), ...(await movedAway(app, unlocked, opened, changed.name, change.values))]
  const data: IntegrationOneAnswer = { integration: toAnswer((await unlocked.open(changed.name)).integration), test: test?.result ?? null }
  const view = async () => {
    const { editedView, unchangedView } = await import('../terminal/views/changed.ts')
    return changed.revision === revision ? unchangedView : editedView
  }
  return done('crm.edit/1', data, view, { warnings })
}

/** Demos that a Chatwoot no longer leads to, once its address or account is another one. */
async function movedAway(
  app: App,
  unlocked: UnlockedVault,
  { integration, values: before }: OpenedIntegration,
  name: string,
  values: StoredValues | undefined,
): Promise<readonly Warning[]> {
  const isSame = (key: string) => before.settings[key] === values?.settings[key]
  if (integration.provider !== 'chatwoot' || values === undefined || (isSame('baseUrl') && isSame('accountId'))) return []
  const { storedRecords } = await import('./demo-fleet.ts')
  const { demosElsewhere } = await import('../usecases/demos-elsewhere.ts')
  const target = { name, source: 'vault', values: mergeValues(values) } as const
  return demosElsewhere(target, (await storedRecords(app, { target, unlocked })) ?? [], 'out of reach')
}

async function issuedTokens(
  app: App,
  { integration }: OpenedIntegration,
  values: StoredValues,
  tokens: Tokens,
): Promise<IssuedTokens | undefined> {
  return (await import('../usecases/stored-tokens.ts')).issuedFor(
    requireProvider(await app.providers(), integration.provider),
    values,
    tokens,
  )
}
