import { type Command, Option } from 'commander'
import { findMethod } from '../core/auth-methods.ts'
import { CrmError } from '../core/errors.ts'
import { type Field, flagName } from '../core/field.ts'
import type { Provider } from '../core/provider.ts'
import { readSecretFile, readSecretStdin, refuseSeveralStdin } from '../terminal/key-sources.ts'
import { placeholder } from '../terminal/missing-values.ts'
import { unfold } from '../usecases/find-target.ts'
import type { App } from './app.ts'
import { readInputText } from './input-text.ts'

/** Flags as the parser gives them: camelCase names, text or booleans. */
export type FieldFlags = Readonly<Record<string, unknown>>

/** A field as the provider that comes first has it, and all fields of that key. */
interface SharedField {
  readonly first: Field
  readonly all: readonly Field[]
}

/** Gives a command the flags of every field of these providers; fields with the same key share theirs. */
export function addFieldFlags(command: Command, providers: readonly Provider[]): void {
  command.option('--auth <method>', 'way to authenticate; crm providers <id> lists them')
  for (const shared of sharedFields(providers)) {
    const { first } = shared
    const flag = flagName(first.key)
    if (first.sensitivity === 'secret') addSecretFlags(command, { ...first, label: labelsOf(shared) })
    else if (first.kind === 'flag') command.option(`--${flag}`, describe(shared)).option(`--no-${flag}`, `the opposite`)
    else if (first.kind === 'certificates') command.option(`--${flag}-file ${placeholder(first)}`, describe(shared))
    else command.option(`--${flag} ${placeholder(withAllChoices(shared))}`, describe(shared))
  }
}

function sharedFields(providers: readonly Provider[]): readonly SharedField[] {
  const fields = new Map<string, [Field, ...Field[]]>()
  for (const field of providers.flatMap((provider) => provider.fields)) {
    const known = fields.get(field.key)
    if (known === undefined) fields.set(field.key, [field])
    else known.push(field)
  }
  fields.delete('auth')
  return [...fields.values()].map((all) => ({ first: all[0], all }))
}

/** What each provider allows: the flag is read for the one that is named. */
function withAllChoices({ first, all }: SharedField): Field {
  const choices = new Map(all.flatMap((field) => field.choices ?? []).map((choice) => [choice.value, choice]))
  return choices.size === 0 ? first : { ...first, choices: [...choices.values()] }
}

function labelsOf({ all }: SharedField): string {
  return unique(all.map(({ label }) => label)).join(' / ')
}

function describe(shared: SharedField): string {
  const fallbacks = unique(shared.all.map(({ fallback }) => fallback))
  const [fallback] = fallbacks.length === 1 ? fallbacks : []
  const variables = shared.all.map(({ env }) => env).join(', ')
  return `${labelsOf(shared)}${fallback === undefined ? '' : ` (default ${fallback})`}, ${variables} with --from-env`
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)]
}

/** A literal secret in argv is seen by everybody who lists processes: the flag exists to say so. */
export function addSecretFlags(command: Command, { key, label }: Pick<Field, 'key' | 'label'>): void {
  const flag = flagName(key)
  command
    .option(`--${flag}-stdin`, `${label} from standard input`)
    .option(`--${flag}-file <path>`, `${label} from a file`)
    .option(`--${flag}-env <NAME>`, `${label} from a variable`)
    .addOption(
      new Option(`--${flag} [value]`).hideHelp().argParser(() => {
        throw new CrmError('usage', `--${flag} does not take a secret on the command line`, {
          reason: 'everybody who lists processes would see it, and the shell would keep it',
          hint: `use --${flag}-stdin, --${flag}-file <path> or --${flag}-env <NAME>, or leave it out to be asked`,
        })
      }),
    )
}

/**
 * Refuses more than one value from standard input, which the answers of `--from -` take whole.
 * @param fields those of the provider, as far as it is known: certificates may come from standard input as well.
 * @throws {CrmError} `usage` naming the flags.
 */
export function refuseSeveralInputs(flags: FieldFlags, fields: readonly Field[] = []): void {
  const fromStdin = fieldFlagsIn(flags).filter((key) => key.endsWith('Stdin') && flags[key] === true)
  const files = fields.filter(({ kind, key }) => kind === 'certificates' && flags[`${key}File`] === '-')
  refuseSeveralStdin([
    ...(flags.from === '-' ? ['--from -'] : []),
    ...fromStdin.map((key) => `--${flagName(key)}`),
    ...files.map(({ key }) => `--${flagName(key)}-file -`),
  ])
}

/** The raw values that flags give for a provider's fields. Reads standard input, files and variables as they say. */
export async function readFieldFlags(app: App, provider: Provider, flags: FieldFlags): Promise<Record<string, string>> {
  const raw: Record<string, string> = Object.create(null)
  refuseSeveralInputs(flags, provider.fields)
  for (const field of provider.fields) {
    const text = await readFlag(app, field, flags)
    if (text !== undefined) raw[field.key] = text
  }
  refuseForeignFlags(provider, flags)
  return unfold(provider, typeof flags.auth === 'string' ? { ...raw, auth: readMethod(provider, flags.auth) } : raw)
}

