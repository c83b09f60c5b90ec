/** Format 1 of a CRM as data: what may stand in a definition, value by value. What only several values show: `definition-problems.ts`. */
import * as z from 'zod/mini'
import english from 'zod/v4/locales/en.js'
import { isHeaderName } from '../core/header.ts'
import type { DefinedAuth } from '../providers/definition-format.ts'

/** Names that an object has without being given them. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Ways to authenticate that other formats know, and this one does not. */
const ELSEWHERE = ['oauth1', 'aws_sigv4', 'rsa', 'ec', 'mutual_tls', 'wsse', 'digest', 'ntlm', 'session_login']

const TYPES: readonly DefinedAuth['type'][] = [
  'none',
  'api_key',
  'bearer',
  'basic',
  'headers',
  'oauth2_client_credentials',
  'oauth2_authorization_code',
  'hmac',
]

const text = (most: number): z.ZodMiniString =>
  z.string('must be text').check(z.minLength(1, 'is empty'), z.maxLength(most, `is longer than ${most} characters`))

const name = z.string('must be a name').check(
  z.regex(/^[a-z][A-Za-z0-9]{0,31}$/, 'must be a name of up to 32 letters and digits, the first lower-case'),
  z.refine((given) => !INHERITED.has(given), 'is a name that every object has; take another'),
)

/** Text with `{{...}}` in it, possibly empty. Which names there are is looked at later. */
const blank = z.string('must be text').check(
  z.maxLength(2048, 'is longer than 2048 characters'),
  z.regex(/^[^\r\n\u0000]*$/, 'holds the end of a line'),
  z.refine(
    (template) =>
      !/\{\{|\}\}/.test(template.replace(/\{\{(?:fields\.[A-Za-z0-9]+|auth\.meta\.[A-Za-z0-9]+|auth\.accessToken|run\.uuid)\}\}/g, '')),
    'may hold {{fields.<name>}}, {{auth.accessToken}}, {{auth.meta.<name>}} and {{run.uuid}}, and no other double braces',
  ),
)
const template = blank.check(z.minLength(1, 'is empty'))

const link = z.string('must be an https address').check(z.regex(/^https:\/\/[^\s@]+$/, 'must be an https address'), z.maxLength(2048))
const pointer = z
  .string('must be a JSON pointer, such as /data/id')
  .check(
    z.maxLength(200, 'is longer than 200 characters'),
    z.regex(/^(?:\/(?:[^/~]|~[01])*)+$/, 'must be a JSON pointer, such as /data/id'),
  )
const pointers = z.union(
  [pointer, z.array(pointer).check(z.minLength(1), z.maxLength(5))],
  'must be a JSON pointer, or up to five of which the first counts',
)

const headerName = z.string('must be the name of a header').check(z.refine(isHeaderName, 'is not a header that can be set'))
/** Cookies are credentials of a browser: only the headers that authenticate may name them. */
const plainHeader = headerName.check(z.refine((given) => !/^cookie2?$/i.test(given), 'belongs in the headers of auth, if anywhere'))

const pairOf = <Name extends z.ZodMiniType<string>>(key: Name) =>
  z
    .array(z.strictObject({ name: key, value: template, skipIfEmpty: z.optional(z.boolean()) }))
    .check(z.maxLength(20, 'has more than 20 entries'))
const pairs = pairOf(text(64))
const headers = pairOf(plainHeader)

const placement = z.strictObject({
  in: z.enum(['header', 'query'], 'must be header or query'),
  name: plainHeader,
  prefix: z.optional(z.string().check(z.maxLength(30, 'is longer than 30 characters'), z.regex(/^[\x20-\x7e]*$/, 'must be visible ASCII'))),
})

const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false')

const field = z.strictObject({
  name,
  label: text(60),
  kind: z.enum(
    ['text', 'secret', 'multilineSecret', 'host', 'url', 'email', 'integer', 'boolean', 'choice', 'jsonHeaders'],
    'must be text, secret, multilineSecret, host, url, email, integer, boolean, choice or jsonHeaders',
  ),
  secret: z.optional(z.boolean('must be true or false')),
  required: z.optional(z.boolean('must be true or false')),
  help: z.optional(text(500)),
  example: z.optional(text(200)),
  pattern: z.optional(text(200)),
  minLength: z.optional(z.int().check(z.minimum(0))),
  maxLength: z.optional(z.int().check(z.minimum(1), z.maximum(16_384, 'is more than 16384'))),
  choices: z.optional(
    z
      .array(z.strictObject({ value: text(200), label: z.optional(text(60)) }))
      .check(z.minLength(1, 'has no choice'), z.maxLength(50, 'has more than 50 choices')),
  ),
  default: z.optional(z.union([z.string(), z.int(), z.boolean()], 'must be text, a whole number, true or false')),
  prefix: z.optional(text(100)),
  suffix: z.optional(text(100)),
  env: z.optional(
    z
      .string('must be the name of a variable')
      .check(z.regex(/^[A-Z][A-Z0-9_]{2,63}$/, 'must be the name of a variable, such as ACME_API_KEY')),
  ),
  docsUrl: z.optional(link),
  automated: z.optional(z.boolean('must be true or false')),
  visibleWhen: z.optional(z.strictObject({ field: name, equals: scalar })),
})

