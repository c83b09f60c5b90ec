import { asFlag, asText, type Cast, type Input, isBlank, isObject, permit, tooLong } from './input.ts'
import type { ChannelType, Columns, WorkingHour } from './records.ts'
import { crash, type Violation } from './reply.ts'
import { since, type World } from './world.ts'

const SENDER_NAME_TYPES = ['friendly', 'professional']

const asSenderNameType: Cast = (value) => {
  if (value === null || value === '') return null
  const name = typeof value === 'number' ? SENDER_NAME_TYPES[value] : value
  if (typeof name !== 'string' || !SENDER_NAME_TYPES.includes(name)) throw crash()
  return name
}

const COLUMNS: Readonly<Record<string, Cast>> = {
  name: asText,
  greeting_enabled: asFlag,
  greeting_message: asText,
  enable_email_collect: asFlag,
  csat_survey_enabled: asFlag,
  enable_auto_assignment: asFlag,
  working_hours_enabled: asFlag,
  out_of_office_message: asText,
  timezone: asText,
  allow_messages_after_resolved: asFlag,
  lock_to_single_conversation: asFlag,
  sender_name_type: asSenderNameType,
  business_name: asText,
}

/** What an inbox starts with. */
export function inboxDefaults(): Columns {
  return {
    name: null,
    greeting_enabled: false,
    greeting_message: null,
    working_hours_enabled: false,
    enable_email_collect: true,
    csat_survey_enabled: false,
    csat_config: {},
    enable_auto_assignment: true,
    auto_assignment_config: {},
    out_of_office_message: null,
    timezone: 'UTC',
    allow_messages_after_resolved: true,
    lock_to_single_conversation: false,
    sender_name_type: 'friendly',
    business_name: null,
  }
}

/**
 * The inbox columns that a request sets, cast. The text `null` at top level is read as null.
 * Answers 500, as Chatwoot does, for an avatar that is not a file, a portal that does not exist and an unknown sender name type.
 */
export function inboxInput(input: Input): Columns {
  const read = Object.fromEntries(Object.entries(input).map(([key, value]) => [key, value === 'null' ? null : value]))
  if (!isBlank(read.avatar) || !isBlank(read.portal_id)) throw crash()
  const taken = permit(read, COLUMNS)
  if (isObject(read.csat_config)) taken.csat_config = csatConfig(read.csat_config)
  const limit = isObject(read.auto_assignment_config) ? read.auto_assignment_config.max_assignment_limit : undefined
  if (limit !== undefined) taken.auto_assignment_config = { max_assignment_limit: limit }
  return taken
}

/** The survey's settings are replaced as a whole; missing parts get their defaults. */
function csatConfig(input: Input): Columns {
  const rules = isObject(input.survey_rules) ? input.survey_rules : {}
  return {
    display_type: input.display_type ?? 'emoji',
    message: input.message ?? '',
    survey_rules: { operator: rules.operator ?? 'contains', values: rules.values ?? [] },
  }
}

/** Channel kinds whose inbox names were restricted from 2.7 to 4.2. */
const NAME_RULE_CHANNELS = new Set<ChannelType>(['Channel::WebWidget', 'Channel::Api'])
const WORD = '[\\p{L}\\p{M}\\p{N}\\p{Pc}]'
const RESTRICTED_NAME = new RegExp(`^(?=${WORD})[^/\\\\<>@]*(?<=${WORD})$`, 'mu')
const NAME_RULE_SAYS = 'should not start or end with symbols, and it should not have < > / \\ @ characters.'
const TEXT_LIMIT = 10_000

/** The rules of an inbox. `channelType` is undefined when the request named none that exists. */
export function checkInbox(world: World, columns: Columns, channelType: ChannelType | undefined): readonly Violation[] {
  const { name } = columns
  const restricted = channelType !== undefined && NAME_RULE_CHANNELS.has(channelType) && since(world, '2.7') && !since(world, '4.3')
  return [
    ...(isBlank(name) ? [{ attribute: 'name', says: "can't be blank" }] : []),
    ...(restricted && !RESTRICTED_NAME.test(String(name ?? '')) ? [{ attribute: 'name', says: NAME_RULE_SAYS }] : []),
    ...tooLong('name', name, 255),
    ...(isTimezone(columns.timezone) ? [] : [{ attribute: 'timezone', says: 'is not included in the list' }]),
    ...(since(world, '3.1') ? tooLong('greeting_message', columns.greeting_message, TEXT_LIMIT) : []),
    ...(since(world, '3.0') ? tooLong('out_of_office_message', columns.out_of_office_message, TEXT_LIMIT) : []),
    ...tooLong('business_name', columns.business_name, 255),
    ...(channelType === undefined ? [{ attribute: 'channel', says: 'must exist' }] : []),
  ]
}

/** Whether a text names a zone of the time zone database. (`Intl` would also take offsets and any case.) */
function isTimezone(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[A-Z]/.test(value)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch {
    return false
  }
}

/** Monday to Friday from nine to five, the week end closed. */
export function defaultWorkingHours(): readonly WorkingHour[] {
  return Array.from({ length: 7 }, (_, day) => {
    const closed = day === 0 || day === 6
    return {
      day_of_week: day,
      closed_all_day: closed,
      open_hour: closed ? null : 9,
      open_minutes: closed ? null : 0,
      close_hour: closed ? null : 17,
      close_minutes: closed ? null : 0,
      open_all_day: false,
    }
  })
}

/** Working hours with the given days changed; a day that does not exist is a 500. */
export function changeWorkingHours(hours: readonly WorkingHour[], changes: readonly unknown[]): readonly WorkingHour[] {
  const next = [...hours]
  for (const change of changes) {
    const index = isObject(change) ? next.findIndex((day) => day.day_of_week === Number(change.day_of_week)) : -1
    const day = next[index]
    if (day === undefined || !isObject(change)) throw crash()
    next[index] = { ...day, ...permit(change, HOUR_COLUMNS), day_of_week: day.day_of_week }
  }
  return next
}

const asHour: Cast = (value) => (value === null || value === '' ? null : Number(value))

const HOUR_COLUMNS: Readonly<Record<string, Cast>> = {
  closed_all_day: asFlag,
  open_hour: asHour,
  open_minutes: asHour,
  close_hour: asHour,
  close_minutes: asHour,
  open_all_day: asFlag,
}
