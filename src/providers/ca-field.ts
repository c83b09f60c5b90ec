import type { Field } from '../core/field.ts'

/** Certificates that an integration trusts besides those of the machine; verification itself cannot be turned off. */
export function caField<const Env extends string>(env: Env) {
  return {
    key: 'ca',
    label: 'Certificates to trust',
    kind: 'certificates',
    sensitivity: 'public',
    env,
    optional: true,
    help: 'PEM of the authority that issued the certificate of the server, or of a proxy that opens TLS; only where it is a private one.',
  } as const satisfies Field
}