const tokenCall = z.strictObject({
  url: template,
  clientId: template,
  clientSecret: z.optional(template),
  clientAuth: z.optional(z.enum(['body', 'basic'], 'must be body or basic')),
  bodyFormat: z.optional(z.enum(['form', 'json'], 'must be form or json')),
  extra: z.optional(pairs),
  headers: z.optional(headers),
  accessToken: z.optional(pointer),
  refreshToken: z.optional(pointer),
  expiresIn: z.optional(pointer),
  expiresUnit: z.optional(z.enum(['s', 'ms'], 'must be s or ms')),
  defaultLifetimeSeconds: z.optional(z.int().check(z.minimum(60, 'is less than 60'))),
  errorAt: z.optional(pointer),
  capture: z.optional(
    z.record(name, pointer).check(z.refine((captures) => Object.keys(captures).length <= 8, 'captures more than 8 values')),
  ),
})

const oauth = {
  token: tokenCall,
  scopes: z.optional(z.array(text(200)).check(z.maxLength(100))),
  scopeSeparator: z.optional(z.enum([' ', ',', '+'], 'must be a blank, a comma or a plus')),
  place: z.optional(placement),
}

const auth = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('api_key'), value: template, place: placement }),
    z.strictObject({ type: z.literal('bearer'), token: template }),
    z.strictObject({ type: z.literal('basic'), username: blank, password: blank }),
    z.strictObject({ type: z.literal('headers'), headers: z.optional(pairOf(headerName)), jsonField: z.optional(name) }),
    z.strictObject({ type: z.literal('oauth2_client_credentials'), ...oauth }),
    z.strictObject({
      type: z.literal('oauth2_authorization_code'),
      authorizeUrl: template,
      authorizeExtra: z.optional(pairs),
      pkce: z.optional(z.enum(['required', 'allowed', 'off'], 'must be required, allowed or off')),
      redirectPort: z.optional(
        z.int().check(z.minimum(1024, 'must be from 1024 to 65535'), z.maximum(65_535, 'must be from 1024 to 65535')),
      ),
      redirectPath: z.optional(
        z.string().check(z.regex(/^\/[A-Za-z0-9/_-]*$/, 'must be a path of letters, digits, slashes, hyphens and underscores')),
      ),
      refreshRotates: z.optional(z.boolean()),
      revokeUrl: z.optional(template),
      ...oauth,
    }),
    z.strictObject({
      type: z.literal('hmac'),
      key: template,
      keyEncoding: z.optional(z.enum(['utf8', 'hex', 'base64'], 'must be utf8, hex or base64')),
      algorithm: z.enum(['sha1', 'sha256', 'sha512'], 'must be sha1, sha256 or sha512'),
      encoding: z.enum(['hex', 'base64', 'base64url'], 'must be hex, base64 or base64url'),
      parts: z
        .array(z.enum(['method', 'url', 'host', 'path', 'query', 'body', 'bodySha256Hex', 'timestamp', 'nonce', 'keyId']))
        .check(z.minLength(1, 'signs nothing'), z.maxLength(12, 'has more than 12 parts')),
      joiner: z.optional(z.string().check(z.maxLength(3, 'is longer than 3 characters'))),
      keyId: z.optional(template),
      keyIdHeader: z.optional(plainHeader),
      timestamp: z.optional(
        z.strictObject({ header: plainHeader, format: z.enum(['unix_s', 'unix_ms', 'iso8601'], 'must be unix_s, unix_ms or iso8601') }),
      ),
      nonceHeader: z.optional(plainHeader),
      signature: placement,
    }),
  ],
  { error: ({ input }) => unknownType(input) },
)

function unknownType(given: unknown): string {
  const type = given !== null && typeof given === 'object' && 'type' in given ? given.type : undefined
  const known = `must be one of ${TYPES.join(', ')}`
  return typeof type === 'string' && ELSEWHERE.includes(type.toLowerCase()) ? `${known}; format 1 does not have ${type}` : known
}

const check = z
  .strictObject({
    status: z.optional(z.array(z.int().check(z.minimum(100), z.maximum(599))).check(z.minLength(1))),
    contentType: z.optional(text(100)),
    header: z.optional(headerName),
    at: z.optional(pointer),
    exists: z.optional(z.boolean('must be true or false')),
    equals: z.optional(z.union([z.string(), z.number(), z.boolean(), z.null()], 'must be text, a number, true, false or null')),
    contains: z.optional(text(200)),
  })
  .check(
    z.refine(
      ({ status, contentType, header, at }) => [status, contentType, header, at].some((given) => given !== undefined),
      'looks at nothing: give it status, contentType, header or at',
    ),
    z.refine(({ header, at }) => header === undefined || at === undefined, 'looks at a header and at the body; make it two'),
    z.refine(
      ({ header, at, exists, equals, contains }) =>
        (header === undefined && at === undefined) || [exists, equals, contains].some((given) => given !== undefined),
      'compares nothing: give it exists, equals or contains',
    ),
  )