function readFlag(app: App, field: Field, flags: FieldFlags): Promise<string | undefined> {
  if (field.sensitivity === 'secret') return readSecretFlag(app, field, flags)
  return field.kind === 'certificates' ? readFileFlag(app, field, flags) : Promise.resolve(publicFlag(flags[field.key]))
}

/** The text of the file that a flag names. An empty path stands for no value: `crm edit acme --ca-file ''` takes it away. */
async function readFileFlag(app: App, { key }: Field, flags: FieldFlags): Promise<string | undefined> {
  const path = flags[`${key}File`]
  if (typeof path !== 'string' || path === '') return publicFlag(path)
  return readInputText(app, path, `--${flagName(key)}-file`)
}

function publicFlag(value: unknown): string | undefined {
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value : undefined
}

/** The secret that one of a field's flags gives; undefined when none does. @throws {CrmError} `usage` for two of them, or a variable that is not set. */
export async function readSecretFlag(app: App, field: Field, flags: FieldFlags): Promise<string | undefined> {
  const flag = flagName(field.key)
  const file = flags[`${field.key}File`]
  const variable = flags[`${field.key}Env`]
  const given = [flags[`${field.key}Stdin`], file, variable].filter((value) => value !== undefined)
  if (given.length > 1)
    throw new CrmError('usage', `${field.key} is given more than once`, {
      hint: `keep one of --${flag}-stdin, --${flag}-file and --${flag}-env`,
    })
  if (flags[`${field.key}Stdin`] === true) return (await readSecretStdin(app.world.stdin, `--${flag}-stdin`, app.signal)).reveal()
  if (typeof file === 'string') return (await readSecretFile(file, `file for --${flag}-file`, app.signal)).reveal()
  if (typeof variable !== 'string') return undefined
  const text = app.world.env[variable]
  if (text !== undefined) return text
  throw new CrmError('usage', `the variable that --${flag}-env names is not set`, {
    // Whoever gives the secret itself where its variable's name belongs does not get to read it again.
    hint: `export ${/^[A-Z][A-Z0-9_]{0,63}$/.test(variable) ? variable : field.env}=<value>`,
  })
}

/** @throws {CrmError} `usage` for a way that the provider does not have, naming those it has. */
function readMethod(provider: Provider, word: string): string {
  const method = findMethod(provider, word)
  if (method !== undefined) return method.id
  throw new CrmError('usage', `${provider.id} has no such way to authenticate`, {
    reason: `there ${provider.authMethods.length === 1 ? 'is' : 'are'}: ${provider.authMethods.map(({ id }) => id).join(', ')}`,
    hint: `see what each needs with: crm providers ${provider.id}`,
  })
}

const NOT_FIELDS: readonly string[] = [
  'name',
  'from',
  'fromEnv',
  'test',
  'inactive',
  'rename',
  'active',
  'auth',
  'browser',
  'remote',
  'acceptDefinition',
]

/** The flags of fields that were given, without their dashes and in camelCase: `apiKeyEnv`. */
function fieldFlagsIn(flags: FieldFlags): readonly string[] {
  return Object.keys(flags).filter((key) => flags[key] !== undefined && !NOT_FIELDS.includes(key))
}

/** Refuses what says something of one integration where a file holds several. @throws {CrmError} `usage` naming the flags. */
export function refuseFlagsOfOne(flags: FieldFlags): void {
  const given = [...['name', 'fromEnv', 'auth'].filter((key) => flags[key] !== undefined), ...fieldFlagsIn(flags)]
  if (given.length === 0) return
  const named = given.map((key) => `--${flagName(key)}`).join(', ')
  throw new CrmError('usage', `${named} ${given.length === 1 ? 'is' : 'are'} for one integration; the file holds several`, {
    hint: 'give each of them its own in the file',
  })
}

/** A flag of another provider's field is a mistake, not something to pass over. */
function refuseForeignFlags(provider: Provider, flags: FieldFlags): void {
  const own = new Set(provider.fields.flatMap((field) => [field.key, `${field.key}Stdin`, `${field.key}File`, `${field.key}Env`]))
  const foreign = fieldFlagsIn(flags).filter((key) => !own.has(key))
  if (foreign.length === 0) return
  throw new CrmError('usage', `${provider.id} has no ${foreign.map((key) => `--${flagName(key)}`).join(', ')}`, {
    hint: `see its fields with: crm providers ${provider.id}`,
  })
}

/** The raw values that a provider's documented variables give. */
export function readEnvironment(provider: Provider, environment: Readonly<Record<string, string>>): Record<string, string> {
  const raw: Record<string, string> = Object.create(null)
  for (const field of provider.fields) {
    const text = environment[field.env]
    if (text !== undefined) raw[field.key] = text
  }
  return unfold(provider, raw)
}
