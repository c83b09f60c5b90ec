import type { Columns, Inbox, Role } from './records.ts'
import { since, type World } from './world.ts'

/** Keys that every inbox shows, null where its channel has no such thing. */
const COMMON_CHANNEL_KEYS = [
  'allowed_domains',
  'widget_color',
  'website_url',
  'hmac_mandatory',
  'welcome_title',
  'welcome_tagline',
  'web_widget_script',
  'website_token',
  'selected_feature_flags',
  'reply_time',
  'messaging_service_sid',
  'phone_number',
  'provider',
]

/** Keys that came later than 2.4, with the release. */
const KEY_SINCE: Readonly<Record<string, string>> = {
  csat_config: '4.2',
  auto_assignment_config: '2.6',
  lock_to_single_conversation: '2.12',
  sender_name_type: '3.0',
  business_name: '3.0',
  allowed_domains: '4.6',
  additional_attributes: '2.6',
  secret: '4.13',
}

/** An inbox as one member of its account sees it (contract, section 6.1). Secrets are for administrators. */
export function inboxView(world: World, inbox: Inbox, role: Role | null): Columns {
  const view: Columns = {
    id: inbox.id,
    avatar_url: '',
    channel_id: inbox.channelId,
    channel_type: inbox.channelType,
    ...inbox.columns,
    working_hours: inbox.workingHours,
    callback_webhook_url: null,
    ...Object.fromEntries(COMMON_CHANNEL_KEYS.map((key) => [key, inbox.channel[key] ?? null])),
    ...(inbox.channelType === 'Channel::WebWidget' ? webWidgetKeys(world, inbox) : apiKeys(inbox)),
    ...secretKeys(world, inbox, role),
  }
  for (const [key, release] of Object.entries(KEY_SINCE)) if (!since(world, release)) delete view[key]
  return view
}

function webWidgetKeys(world: World, inbox: Inbox): Columns {
  return {
    web_widget_script: embedScript(world, inbox.publicToken),
    website_token: inbox.publicToken,
    pre_chat_form_enabled: inbox.channel.pre_chat_form_enabled,
    pre_chat_form_options: inbox.channel.pre_chat_form_options,
    continuity_via_email: inbox.channel.continuity_via_email,
  }
}

function apiKeys(inbox: Inbox): Columns {
  return {
    webhook_url: inbox.channel.webhook_url,
    inbox_identifier: inbox.publicToken,
    additional_attributes: inbox.channel.additional_attributes,
  }
}

/** `hmac_token` has been for administrators only since 2.12; `secret` always was. */
function secretKeys(world: World, inbox: Inbox, role: Role | null): Columns {
  const administrator = role === 'administrator'
  return {
    ...(administrator || !since(world, '2.12') ? { hmac_token: inbox.hmacToken } : {}),
    ...(administrator && inbox.channelType === 'Channel::Api' ? { secret: inbox.secret } : {}),
  }
}

/** The snippet that puts the widget on a page (contract, section 15): it names the server's own idea of its address. */
function embedScript(world: World, websiteToken: string): string {
  const base = world.frontendUrl
  const loading = since(world, '4.4') ? ['g.async = true;'] : ['g.defer = true;', 'g.async = true;']
  return [
    '',
    '      <script>',
    '        (function(d,t) {',
    `          var BASE_URL="${base}";`,
    '          var g=d.createElement(t),s=d.getElementsByTagName(t)[0];',
    '          g.src=BASE_URL+"/packs/js/sdk.js";',
    ...loading.map((line) => `          ${line}`),
    '          s.parentNode.insertBefore(g,s);',
    '          g.onload=function(){',
    '            window.chatwootSDK.run({',
    `              websiteToken: '${websiteToken}',`,
    '              baseUrl: BASE_URL',
    '            })',
    '          }',
    '        })(document,"script");',
    '      </script>',
    '      ',
  ].join('\n')
}
