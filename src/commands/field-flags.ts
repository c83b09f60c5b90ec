import { type Command, Option } from 'commander'
import { findMethod } from '../core/auth-methods.ts'
import { CrmError } from '../core/errors.ts'
import { type Field, flagName } from '../core/field.ts'
import type { Provider } from '../core/provider.ts'
import { readSecretFile, readSecretStdin, refuseSeveralStdin } from '../terminal/key-sources.ts'
import { placeholder } from '../terminal/missing-values.ts'
import { unfold } from '../usecases/find-target.ts'
import type { App } from './app.ts'

/** Flags as the parser gives them: camelCase names, text or booleans. */
export type FieldFlags = Readonly<Record<string, unknown>>

/** Gives a command the flags of every field of these providers; fields with the same key share theirs. */
export function addFieldFlags(command: Command, providers: readonly Provider[]): void {
  const fields = new Map<string, Field>()
  for (const provider of providers) for (const field of provider.fields) if (!fields.has(field.key)) fields.set(field.key, field)
  command.option('--auth <method>', 'way to authenticate; crm providers <id> lists them')
  fields.delete('auth')
  for (const field of fields.values()) {
    if (field.sensitivity === 'secret') addSecretFlags(command, field)
    else if (field.kind === 'flag')
      command.option(`--${flagName(field.key)}`, describe(field)).option(`--no-${flagName(field.key)}`, `the opposite`)
    else command.option(`--${flagName(field.key)} ${placeholder(field)}`, describe(field))
  }
}

function describe(field: Field): string {
  return `${field.label}${field.fallback === undefined ? '' : ` (default ${field.fallback})`}, ${field.env} with --from-env`
}

/** A literal secret in argv is seen by everybody who lists processes: the flag exists to say so. */
export function addSecretFlags(command: Command, field: Field): void {
  const flag = flagName(field.key)
  command
    .option(`--${flag}-stdin`, `${field.label} from standard input`)
    .option(`--${flag}-file <path>`, `${field.label} from a file`)
    .option(`--${flag}-env <NAME>`, `${field.label} from a variable`)
    .addOption(
      new Option(`--${flag} [value]`).hideHelp().argParser(() => {
        throw new CrmError('usage', `--${flag} does not take a secret on the command line`, {
          reason: 'everybody who lists processes would see it, and the shell would keep it',
          hint: `use --${flag}-stdin, --${flag}-file <path> or --${flag}-env <NAME>, or leave it out to be asked`,
        })
      }),
    )
}

/** The raw values that flags give for a provider's fields. Reads standard input, files and variables as they say. */
export async function readFieldFlags(app: App, provider: Provider, flags: FieldFlags): Promise<Record<string, string>> {
  const raw: Record<string, string> = Object.create(null)
  refuseSeveralStdin(
    provider.fields.filter((field) => flags[`${field.key}Stdin`] === true).map((field) => `--${flagName(field.key)}-stdin`),
  )
  for (const field of provider.fields) {
    const text = field.sensitivity === 'secret' ? await readSecretFlag(app, field, flags) : publicFlag(flags[field.key])
    if (text !== undefined) raw[field.key] = text
  }
  refuseForeignFlags(provider, flags)
  return unfold(provider, typeof flags.auth === 'string' ? { ...raw, auth: readMethod(provider, flags.auth) } : raw)
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
  if (typeof file === 'string') return (await readSecretFile(file)).reveal()
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

/** A flag of another provider's field is a mistake, not something to pass over. */
function refuseForeignFlags(provider: Provider, flags: FieldFlags): void {
  const own = new Set(provider.fields.flatMap((field) => [field.key, `${field.key}Stdin`, `${field.key}File`, `${field.key}Env`]))
  const notFields = new Set(['name', 'from', 'fromEnv', 'test', 'inactive', 'rename', 'active', 'auth'])
  const foreign = Object.keys(flags).filter((key) => flags[key] !== undefined && !own.has(key) && !notFields.has(key))
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
