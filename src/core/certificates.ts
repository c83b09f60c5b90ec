import { X509Certificate } from 'node:crypto'
import { certificateBlocks } from './pem.ts'

/** One certificate, as people tell certificates apart. Texts are the certificate's own. */
export interface CertificateSummary {
  /** Organisation or common name of whom it is about. */
  readonly subject: string
  /** The last moment it is valid, in Unix milliseconds. */
  readonly validToMs: number
}

/** The certificates of a PEM text, or undefined when it holds none or one that cannot be read. OpenSSL would pass over those. */
export function readCertificates(pem: string): readonly CertificateSummary[] | undefined {
  const blocks = certificateBlocks(pem)
  if (blocks.length === 0) return undefined
  try {
    return blocks.map((block) => summary(new X509Certificate(block)))
  } catch {
    // The words of OpenSSL help nobody.
    return undefined
  }
}

function summary(certificate: X509Certificate): CertificateSummary {
  const names = new Map(
    certificate.subject.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
  return { subject: names.get('O') ?? names.get('CN') ?? 'an unnamed authority', validToMs: Date.parse(certificate.validTo) }
}
