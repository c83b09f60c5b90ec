const BLOCK = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/** The certificates in a PEM text (RFC 7468), without a private key or a comment that stands beside them. */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(BLOCK) ?? []
}

/**
 * Whether a text holds certificates, as far as their form tells: base64 of one ASN.1 sequence each, of the length that it claims. Reading them
 * takes cryptography, which whoever only checks a value does not load.
 */
export function looksLikeCertificates(pem: string): boolean {
  const bodies = [...pem.matchAll(BLOCK)].map(([, body = '']) => Buffer.from(body, 'base64'))
  return bodies.length > 0 && bodies.every(isSequence)
}

/** DER (X.690 section 8.1): tag 0x30, a length in two bytes, and as much content. */
function isSequence(der: Buffer): boolean {
  return der.length > 4 && der[0] === 0x30 && der[1] === 0x82 && der.readUInt16BE(2) + 4 === der.length
}
