/**
 * P10: a server or a proxy that breaks a sentence of the rules for the network client. Each case names what it does; the command
 * ends with the one status for it, within the deadline, in bounded memory, and with nothing on its output that drives a terminal.
 */
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { startProxy } from '../http/proxy-server.ts'
import { answerText } from '../http/raw-server.ts'
import { closeAtEnd } from '../support/cli.ts'
import { FULL } from '../torture/torture.ts'
import {
  type Attack,
  CHATWOOT,
  CONNECTED,
  caFile,
  certificates,
  chatwoot,
  chunk,
  crowd,
  customAt,
  drips,
  floods,
  GOOD,
  hangsOneByOne,
  hosts,
  IN_FLIGHT,
  JSON_TYPE,
  member,
  NOT_FOUND,
  nested,
  PROVIDER_ERROR,
  painted,
  prepareHome,
  profile,
  proxy,
  REQUEST_MS,
  raw,
  redirects,
  says,
  saysAndCloses,
  secure,
  server,
  speaker,
  TRUSTING,
  UNREACHABLE,
  USAGE,
  within,
  write,
} from './attacks.ts'
import { type Attacked, FORBIDDEN, HOSTILE, runWatched, withoutTabs } from './hostile.ts'

const MIB = 1024 * 1024
const EXTRA_BYTES = 150 * MIB

/** What the slowest machine takes to start a command and to print its result. */
const SLACK_MS = 60_000

/** What is told of a time that is over. */
const OVERTIME = /within \d|was not done|no byte of the body came|did not answer in the time/

const FORMATS = [['--json'], ['-v', '-v']] as const

