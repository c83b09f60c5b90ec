import type { Field } from '../core/field.ts'

/** What differs between the ports of two providers. */
export interface RedirectPort<Env extends string, Methods extends string> {
  readonly env: Env
  /** The port taken when none is given, decimal. */
  readonly port: string
  /** Ids of the methods that sign in with the browser, separated by `|`. */
  readonly methods: Methods
  /** What the app at the vendor must list. */
  readonly help: string
}

/** The port of the fixed callback on this machine, for vendors that compare the redirect URI exactly (RFC 8252, section 7.3, does not apply). */
export function redirectPortField<const Env extends string, const Methods extends string>(of: RedirectPort<Env, Methods>) {
  return {
    key: 'redirectPort',
    label: 'Port of the callback',
    kind: 'number',
    sensitivity: 'public',
    env: of.env,
    optional: true,
    fallback: of.port,
    example: of.port,
    help: of.help,
    pattern: {
      re: /^(?:102[4-9]|10[3-9]\d|1[1-9]\d{2}|[2-9]\d{3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
      says: 'must be a port from 1024 to 65535',
    },
    when: { field: 'auth', is: of.methods },
  } as const satisfies Field
}
