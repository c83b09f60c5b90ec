import { readCertificates } from '../core/certificates.ts'
import { toTimestamp } from '../core/time.ts'

/** A setting as people read it: of certificates who they are and how long they are valid, of anything else the value. */
export function settingText(value: string): string {
  const certificates = value.startsWith('-----BEGIN CERTIFICATE-----') ? readCertificates(value) : undefined
  if (certificates === undefined) return value
  const each = certificates.map(({ subject, validToMs }) => `${subject} (until ${toTimestamp(validToMs).slice(0, 10)})`)
  return `${certificates.length} ${certificates.length === 1 ? 'certificate' : 'certificates'}: ${each.join(', ')}`
}
