import { readFileSync, statSync } from 'node:fs'
import { readCertificates } from '../../core/certificates.ts'
import { visible } from '../../core/text.ts'
import { toTimestamp } from '../../core/time.ts'
import { proxyRules } from '../../http/proxy-rules.ts'
import { type Finding, look, ok, problem, warning } from './finding.ts'

/** What of the machine and the process is looked at. */
export interface MachineFacts {
  readonly env: Readonly<Record<string, string>>
  readonly nowMs: number
  readonly version: string
  readonly node: string
  /** `linux x64`. */
  readonly platform: string
  /** Throws where Node is told to write secrets down. */
  readonly refuseTellingOptions: () => void
}

/** When this program was written: no clock that is right shows an earlier time. */
const NO_EARLIER_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
/** A certificate that ends within this time is warned about. */
const SOON_DAYS = 30
/** More certificates than a team has of its own. */
const BUNDLE = 10

/** Node and crm, variables that change what Node does, clock, proxy, certificates. */
export async function checkMachine(facts: MachineFacts): Promise<readonly Finding[]> {
  return [
    ok('versions', `crm ${facts.version}, Node.js ${facts.node}, ${facts.platform}`),
    await look('node_options', () => {
      facts.refuseTellingOptions()
      return ok('node_options', 'nothing makes Node write down what passes through it')
    }),
    ...unsafeFiles(facts),
    clock(facts),
    await look('proxy', () => proxy(facts)),
    certificates(facts),
    ...verification(facts),
  ]
}

function unsafeFiles({ env }: MachineFacts): readonly Finding[] {
  if (env.CRM_ALLOW_UNSAFE_FILE !== '1') return []
  return [
    warning(
      'unsafe_files',
      'CRM_ALLOW_UNSAFE_FILE is set: owner, mode and file system of the vault are not checked',
      'unset CRM_ALLOW_UNSAFE_FILE',
    ),
  ]
}

function clock({ nowMs }: MachineFacts): Finding {
  const now = toTimestamp(nowMs)
  if (nowMs >= NO_EARLIER_MS) return ok('clock', now)
  return problem(
    'clock',
    'checks_failed',
    `the clock shows ${now}, before this program was written; no certificate is valid then`,
    'set it: timedatectl set-ntp true',
  )
}

function proxy({ env }: MachineFacts): Finding {
  const found = proxyRules(env)(new URL('https://crm.invalid'))
  const plain = env.http_proxy ?? env.HTTP_PROXY
  if (found !== undefined) return ok('proxy', `${found.variable}: ${visible(found.shown)}, by CONNECT; loopback is reached directly`)
  if (plain !== undefined && env.HTTPS_PROXY === undefined && env.https_proxy === undefined) {
    return warning('proxy', 'HTTP_PROXY is set, and not used: what crm asks goes over https', 'export HTTPS_PROXY="$HTTP_PROXY"')
  }
  return ok('proxy', env.HTTPS_PROXY === undefined && env.https_proxy === undefined ? 'none' : 'none for most hosts, by NO_PROXY')
}

function certificates({ env, nowMs }: MachineFacts): Finding {
  const path = env.NODE_EXTRA_CA_CERTS
  if (path === undefined) return ok('certificates', 'those that Node.js brings')
  const id = 'certificates'
  let pem: string
  try {
    // To open a pipe waits for whoever writes into it.
    pem = statSync(path).isFile() ? readFileSync(path, 'utf8') : ''
  } catch {
    return problem(
      id,
      'usage',
      'NODE_EXTRA_CA_CERTS names a file that cannot be read; Node.js passes over it in silence',
      'name a file of PEM certificates: export NODE_EXTRA_CA_CERTS=<path>',
    )
  }
  const read = readCertificates(pem)
  if (read === undefined) {
    return problem(
      id,
      'usage',
      'NODE_EXTRA_CA_CERTS names a file that holds no certificates, or a damaged one',
      'name a file of PEM certificates: export NODE_EXTRA_CA_CERTS=<path>',
    )
  }
  const over = read.filter(({ validToMs }) => validToMs < nowMs)
  const left = read.filter(({ validToMs }) => validToMs >= nowMs)
  const renew = 'get a new one from whoever runs the authority, and name it with: export NODE_EXTRA_CA_CERTS=<path>'
  if (left.length === 0) return problem(id, 'unreachable', `NODE_EXTRA_CA_CERTS holds none that is still valid, of ${read.length}`, renew)
  const soonest = Math.min(...left.map(({ validToMs }) => validToMs))
  const detail = `${left.length} of NODE_EXTRA_CA_CERTS, the first of which ends ${toTimestamp(soonest).slice(0, 10)}`
  // A bundle of a whole system always has some that are over, or soon will be.
  if (read.length > BUNDLE) return ok(id, detail)
  if (over.length > 0) return warning(id, `${detail}; ${over.length} more ${over.length === 1 ? 'is' : 'are'} over`, renew)
  return (soonest - nowMs) / DAY_MS < SOON_DAYS ? warning(id, `${detail}: soon`, renew) : ok(id, detail)
}

/** The switch that so many scripts carry does nothing here; whoever set it should know. */
function verification({ env }: MachineFacts): readonly Finding[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return []
  return [
    warning(
      'verification',
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is set; crm verifies certificates all the same',
      'unset NODE_TLS_REJECT_UNAUTHORIZED, and trust a private authority with: crm edit <name> --ca-file <path>',
    ),
  ]
}
