/** Format 1 of a CRM as data: what may stand in a definition, value by value. What only several values show: `definition-problems.ts`. */
import * as z from 'zod'
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

const text = (most: number): z.ZodString => z.string('must be text').min(1, 'is empty').max(most, `is longer than ${most} characters`)

const name = z
  .string('must be a name')
  .regex(/^[a-z][A-Za-z0-9]{0,31}$/, 'must be a name of up to 32 letters and digits, the first lower-case')
  .refine((given) => !INHERITED.has(given), 'is a name that every object has; take another')

/** Text with `{{...}}` in it, possibly empty. Which names there are is looked at later. */
const blank = z
  .string('must be text')
  .max(2048, 'is longer than 2048 characters')
  .regex(/^[^\r\n\u0000]*$/, 'holds the end of a line')
  .refine(
    (template) =>
      !/\{\{|\}\}/.test(template.replace(/\{\{(?:fields\.[A-Za-z0-9]+|auth\.meta\.[A-Za-z0-9]+|auth\.accessToken|run\.uuid)\}\}/g, '')),
    'may hold {{fields.<name>}}, {{auth.accessToken}}, {{auth.meta.<name>}} and {{run.uuid}}, and no other double braces',
  )
const template = blank.min(1, 'is empty')

const link = z
  .string('must be an https address')
  .regex(/^https:\/\/[^\s@]+$/, 'must be an https address')
  .max(2048)
const pointer = z
  .string('must be a JSON pointer, such as /data/id')
  .max(200, 'is longer than 200 characters')
  .regex(/^(?:\/(?:[^/~]|~[01])*)+$/, 'must be a JSON pointer, such as /data/id')
const pointers = z.union([pointer, z.array(pointer).min(1).max(5)], 'must be a JSON pointer, or up to five of which the first counts')

const headerName = z.string('must be the name of a header').refine(isHeaderName, 'is not a header that can be set')
/** Cookies are credentials of a browser: only the headers that authenticate may name them. */
const plainHeader = headerName.refine((given) => !/^cookie2?$/i.test(given), 'belongs in the headers of auth, if anywhere')

const pairOf = <Name extends z.ZodType<string>>(key: Name) =>
  z.array(z.strictObject({ name: key, value: template, skipIfEmpty: z.boolean().optional() })).max(20, 'has more than 20 entries')
const pairs = pairOf(text(64))
const headers = pairOf(plainHeader)

const placement = z.strictObject({
  in: z.enum(['header', 'query'], 'must be header or query'),
  name: plainHeader,
  prefix: z
    .string()
    .max(30, 'is longer than 30 characters')
    .regex(/^[\x20-\x7e]*$/, 'must be visible ASCII')
    .optional(),
})

const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false')

const field = z.strictObject({
  name,
  label: text(60),
  kind: z.enum(
    ['text', 'secret', 'multilineSecret', 'host', 'url', 'email', 'integer', 'boolean', 'choice', 'jsonHeaders'],
    'must be text, secret, multilineSecret, host, url, email, integer, boolean, choice or jsonHeaders',
  ),
  secret: z.boolean('must be true or false').optional(),
  required: z.boolean('must be true or false').optional(),
  help: text(500).optional(),
  example: text(200).optional(),
  pattern: text(200).optional(),
  minLength: z.int().min(0).optional(),
  maxLength: z.int().min(1).max(16_384, 'is more than 16384').optional(),
  choices: z
    .array(z.strictObject({ value: text(200), label: text(60).optional() }))
    .min(1, 'has no choice')
    .max(50, 'has more than 50 choices')
    .optional(),
  default: z.union([z.string(), z.int(), z.boolean()], 'must be text, a whole number, true or false').optional(),
  prefix: text(100).optional(),
  suffix: text(100).optional(),
  env: z
    .string('must be the name of a variable')
    .regex(/^[A-Z][A-Z0-9_]{2,63}$/, 'must be the name of a variable, such as ACME_API_KEY')
    .optional(),
  docsUrl: link.optional(),
  automated: z.boolean('must be true or false').optional(),
  visibleWhen: z.strictObject({ field: name, equals: scalar }).optional(),
})

