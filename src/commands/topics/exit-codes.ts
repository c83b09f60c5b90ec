import { type ErrorCode, EXIT_STATUS, SIGNAL_STATUS } from '../../core/errors.ts'

const WHEN: Readonly<Record<ErrorCode, string>> = {
  internal: 'a bug',
  io_failed: 'the disk refused',
  usage: 'bad flag or value, or one missing and nobody to ask',
  locked: 'the profile needs a key and none is at hand',
  wrong_key: 'the key at hand does not open the profile',
  damaged: 'the vault, or a row of it, was altered',
  newer_format: 'the vault was written by a newer version',
  busy: 'another command held the vault for 10 s',
  unsafe_file: 'others can reach the vault or the key file',
  auth_rejected: 'the CRM refused the credential',
  permission_denied: 'valid credential; role, scope or plan is missing',
  not_found: 'no such integration, profile, provider, demo, object',
  rate_limited: '429 or quota, after the permitted retries',
  unreachable: 'DNS, TLS, proxy, refused, time-out',
  provider_error: '5xx, maintenance, or an answer of another product',
  checks_failed: 'several targets failed for different causes',
  partial: 'provisioning is half done',
  conflict: 'exists, changed since read, in use, or a run is active',
  cancelled: 'Ctrl-C or a cancelled prompt',
}

/** `crm help exit-codes`, from the table that the program itself uses. */
export function text(): string {
  const codes = (Object.keys(EXIT_STATUS) as ErrorCode[]).sort((a, b) => EXIT_STATUS[a] - EXIT_STATUS[b])
  const width = Math.max(...codes.map((code) => code.length))
  const rows = codes.map((code) => `  ${String(EXIT_STATUS[code]).padStart(3)}  ${code.padEnd(width)}  ${WHEN[code]}`)
  return [
    'Exit statuses. With --json, error.code holds the word.',
    '',
    `    0  ${''.padEnd(width)}  done, or nothing to do`,
    ...rows,
    `  ${SIGNAL_STATUS.SIGHUP}  ${'cancelled'.padEnd(width)}  SIGHUP`,
    `  ${SIGNAL_STATUS.SIGTERM}  ${'cancelled'.padEnd(width)}  SIGTERM`,
    '',
    'One target gives its own cause. Several give the shared cause where all',
    'failures agree, else 10. All targets are reported first.',
  ].join('\n')
}
