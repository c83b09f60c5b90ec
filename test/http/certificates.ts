import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate with its key, both PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** What a test server can show: one authority, and servers of all kinds. */
export interface Certificates {
  /** The authority's certificate, PEM; nothing trusts it by itself. */
  readonly authority: string
  /** For localhost and 127.0.0.1, by the authority. */
  readonly good: Identity
  readonly expired: Identity
  /** By the authority, for another name. */
  readonly otherHost: Identity
  readonly selfSigned: Identity
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/**
 * Makes the certificates with the machine's openssl.
 * @param more names that the good one is for besides.
 * @param organisation what the authority calls itself.
 */
export function makeCertificates(more: readonly string[] = [], organisation = 'Authority of the tests'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'crm-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const identity = (name: string): Identity => ({ cert: read(`${name}.pem`), key: read(`${name}.key`) })
  const issue = (name: string, hosts: string, days: string): Identity => {
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${hosts}`)
    openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', days, '-extfile', `${name}.ext`, '-out', `${name}.pem`)
    return identity(name)
  }
  try {
    openssl('req', '-utf8', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', `/O=${organisation}/CN=Test CA`)
    const self = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    openssl('req', '-x509', ...KEY, '-keyout', 'self.key', '-out', 'self.pem', ...self)
    return {
      authority: read('ca.pem'),
      good: issue('good', ['DNS:localhost', 'IP:127.0.0.1', ...more.map((name) => `DNS:${name}`)].join(), '2'),
      expired: issue('expired', 'DNS:localhost', '-1'),
      otherHost: issue('other', 'DNS:elsewhere.example', '2'),
      selfSigned: identity('self'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