const tokenCall = z.strictObject({
  url: template,
  clientId: template,
  clientSecret: template.optional(),
  clientAuth: z.enum(['body', 'basic'], 'must be body or basic').optional(),
  bodyFormat: z.enum(['form', 'json'], 'must be form or json').optional(),
  extra: pairs.optional(),
  headers: headers.optional(),
  accessToken: pointer.optional(),
  refreshToken: pointer.optional(),
  expiresIn: pointer.optional(),
  expiresUnit: z.enum(['s', 'ms'], 'must be s or ms').optional(),
  defaultLifetimeSeconds: z.int().min(60, 'is less than 60').optional(),
  errorAt: pointer.optional(),
  capture: z
    .record(name, pointer)
    .refine((captures) => Object.keys(captures).length <= 8, 'captures more than 8 values')
    .optional(),
})

const oauth = {
  token: tokenCall,
  scopes: z.array(text(200)).max(100).optional(),
  scopeSeparator: z.enum([' ', ',', '+'], 'must be a blank, a comma or a plus').optional(),
  place: placement.optional(),
}

const auth = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('api_key'), value: template, place: placement }),
    z.strictObject({ type: z.literal('bearer'), token: template }),
    z.strictObject({ type: z.literal('basic'), username: blank, password: blank }),
    z.strictObject({ type: z.literal('headers'), headers: pairOf(headerName).optional(), jsonField: name.optional() }),
    z.strictObject({ type: z.literal('oauth2_client_credentials'), ...oauth }),
    z.strictObject({
      type: z.literal('oauth2_authorization_code'),
      authorizeUrl: template,
      authorizeExtra: pairs.optional(),
      pkce: z.enum(['required', 'allowed', 'off'], 'must be required, allowed or off').optional(),
      redirectPort: z.int().min(1024, 'must be from 1024 to 65535').max(65_535, 'must be from 1024 to 65535').optional(),
      redirectPath: z
        .string()
        .regex(/^\/[A-Za-z0-9/_-]*$/, 'must be a path of letters, digits, slashes, hyphens and underscores')
        .optional(),
      refreshRotates: z.boolean().optional(),
      revokeUrl: template.optional(),
      ...oauth,
    }),
    z.strictObject({
      type: z.literal('hmac'),
      key: template,
      keyEncoding: z.enum(['utf8', 'hex', 'base64'], 'must be utf8, hex or base64').optional(),
      algorithm: z.enum(['sha1', 'sha256', 'sha512'], 'must be sha1, sha256 or sha512'),
      encoding: z.enum(['hex', 'base64', 'base64url'], 'must be hex, base64 or base64url'),
      parts: z
        .array(z.enum(['method', 'url', 'host', 'path', 'query', 'body', 'bodySha256Hex', 'timestamp', 'nonce', 'keyId']))
        .min(1, 'signs nothing')
        .max(12, 'has more than 12 parts'),
      joiner: z.string().max(3, 'is longer than 3 characters').optional(),
      keyId: template.optional(),
      keyIdHeader: plainHeader.optional(),
      timestamp: z
        .strictObject({ header: plainHeader, format: z.enum(['unix_s', 'unix_ms', 'iso8601'], 'must be unix_s, unix_ms or iso8601') })
        .optional(),
      nonceHeader: plainHeader.optional(),
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
    status: z.array(z.int().min(100).max(599)).min(1).optional(),
    contentType: text(100).optional(),
    header: headerName.optional(),
    at: pointer.optional(),
    exists: z.boolean('must be true or false').optional(),
    equals: z.union([z.string(), z.number(), z.boolean(), z.null()], 'must be text, a number, true, false or null').optional(),
    contains: text(200).optional(),
  })
  .refine(
    ({ status, contentType, header, at }) => [status, contentType, header, at].some((given) => given !== undefined),
    'looks at nothing: give it status, contentType, header or at',
  )
  .refine(({ header, at }) => header === undefined || at === undefined, 'looks at a header and at the body; make it two')
  .refine(
    ({ header, at, exists, equals, contains }) =>
      (header === undefined && at === undefined) || [exists, equals, contains].some((given) => given !== undefined),
    'compares nothing: give it exists, equals or contains',
  )
