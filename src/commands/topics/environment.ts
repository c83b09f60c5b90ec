import { providers } from '../../providers/index.ts'

const VARIABLES: readonly (readonly [string, string])[] = [
  ['INTEGRATION_ENCRYPTION_KEY', 'key of the profile: 32 bytes, hex or base64'],
  ['CRM_PROFILE', 'profile to use (--profile wins)'],
  ['CRM_VAULT', 'path of the vault (--vault wins)'],
  ['CRM_HOME', 'one directory for configuration, vault and state'],
  ['CRM_KEY_FILE', 'path of the key file'],
  ['CRM_IDENTITY_FILE', 'age identity of a member, mode 0600'],
  ['CRM_PASSPHRASE_FILE', 'passphrase file, mode 0600; wins over keychain'],
  ['XDG_RUNTIME_DIR', 'where crm unlock keeps a key without a keychain'],
  ['CRM_KEYCHAIN', 'off: do not ask the keychain of the system'],
  ['CRM_ACCESSIBLE', '1: plain prompts, for screen readers'],
  ['CRM_ALLOW_UNSAFE_FILE', '1: do not check owner and mode of files'],
  ['XDG_CONFIG_HOME', 'configuration is in crm/ below it'],
  ['XDG_DATA_HOME', 'the vault is in crm/ below it'],
  ['XDG_STATE_HOME', 'what this machine remembers is in crm/ below it'],
  ['XDG_CACHE_HOME', 'compiled code is kept in crm/ below it'],
  ['HOME', 'where these four are when they are not set'],
  ['APPDATA', 'Windows: the same for the configuration'],
  ['LOCALAPPDATA', 'Windows: the same for vault and state'],
  ['USERPROFILE', 'Windows: the same where those two are not set'],
  ['NO_COLOR', 'no colour; wins over FORCE_COLOR'],
  ['FORCE_COLOR', 'colour without a terminal, too; 0: none'],
  ['TERM', 'dumb: no prompts, no animation, no colour'],
  ['CI', 'no prompts, no animation'],
  ['GITHUB_ACTIONS', 'true: the log of the job masks revealed secrets'],
  ['COLUMNS', 'width of tables'],
  ['LC_ALL', 'symbols where it names UTF-8, ASCII elsewhere'],
  ['LC_CTYPE', 'the same where LC_ALL is not set'],
  ['LANG', 'the same where neither is set'],
  ['USER', 'who acts, in the audit log'],
  ['USERNAME', 'the same where USER is not set'],
  ['BROWSER', 'opens addresses; none: they are printed only'],
  ['DISPLAY', 'without it nothing is opened on Linux'],
  ['WAYLAND_DISPLAY', 'the same; either is enough'],
  ['HTTPS_PROXY', 'proxy (CONNECT), such as http://host:3128'],
  ['NO_PROXY', 'hosts and networks that are reached without it'],
  ['HTTP_PROXY', 'not used; crm doctor says so'],
  ['NODE_EXTRA_CA_CERTS', 'file with certificates to trust as well'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', 'not used: certificates are always verified'],
  ['NODE_DEBUG', 'no secret is used while it is set'],
  ['NODE_OPTIONS', 'the same while it turns on tracing or a debugger'],
]

/** `crm help environment`: every variable that is read, with those of the providers. */
export function text(): string {
  const fields = providers.flatMap((provider) =>
    provider.fields.map((field): [string, string] => [field.env, `${provider.title}: ${field.label}`]),
  )
  const width = Math.max(...[...VARIABLES, ...fields].map(([name]) => name.length))
  const rows = (entries: readonly (readonly [string, string])[]): string[] =>
    entries.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`)
  return [
    'Variables that crm reads. An empty one counts as not set. A flag wins over a',
    'variable, a variable over the configuration.',
    '',
    ...rows(VARIABLES),
    '',
    'Fields of integrations, read by crm add <provider> --from-env. Those of Chatwoot',
    'stand in for a stored integration where the profile has none.',
    '',
    ...rows(fields),
  ].join('\n')
}