/** The sentences, in the order of the rules; below each of them who breaks it. */
const SENTENCES: Readonly<Record<string, readonly Attack[]>> = {
  'http goes to this machine alone': [
    hosts('a host elsewhere', 'http://chat.example.com'),
    hosts('an address elsewhere', 'http://192.0.2.1'),
    hosts('a host that begins like this machine', 'http://127.0.0.1.example.com'),
    hosts('all addresses of this machine', 'http://0.0.0.0'),
    hosts('this machine written as IPv6', 'http://[::ffff:127.0.0.1]'),
    hosts('another scheme', 'ftp://127.0.0.1'),
  ],
  'redirects are never followed, and no more than the origin of their target is shown': [
    ...[301, 302, 303, 307, 308].map((status) => redirects('to another port', status, (thief) => `${thief}/me`)),
    redirects('to another host', 302, (thief) => `${thief.replace('127.0.0.1', 'localhost')}/me?token=query-canary`),
    redirects('to another scheme', 302, () => 'https://127.0.0.1/me'),
    redirects('to a scheme of a program', 302, () => 'file:///etc/passwd'),
    redirects('to the metadata of a cloud', 302, () => 'http://169.254.169.254/latest/meta-data/query-canary'),
    redirects('with a user name and a password', 307, (thief) => `${thief.replace('//', '//user:password-canary@')}/me`),
    redirects('to a host in control characters', 302, () => 'http://\u001b[31m.example/'),
    redirects('to nowhere', 302, () => undefined),
    redirects('of several choices', 300, (thief) => thief),
    redirects('to what was not asked for before', 304, () => undefined),
  ],
  'TLS is 1.2 or newer, verified, and for this host, whatever the environment says': [
    secure(
      'TLS 1.1',
      UNREACHABLE,
      { ...certificates.good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      () => ({ ...TRUSTING(), NODE_OPTIONS: '--tls-min-v1.0' }),
    ),
    secure('a self-signed certificate', UNREACHABLE, certificates.selfSigned, TRUSTING),
    secure('a certificate for another host', UNREACHABLE, certificates.otherHost, TRUSTING),
    secure('an expired certificate', UNREACHABLE, certificates.expired, TRUSTING),
    secure('a certificate of an authority that nobody trusts', UNREACHABLE, certificates.good, () => ({
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    })),
    secure('a certificate of an authority that is trusted', CONNECTED, certificates.good, TRUSTING),
    secure('an authority with a name that drives a terminal', CONNECTED, painted.good, () => ({
      NODE_EXTRA_CA_CERTS: caFile(painted.authority),
    })),
    {
      what: 'plain HTTP where TLS is spoken',
      ...UNREACHABLE,
      open: async () => {
        // It speaks as soon as somebody comes: what it is sent is no request.
        const { port } = await speaker((socket) => socket.write(GOOD))
        return customAt(`https://localhost:${port}`)
      },
    },
  ],
  'connection and TLS stand within 10 s': [
    {
      what: 'a handshake that never goes on',
      ...within(UNREACHABLE, REQUEST_MS),
      open: async () => customAt(`https://localhost:${(await speaker(() => {})).port}`),
    },
  ],
  'the headers of an answer come within 15 s': [
    server('no answer', within(UNREACHABLE, REQUEST_MS), () => {}),
    says('a head that stops', within(UNREACHABLE, REQUEST_MS), 'HTTP/1.1 200 OK\r\n'),
    drips('a head that drips', within(UNREACHABLE, REQUEST_MS), 'HTTP/1.1 200 OK\r\nx: ', 'y'),
    drips('interim answers one after the other', within(UNREACHABLE, REQUEST_MS), '', 'HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'),
    floods(
      'a flood of interim answers',
      within(UNREACHABLE, REQUEST_MS),
      '',
      Buffer.from('HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'.repeat(2_000)),
      Number.POSITIVE_INFINITY,
    ),
  ],
  'a body does not pause for 10 s': [
    says('a body that stops', within(UNREACHABLE, REQUEST_MS), 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'),
    says('a body that never begins', within(UNREACHABLE, REQUEST_MS), 'HTTP/1.1 200 OK\r\n\r\n'),
    drips(
      'chunk extensions instead of chunks',
      within(UNREACHABLE, REQUEST_MS),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;',
      'x',
    ),
  ],
  'a request is over within 30 s, its repeats included': [
    drips('a body that drips', within(UNREACHABLE, REQUEST_MS), 'HTTP/1.1 200 OK\r\n\r\n', 'a'),
    drips(
      'a body that drips in chunks',
      within(UNREACHABLE, REQUEST_MS),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      '1\r\na\r\n',
    ),
  ],
  'a command is over within its time, its requests together': [
    {
      what: 'no answer within the time that was given',
      ...within(UNREACHABLE, 2_000),
      open: async () => {
        const scene = await customAt((await raw(() => {})).origin)
        return { ...scene, argv: [...scene.argv, '--timeout', '2s'] }
      },
    },
    ...(FULL ? [hangsOneByOne()] : []),
  ],
  'no more of a body is read than its limit allows, then the connection is closed': [
    floods('a body without end', PROVIDER_ERROR, 'HTTP/1.1 200 OK\r\n\r\n', Buffer.alloc(64 * 1024, 'a'), 8 * MIB + IN_FLIGHT),
    floods(
      // Chunks of one byte are left to the tests of the network client: the work that they are may take longer than a test is given.
      'a body in small chunks',
      PROVIDER_ERROR,
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      Buffer.from(`10\r\n${'a'.repeat(16)}\r\n`.repeat(10_000)),
      (22 / 16) * 8 * MIB + IN_FLIGHT,
    ),
    floods(
      'a body that is announced as too large',
      PROVIDER_ERROR,
      'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n',
      Buffer.alloc(64 * 1024, 'a'),
      IN_FLIGHT,
    ),
    says('a length beyond all numbers', UNREACHABLE, `HTTP/1.1 200 OK\r\ncontent-length: ${'9'.repeat(30)}\r\n\r\n{}`, 3),
    says('a length below zero', PROVIDER_ERROR, 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}'),
  ],
  'no more is read of the answer to a test than its JSON may cost in memory, many at once': [
    ...[240 * 1024, 1000 * 1024, 8 * MIB - 64].map((size) =>
      // All that JSON is work: a busy machine takes its time over it.
      crowd(
        `a list of small objects in ${size} bytes, at 24 integrations`,
        within(PROVIDER_ERROR, REQUEST_MS),
        `[${'{"a":{}},'.repeat(size / 9 - 1)}{}]`,
      ),
    ),
  ],
  'no more than 32 KiB of headers are read': [
    says('one header of 70 KB', PROVIDER_ERROR, `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`),
    says('a thousand headers', PROVIDER_ERROR, `HTTP/1.1 200 OK\r\n${'x: 0123456789012345678901234567890123456789\r\n'.repeat(1_000)}\r\n`),
    floods('headers without end', PROVIDER_ERROR, 'HTTP/1.1 200 OK\r\n', Buffer.from('x-a: b\r\n'.repeat(8_000)), IN_FLIGHT),
  ],
  'compressed answers are refused': [
    ...['gzip', 'br', 'deflate', 'gzip, gzip, gzip', 'x-unknown'].map((encoding) =>
      saysAndCloses(encoding, PROVIDER_ERROR, answerText(200, [JSON_TYPE, `content-encoding: ${encoding}`], '{}'), 1),
    ),
    profile('gzip as a coding of the transfer', PROVIDER_ERROR, chunk(gzipSync(CHATWOOT['/api/v1/profile'])), [
      JSON_TYPE,
      'transfer-encoding: gzip, chunked',
    ]),
    profile('gzip that nobody speaks of', PROVIDER_ERROR, gzipSync(CHATWOOT['/api/v1/profile'])),
  ],
  'JSON comes as JSON': [
    profile('a page', PROVIDER_ERROR, '<!doctype html><title>Sign in</title>', ['content-type: text/html']),
    profile('JSON that is called text', PROVIDER_ERROR, CHATWOOT['/api/v1/profile'], ['content-type: text/plain']),
    profile('JSON without a type', PROVIDER_ERROR, CHATWOOT['/api/v1/profile'], []),
    profile('a type that drives a terminal', PROVIDER_ERROR, '{}', ['content-type: \u009b31mred/json']),
    profile('nothing', PROVIDER_ERROR, ''),
    profile('text that is cut off', PROVIDER_ERROR, CHATWOOT['/api/v1/profile'].slice(0, -5)),
    profile('bytes that are no UTF-8', PROVIDER_ERROR, Buffer.from([0x22, 0xff, 0xfe, 0x22])),
  ],
  'JSON is read 64 levels deep': [
    profile('64 levels', NOT_FOUND, nested(64)),
    profile('65 levels', PROVIDER_ERROR, nested(65)),
    profile('8 MiB of brackets', PROVIDER_ERROR, '['.repeat(8 * MIB - 64)),
    profile('a million empty lists', PROVIDER_ERROR, `[${'[],'.repeat(1_000_000)}[]]`),
  ],
  'JSON is held against a schema, and only known members count': [
    profile('a list in place of an object', PROVIDER_ERROR, '[]'),
    profile('a number in place of an object', PROVIDER_ERROR, '7'),
    profile('an object in place of a list', NOT_FOUND, '{"id":1,"accounts":{}}'),
    profile('an id that is a text of letters', PROVIDER_ERROR, '{"id":1,"accounts":[{"id":"abc"}]}'),
    profile('an id beyond all numbers', PROVIDER_ERROR, '{"id":1,"accounts":[{"id":1e999}]}'),
    profile('an id that a double would round', PROVIDER_ERROR, '{"id":1,"accounts":[{"id":12345678901234567890}]}'),
    profile('an id with a path in it', PROVIDER_ERROR, '{"id":1,"accounts":[{"id":"1/../2"}]}'),
    profile(
      'texts that drive a terminal',
      CONNECTED,
      JSON.stringify({ ...JSON.parse(CHATWOOT['/api/v1/profile']), name: HOSTILE, email: HOSTILE }),
    ),
    chatwoot(
      'a version that drives a terminal',
      CONNECTED,
      '/api',
      JSON.stringify({ ...JSON.parse(CHATWOOT['/api']), version: `4.13.0${HOSTILE}` }),
    ),
  ],
  'names of the language are data': [
    profile('__proto__ in place of the members', NOT_FOUND, `{"__proto__":${CHATWOOT['/api/v1/profile']}}`),
    profile('__proto__ besides the members', CONNECTED, member('"__proto__":{"accounts":[],"role":"agent"}')),
    profile(
      'constructor and prototype besides the members',
      CONNECTED,
      member('"constructor":{"prototype":{"accounts":[]}},"prototype":{}'),
    ),
    profile('toString and hasOwnProperty besides the members', CONNECTED, member('"toString":1,"hasOwnProperty":1,"toJSON":1,"then":1')),
    says('a header that is called __proto__', CONNECTED, answerText(200, [JSON_TYPE, '__proto__: x', 'constructor: x'], '{}')),
  ],
  'an answer is HTTP/1.1 and whole': [
    says('another language', PROVIDER_ERROR, 'SSH-2.0-OpenSSH_9.9\r\n'),
    says('HTTP/2 unasked', PROVIDER_ERROR, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    says('a status of letters', PROVIDER_ERROR, 'HTTP/1.1 abc OK\r\n\r\n'),
    says('two lengths', UNREACHABLE, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}', 3),
    says('a length and chunks', UNREACHABLE, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}', 3),
    says('a chunk of no size', PROVIDER_ERROR, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n'),
    says('a reason that drives a terminal', CONNECTED, GOOD.replace(' X\r\n', ` \u001b[31mred\u009b2J\r\n`)),
    says('a protocol that nobody asked for', UNREACHABLE, 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    says('a second answer behind the first', CONNECTED, GOOD + answerText(401)),
    server('a close at once', UNREACHABLE, (socket) => socket.end(), 3),
    server('a reset at once', UNREACHABLE, (socket) => socket.resetAndDestroy(), 3),
    saysAndCloses('a close within the head', UNREACHABLE, 'HTTP/1.1 200 OK\r\nx: ', 3),
    saysAndCloses('a close within the body', UNREACHABLE, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab', 3),
    saysAndCloses('a close within a chunk', UNREACHABLE, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nab', 3),
  ],
  'a proxy opens tunnels and sees nothing else': [
    proxy('garbage', UNREACHABLE, (socket) => socket.end('\u0000\u001b[31mgarbage\r\n\r\n')),
    proxy('an end', UNREACHABLE, (socket) => socket.end()),
    proxy('a redirect', UNREACHABLE, (socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n')),
    proxy('a question for a password', UNREACHABLE, (socket) =>
      socket.end(`HTTP/1.1 407 X\r\nproxy-authenticate: Basic realm="\u009b31mred"\r\n\r\n`),
    ),
    proxy('a refusal', UNREACHABLE, (socket) => socket.end('HTTP/1.1 403 \u001b[31mred\r\n\r\n')),
    proxy('headers without end', UNREACHABLE, (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`)),
    proxy('an answer of its own in place of the server', UNREACHABLE, (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${GOOD}`)),
    proxy('a tunnel to something else than TLS', UNREACHABLE, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      setImmediate(() => socket.end(GOOD))
    }),
    proxy('no answer', within(UNREACHABLE, REQUEST_MS), () => {}),
    {
      what: 'a certificate of its own',
      ...UNREACHABLE,
      open: async () => {
        const { port, requests } = await raw((socket) => socket.write(GOOD), certificates.selfSigned)
        const middle = await startProxy({ route: () => port })
        closeAtEnd(() => middle.close())
        const after = () => expect([requests, middle.asked]).toEqual([[], ['crm.example:443']])
        return { ...(await customAt('https://crm.example', { HTTPS_PROXY: `http://127.0.0.1:${middle.port}` })), after }
      },
    },
    {
      what: 'a scheme that is not known',
      ...USAGE,
      open: async () => customAt('https://crm.example', { HTTPS_PROXY: 'socks5://user:password-canary@127.0.0.1:1' }),
    },
  ],
  'a read is tried at most 3 times, and Retry-After is obeyed up to 30 s': [
    saysAndCloses('503 without end', PROVIDER_ERROR, answerText(503), 3),
    saysAndCloses('429 without end', { status: 7, code: 'rate_limited', deadlineMs: 0 }, answerText(429), 3),
    ...['99999', '999999999', 'Fri, 31 Dec 2100 23:59:59 GMT'].map((later) =>
      saysAndCloses(`503 for ${later}`, PROVIDER_ERROR, answerText(503, [`retry-after: ${later}`]), 1),
    ),
    ...['-5', '1e3', 'soon', '9'.repeat(400), '\u009b31mred', '2100-01-01', 'Fri, 31 Dec 1999 23:59:59 GMT'].map((later) =>
      // It says that it closes: a read that is repeated at once would else meet the end of the connection of before.
      saysAndCloses(
        `503 for ${JSON.stringify(later.slice(0, 40))}`,
        PROVIDER_ERROR,
        answerText(503, [`retry-after: ${later}`, 'connection: close']),
        3,
      ),
    ),
    saysAndCloses('503 for 30 s', within(PROVIDER_ERROR, REQUEST_MS), answerText(503, ['retry-after: 30']), 1),
    ...(
      [
        [400, 9, 'provider_error'],
        [401, 4, 'auth_rejected'],
        [403, 5, 'permission_denied'],
        [404, 6, 'not_found'],
        [500, 9, 'provider_error'],
      ] as const
    ).map(([answer, status, code]) =>
      saysAndCloses(`${answer} with Retry-After`, { status, code, deadlineMs: 0 }, answerText(answer, ['retry-after: 0']), 1),
    ),
  ],
  'the body of an answer is not shown': [
    saysAndCloses(
      'a failure with a long story',
      PROVIDER_ERROR,
      answerText(500, ['content-type: text/html'], `<p>body-canary ${HOSTILE}`),
      1,
    ),
    saysAndCloses(
      'a success with a long story',
      CONNECTED,
      answerText(200, [JSON_TYPE], JSON.stringify({ message: `body-canary ${HOSTILE}` })),
      1,
    ),
  ],
  'a write is sent once': [
    write('a close without an answer', UNREACHABLE, (socket) => socket.end()),
    write('a reset without an answer', UNREACHABLE, (socket) => socket.resetAndDestroy()),
    write('503 with Retry-After', PROVIDER_ERROR, (socket) => socket.end(answerText(503, ['retry-after: 0']))),
    write('429 with Retry-After', { status: 7, code: 'rate_limited', deadlineMs: 0 }, (socket) =>
      socket.end(answerText(429, ['retry-after: 0'])),
    ),
    write('a redirect that keeps the method', PROVIDER_ERROR, (socket) => socket.end(answerText(308, ['location: http://localhost:1/']))),
    write('an answer that stops', within(UNREACHABLE, REQUEST_MS), (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\ncontent-length: 99\r\n\r\n{`),
    ),
  ],
}

/** What a case has shown: how the command ended in each format. */
function suffer({ open, deadlineMs }: Attack): Promise<readonly Attacked[]> {
  return Promise.all(
    FORMATS.map(async (format) => {
      const { argv, after, ...options } = await open()
      const ended = await runWatched([...argv, ...format], { patienceMs: deadlineMs + SLACK_MS, ...options })
      after?.()
      return ended
    }),
  )
}

/** The cause that the JSON answer names. */
function codeIn(stdout: string): string | null {
  const { error, data } = JSON.parse(stdout)
  return error?.code ?? data.results?.[0]?.cause ?? null
}

/** Cases that do nothing but wait for deadlines begin all at once, before the first case. */
const waiting = new Map<Attack, Promise<readonly Attacked[]>>()
function beginToWait(): void {
  for (const attack of Object.values(SENTENCES).flat()) {
    if (attack.deadlineMs === 0 || attack.code !== UNREACHABLE.code || attack.isWork === true) continue
    const fate = suffer(attack)
    fate.catch(() => {})
    waiting.set(attack, fate)
  }
}

let calmBytes = 0

beforeAll(async () => {
  await prepareHome()
  const calm = await suffer(says('nothing wrong', CONNECTED, GOOD))
  for (const { status, stdout, stderr } of calm) expect(status, stdout + stderr).toBe(0)
  calmBytes = Math.max(...calm.map(({ peakBytes }) => peakBytes))
  beginToWait()
})

describe.each(Object.keys(SENTENCES))('P10 %s:', (sentence) => {
  test.for(SENTENCES[sentence] ?? [])('$what', { timeout: 300_000 }, async (attack) => {
    const ended = await (waiting.get(attack) ?? suffer(attack))
    for (const { status, stdout, stderr, tookMs, peakBytes } of ended) {
      const printed = stdout + stderr
      expect(status, printed).toBe(attack.status)
      expect(withoutTabs(printed)).not.toMatch(FORBIDDEN)
      expect(printed).not.toMatch(/canary/)
      expect(tookMs, printed).toBeLessThan(attack.deadlineMs + SLACK_MS)
      if (attack.code === UNREACHABLE.code) expect(OVERTIME.test(printed), printed).toBe(attack.deadlineMs > 0)
      expect(peakBytes - calmBytes).toBeLessThan(EXTRA_BYTES)
    }
    expect(codeIn(ended[0]?.stdout ?? ''), ended[0]?.stdout).toBe(attack.code)
  })
})
