import { asFlag, asText, type Cast, type Input, isBlank, isObject, permit, tooLong } from './input.ts'
import type { ChannelType, Columns } from './records.ts'
import { crash, type Violation } from './reply.ts'
import { since, type World } from './world.ts'

/** A kind of channel that can be created: its columns, what they start with, and their rules. */
export interface ChannelKind {
  readonly type: ChannelType
  readonly columns: Readonly<Record<string, Cast>>
  defaults(): Columns
  check(world: World, channel: Columns): readonly Violation[]
}

const REPLY_TIMES = new Set<unknown>(['in_a_few_minutes', 'in_a_few_hours', 'in_a_day', 0, 1, 2, null, ''])
const REPLY_TIME_NAMES = ['in_a_few_minutes', 'in_a_few_hours', 'in_a_day']

/** An enum column: a name or its number; anything else is the framework's argument error, a 500. */
const asReplyTime: Cast = (value) => {
  if (!REPLY_TIMES.has(value)) throw crash()
  if (typeof value === 'number') return REPLY_TIME_NAMES[value]
  return value === '' ? null : value
}

const FEATURES = new Map([
  ['attachments', '2.4'],
  ['emoji_picker', '2.4'],
  ['end_conversation', '2.4'],
  ['use_inbox_avatar_for_bot', '2.16'],
  ['allow_mobile_webview', '4.12'],
])

const asTextList: Cast = (value) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined)

/** An object column that has no null in the database. */
const asAttributes: Cast = (value) => {
  if (value === null) throw crash()
  return isObject(value) ? value : undefined
}

const PRE_CHAT_FIELDS = [
  { field_type: 'standard', label: 'Email Id', name: 'emailAddress', type: 'email', required: true, enabled: false },
  { field_type: 'standard', label: 'Full name', name: 'fullName', type: 'text', required: false, enabled: false },
  { field_type: 'standard', label: 'Phone number', name: 'phoneNumber', type: 'text', required: false, enabled: false },
]

const WEB_WIDGET: ChannelKind = {
  type: 'Channel::WebWidget',
  columns: {
    website_url: asText,
    widget_color: asText,
    welcome_title: asText,
    welcome_tagline: asText,
    reply_time: asReplyTime,
    pre_chat_form_enabled: asFlag,
    pre_chat_form_options: (value) => (isObject(value) ? value : undefined),
    continuity_via_email: asFlag,
    hmac_mandatory: asFlag,
    allowed_domains: asText,
    selected_feature_flags: asTextList,
  },
  defaults: () => ({
    website_url: null,
    widget_color: '#1f93ff',
    welcome_title: null,
    welcome_tagline: null,
    reply_time: 'in_a_few_minutes',
    pre_chat_form_enabled: false,
    pre_chat_form_options: { pre_chat_message: 'Share your queries or comments here.', pre_chat_fields: PRE_CHAT_FIELDS },
    continuity_via_email: true,
    hmac_mandatory: false,
    allowed_domains: '',
    selected_feature_flags: ['attachments', 'emoji_picker', 'end_conversation'],
  }),
  check: (_world, channel) => [
    ...(isBlank(channel.website_url) ? [{ attribute: 'website_url', says: "can't be blank" }] : []),
    ...tooLong('website_url', channel.website_url, 255),
    ...tooLong('welcome_title', channel.welcome_title, 255),
    ...tooLong('welcome_tagline', channel.welcome_tagline, 255),
    ...tooLong('widget_color', channel.widget_color, 255),
  ],
}

const API: ChannelKind = {
  type: 'Channel::Api',
  columns: { webhook_url: asText, hmac_mandatory: asFlag, additional_attributes: asAttributes },
  defaults: () => ({ webhook_url: null, hmac_mandatory: false, additional_attributes: {} }),
  check: (world, channel) => {
    const window = isObject(channel.additional_attributes) ? channel.additional_attributes.agent_reply_time_window : undefined
    const refused = window !== undefined && window !== null && !(Number(window) > 0)
    return [
      ...tooLong('webhook_url', channel.webhook_url, since(world, '2.18') ? 2048 : 255),
      ...(refused ? [{ attribute: 'agent_reply_time_window', says: 'must be greater than 0' }] : []),
    ]
  },
}

const KINDS: Readonly<Record<string, ChannelKind>> = { web_widget: WEB_WIDGET, api: API }

/** The kind behind `channel.type` of a request; undefined for the kinds that need a vendor's account, and for unknown ones. */
export function channelKind(type: unknown): ChannelKind | undefined {
  return typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined
}

/** The kind of an inbox that exists. */
export function kindOf(type: ChannelType): ChannelKind {
  return type === 'Channel::Api' ? API : WEB_WIDGET
}

/** The channel columns that a request sets, cast. Feature names that this release does not know are dropped. */
export function channelInput(world: World, kind: ChannelKind, input: Input): Columns {
  const taken = permit(input, kind.columns)
  if (Array.isArray(taken.selected_feature_flags)) {
    const chosen: readonly unknown[] = taken.selected_feature_flags
    taken.selected_feature_flags = Array.from(FEATURES).flatMap(([name, release]) =>
      chosen.includes(name) && since(world, release) ? [name] : [],
    )
  }
  return taken
}