const checks = z.array(check).check(z.maxLength(20, 'has more than 20 checks'))

const request = z.strictObject({
  method: z.optional(z.enum(['GET', 'POST', 'HEAD'], 'must be GET, HEAD or POST: a test changes nothing')),
  path: blank.check(z.regex(/^\//, 'must begin with /')),
  query: z.optional(pairs),
  headers: z.optional(headers),
  body: z.optional(z.union([z.record(z.string(), z.json()), z.array(z.json()), z.string()], 'must be an object, a list or text')),
  bodyFormat: z.optional(z.enum(['json', 'form', 'raw'], 'must be json, form or raw')),
})

const test = z.strictObject({
  request,
  expect: z.strictObject({
    status: z.array(z.int().check(z.minimum(200, 'must be a 2xx'), z.maximum(299, 'must be a 2xx'))).check(z.minLength(1, 'has no status')),
    contentType: z.optional(text(100)),
    all: z.optional(checks),
    none: z.optional(checks),
  }),
  identity: z.optional(
    z.strictObject({
      accountId: z.optional(pointers),
      accountName: z.optional(pointers),
      userId: z.optional(pointers),
      userName: z.optional(pointers),
      email: z.optional(pointers),
      role: z.optional(pointers),
      scopes: z.optional(pointers),
      plan: z.optional(pointers),
      region: z.optional(pointers),
      apiVersion: z.optional(pointers),
      timeZone: z.optional(pointers),
      currency: z.optional(pointers),
    }),
  ),
  errors: z.optional(
    z
      .array(
        z.strictObject({
          when: check,
          class: z.enum(
            [
              'auth_invalid',
              'auth_expired',
              'scope_missing',
              'plan_limited',
              'wrong_host',
              'not_found',
              'bad_request',
              'rate_limited',
              'maintenance',
              'provider_error',
            ],
            'is not a class of errors',
          ),
          hint: z.optional(text(300)),
        }),
      )
      .check(z.maxLength(20, 'has more than 20 entries')),
  ),
  rate: z.optional(
    z.strictObject({
      remainingHeader: z.optional(headerName),
      limitHeader: z.optional(headerName),
      resetHeader: z.optional(headerName),
      retryAfterHeader: z.optional(headerName),
    }),
  ),
})

const param = text(64)
const paging = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('cursor'), param, nextAt: pointer, sizeParam: z.optional(param), size: z.optional(z.int()) }),
    z.strictObject({
      type: z.enum(['page', 'offset']),
      param,
      start: z.optional(z.int()),
      sizeParam: z.optional(param),
      size: z.optional(z.int()),
      moreAt: z.optional(pointer),
    }),
    z.strictObject({ type: z.literal('link'), nextUrlAt: z.optional(pointer), linkHeader: z.optional(z.boolean()) }),
  ],
  'must be of the type none, cursor, page, offset or link',
)

/** A definition by its values alone. Unknown members are refused everywhere. */
const DefinitionSchema = z.strictObject(
  {
    format: z.literal(1, 'must be 1'),
    id: z.string('must be an id').check(z.regex(/^[a-z][a-z0-9-]{1,39}$/, 'must be 2 to 40 lower-case letters, digits and hyphens')),
    name: text(60),
    docsUrl: z.optional(link),
    baseUrl: template,
    hosts: z.optional(
      z
        .array(
          z
            .string()
            .check(
              z.regex(/^(?:\*\.)?[a-z0-9.-]+(?::[0-9]{1,5})?$/, 'must be a host, or *. and the end of one, with a port if it has one'),
            ),
        )
        .check(z.minLength(1, 'has no host'), z.maxLength(20, 'has more than 20 hosts')),
    ),
    fields: z.array(field).check(z.maxLength(20, 'has more than 20 fields')),
    auth,
    test,
    capabilities: z.optional(
      z.strictObject({
        contacts: z.optional(z.strictObject({ request, itemsAt: z.string(), idAt: z.optional(pointer), paging })),
        webhooks: z.optional(z.enum(['none', 'manual'], 'must be none or manual')),
      }),
    ),
    limits: z.optional(
      z.strictObject({
        timeoutMs: z.optional(z.int().check(z.minimum(1000, 'is less than 1000'), z.maximum(60_000, 'is more than 60000'))),
        maxResponseBytes: z.optional(z.int().check(z.minimum(1024, 'is less than 1024'), z.maximum(5_242_880, 'is more than 5242880'))),
        maxRedirects: z.optional(z.int().check(z.minimum(0), z.maximum(3, 'is more than 3'))),
        requestsPerSecond: z.optional(z.number().check(z.gt(0, 'must be more than 0'), z.maximum(50, 'is more than 50'))),
      }),
    ),
  },
  'must be a JSON object',
)

const { localeError } = english()

/** Checks the values of a definition. What has no words of its own above is told in those of zod. */
export const checkDefinition = (json: unknown) => DefinitionSchema.safeParse(json, { error: localeError })
