import { CrmError, type Problem } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import { jsonShape } from '../core/read-json.ts'
import type { OpenedIntegration } from '../vault/unlocked.ts'
import { type IntegrationInput, readAnswer } from './add-integrations.ts'
import { readDotenvHandOver } from './hand-over-dotenv.ts'

/** Names the form of the document; another number would be another form. */
const FORMAT = 'crm-integrations/1'
/** Most bytes of a file that is handed over, opened. */
export const MOST_HAND_OVER_BYTES = 16 * 1024 * 1024
/** An entry is an object of texts; one of its fields may be an object once more. */
const DEEPEST = 8
/** Comments and empty lines, then a variable. */
const DOTENV = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=/
const DIGEST = /^[0-9a-f]{64}$/
/** Many times what an honest file of that size has. */
const MOST_VALUES = 2_000_000
/** A file that is wrong throughout is told so by its first entries. */
export const MOST_PROBLEMS = 1_000

/** One entry of a file. */
export interface HandedInput {
  /** What its problems are about, by the key of a field: `integrations[3].apiKey`, `CHATWOOT_API_KEY`. */
  readonly nameOf: (field: string) => string
  readonly input: IntegrationInput
  /** Digest of the definition that its provider had where it was exported; undefined for one of ours, and where the file does not say. */
  readonly definition: string | undefined
}

/** What a file that was handed over holds, not yet looked into. */
export interface HandOver {
  /** One after the other, since all of them read and unread at once would take twice the memory. */
  readonly entries: Iterable<HandedInput | { readonly problems: readonly Problem[] }>
  /** What is wrong with the document itself. */
  readonly problems: readonly Problem[]
  /** How many variables belong to no integration. */
  readonly passedOver: number
}

/**
 * Integrations as a document: what they are named, which provider they are of, whether they are active, and every value by its field
 * key, secrets in plain text. Each entry is one that `crm add --from` takes.
 */
export function writeHandOver(integrations: readonly OpenedIntegration[]): string {
  const entries = integrations.map(({ integration, definition, values }) => ({
    provider: integration.provider,
    name: integration.name,
    active: integration.active,
    ...(definition === '' ? {} : { definition }),
    ...values.settings,
    ...Object.fromEntries(Object.entries(values.secrets).map(([key, secret]) => [key, secret.reveal()])),
  }))
  return `${JSON.stringify({ format: FORMAT, integrations: entries }, null, 2)}\n`
}

/**
 * Reads what {@link writeHandOver} has written, or what `crm add --from` takes: one object with its provider, or a list of them; or a
 * dotenv file.
 * @throws {CrmError} `usage` when it is not text or no such document, `newer_format` when a later version has written it.
 */
export function readHandOver(bytes: Buffer, providers: readonly Provider[]): HandOver {
  const text = textOf(bytes)
  if (DOTENV.test(text)) return readDotenvHandOver(text, providers)
  if (!/^\s*[[{]/.test(text)) throw notReadable('it is neither JSON nor a dotenv file nor an age file')
  const { depth, values } = jsonShape(bytes)
  if (depth > DEEPEST) throw notReadable(`its JSON is more than ${DEEPEST} levels deep`)
  if (values > MOST_VALUES) throw notReadable(`its JSON has more than ${MOST_VALUES} values`)
  return readDocument(parsed(text), providers)
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notReadable('it is not UTF-8 text')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which holds secrets.
    throw notReadable('its JSON is not valid or cut short')
  }
}

function readDocument(document: unknown, providers: readonly Provider[]): HandOver {
  if (Array.isArray(document)) return { entries: readEntries(document, '', providers), problems: [], passedOver: 0 }
  const { format, integrations, ...others } = document as Readonly<Record<string, unknown>>
  if (integrations === undefined && format === undefined)
    return { entries: readEntries([document], undefined, providers), problems: [], passedOver: 0 }
  if (format !== FORMAT) throw otherFormat(format)
  if (!Array.isArray(integrations)) throw notReadable('its "integrations" is not a list')
  return {
    entries: readEntries(integrations, 'integrations', providers),
    problems: Object.keys(others).map((field) => ({ field, message: 'does not belong into the file' })),
    passedOver: 0,
  }
}

function* readEntries(
  entries: unknown[],
  place: string | undefined,
  providers: readonly Provider[],
): Generator<HandedInput | { readonly problems: readonly Problem[] }> {
  for (const index of entries.keys()) {
    const nameOf = (field: string): string => (place === undefined ? field : `${place}[${index}].${field}`)
    const { definition, rest } = withoutDefinition(entries[index])
    entries[index] = undefined
    const read = readAnswer(rest, undefined, providers)
    if ('input' in read) yield { nameOf, input: read.input, definition }
    else yield { problems: read.problems.map(({ field, message }) => ({ field: nameOf(field), message })) }
  }
}

/** A field may be named so, too: its value would not be a digest. */
function withoutDefinition(entry: unknown): { readonly definition: string | undefined; readonly rest: unknown } {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return { definition: undefined, rest: entry }
  const { definition } = entry as { readonly definition?: unknown }
  if (typeof definition !== 'string' || !DIGEST.test(definition)) return { definition: undefined, rest: entry }
  return { definition, rest: Object.fromEntries(Object.entries(entry).filter(([key]) => key !== 'definition')) }
}

function otherFormat(format: unknown): CrmError {
  if (typeof format === 'string' && /^crm-integrations\/\d{1,9}$/.test(format)) {
    return new CrmError('newer_format', 'the file was written by a newer crm', {
      reason: `its form is ${format}, this crm reads ${FORMAT}`,
      hint: 'install a newer crm',
    })
  }
  return notReadable(`its "format" is not ${FORMAT}`)
}

function notReadable(reason: string): CrmError {
  return new CrmError('usage', 'the file is none that crm import reads', {
    reason,
    hint: 'see what it may hold with: crm help hand-over',
  })
}