const checks = z.array(check).max(20, 'has more than 20 checks')

const request = z.strictObject({
  method: z.enum(['GET', 'POST', 'HEAD'], 'must be GET, HEAD or POST: a test changes nothing').optional(),
  path: blank.regex(/^\//, 'must begin with /'),
  query: pairs.optional(),
  headers: headers.optional(),
  body: z.union([z.record(z.string(), z.json()), z.array(z.json()), z.string()], 'must be an object, a list or text').optional(),
  bodyFormat: z.enum(['json', 'form', 'raw'], 'must be json, form or raw').optional(),
})

const test = z.strictObject({
  request,
  expect: z.strictObject({
    status: z.array(z.int().min(200, 'must be a 2xx').max(299, 'must be a 2xx')).min(1, 'has no status'),
    contentType: text(100).optional(),
    all: checks.optional(),
    none: checks.optional(),
  }),
  identity: z
    .strictObject({
      accountId: pointers.optional(),
      accountName: pointers.optional(),
      userId: pointers.optional(),
      userName: pointers.optional(),
      email: pointers.optional(),
      role: pointers.optional(),
      scopes: pointers.optional(),
      plan: pointers.optional(),
      region: pointers.optional(),
      apiVersion: pointers.optional(),
      timeZone: pointers.optional(),
      currency: pointers.optional(),
    })
    .optional(),
  errors: z
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
        hint: text(300).optional(),
      }),
    )
    .max(20, 'has more than 20 entries')
    .optional(),
  rate: z
    .strictObject({
      remainingHeader: headerName.optional(),
      limitHeader: headerName.optional(),
      resetHeader: headerName.optional(),
      retryAfterHeader: headerName.optional(),
    })
    .optional(),
})

const param = text(64)
const paging = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('cursor'), param, nextAt: pointer, sizeParam: param.optional(), size: z.int().optional() }),
    z.strictObject({
      type: z.enum(['page', 'offset']),
      param,
      start: z.int().optional(),
      sizeParam: param.optional(),
      size: z.int().optional(),
      moreAt: pointer.optional(),
    }),
    z.strictObject({ type: z.literal('link'), nextUrlAt: pointer.optional(), linkHeader: z.boolean().optional() }),
  ],
  'must be of the type none, cursor, page, offset or link',
)

/** A definition by its values alone. Unknown members are refused everywhere. */
export const DefinitionSchema = z.strictObject(
  {
    format: z.literal(1, 'must be 1'),
    id: z.string('must be an id').regex(/^[a-z][a-z0-9-]{1,39}$/, 'must be 2 to 40 lower-case letters, digits and hyphens'),
    name: text(60),
    docsUrl: link.optional(),
    baseUrl: template,
    hosts: z
      .array(
        z.string().regex(/^(?:\*\.)?[a-z0-9.-]+(?::[0-9]{1,5})?$/, 'must be a host, or *. and the end of one, with a port if it has one'),
      )
      .min(1, 'has no host')
      .max(20, 'has more than 20 hosts')
      .optional(),
    fields: z.array(field).max(20, 'has more than 20 fields'),
    auth,
    test,
    capabilities: z
      .strictObject({
        contacts: z.strictObject({ request, itemsAt: z.string(), idAt: pointer.optional(), paging }).optional(),
        webhooks: z.enum(['none', 'manual'], 'must be none or manual').optional(),
      })
      .optional(),
    limits: z
      .strictObject({
        timeoutMs: z.int().min(1000, 'is less than 1000').max(60_000, 'is more than 60000').optional(),
        maxResponseBytes: z.int().min(1024, 'is less than 1024').max(5_242_880, 'is more than 5242880').optional(),
        maxRedirects: z.int().min(0).max(3, 'is more than 3').optional(),
        requestsPerSecond: z.number().gt(0, 'must be more than 0').max(50, 'is more than 50').optional(),
      })
      .optional(),
  },
  'must be a JSON object',
)
