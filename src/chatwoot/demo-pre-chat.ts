/**
 * The form that a website widget shows before a chat, as one text that programs compare: `off`, or canonical JSON of its message and of
 * the fields that it asks for, in their order. Fields that are switched off are no part of it.
 */
import type { Json, JsonObject } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'

/** A field that the form asks for. */
export interface PreChatField {
  /** `emailAddress`, `fullName`, `phoneNumber`, or a custom attribute of the account. */
  readonly name: string
  readonly label: string
  readonly required: boolean
  /** `email`, `text`, ... */
  readonly type: string
}

/** A form that is on. */
export interface PreChatForm {
  readonly message: string
  readonly fields: readonly PreChatField[]
}

/** No form. */
export const NO_PRE_CHAT = 'off'

/** The three fields that every Chatwoot has (contract section 6.1). */
export const STANDARD_FIELDS: readonly PreChatField[] = [
  { name: 'emailAddress', label: 'Email Id', type: 'email', required: true },
  { name: 'fullName', label: 'Full name', type: 'text', required: false },
  { name: 'phoneNumber', label: 'Phone number', type: 'text', required: false },
]

/** A form as text. */
export function preChatText(form: PreChatForm): string {
  const { message, fields } = form
  return canonicalJson({ message, fields: fields.map(({ name, label, type, required }) => ({ name, label, type, required })) })
}

/** Chatwoot's form as text; undefined where the server says nothing of it. */
export function readPreChat(enabled: Json | undefined, options: Json | undefined): string | undefined {
  if (enabled === false) return NO_PRE_CHAT
  if (enabled !== true) return undefined
  const record = asObject(options) ?? {}
  const fields = Array.isArray(record.pre_chat_fields) ? (record.pre_chat_fields as readonly Json[]) : []
  const asked = fields.flatMap((entry): PreChatField[] => {
    const field = asObject(entry)
    if (field === undefined || field.enabled !== true || typeof field.name !== 'string') return []
    return [{ name: field.name, label: textOf(field.label), type: textOf(field.type), required: field.required === true }]
  })
  return preChatText({ message: textOf(record.pre_chat_message), fields: asked })
}

/** The form in a text; undefined for none. */
export function preChatOf(text: string): PreChatForm | undefined {
  return text === NO_PRE_CHAT ? undefined : (JSON.parse(text) as PreChatForm)
}

/** The channel settings of a request, from the text: the fields asked for first, then the standard ones that are switched off. */
export function preChatBody(text: string): JsonObject {
  const form = preChatOf(text)
  if (form === undefined) return { pre_chat_form_enabled: false }
  const off = STANDARD_FIELDS.filter(({ name }) => form.fields.every((field) => field.name !== name))
  const isStandard = (name: string) => STANDARD_FIELDS.some((field) => field.name === name)
  const entry = ({ name, label, type, required }: PreChatField, enabled: boolean): JsonObject => {
    const kind = isStandard(name) ? 'standard' : 'contact_attribute'
    return { field_type: kind, label, name, type, required, enabled }
  }
  return {
    pre_chat_form_enabled: true,
    pre_chat_form_options: {
      pre_chat_message: form.message,
      pre_chat_fields: [...form.fields.map((field) => entry(field, true)), ...off.map((field) => entry(field, false))],
    },
  }
}

function asObject(json: Json | undefined): JsonObject | undefined {
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as JsonObject) : undefined
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : ''
}
