import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Definition } from '../../src/providers/definition-format.ts'
import type { Home } from './cli.ts'

/** A CRM that is nowhere, described as its users would. */
export const ACME: Definition = {
  format: 1,
  id: 'acme',
  name: 'Acme CRM',
  baseUrl: 'https://{{fields.subdomain}}.acme.example/api/v1',
  hosts: ['*.acme.example'],
  fields: [
    {
      name: 'subdomain',
      label: 'Account subdomain',
      kind: 'host',
      pattern: '^[a-z0-9-]{1,40}$',
      suffix: '.acme.example',
      example: 'sales',
    },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'ACME_CRM_API_KEY', help: 'Settings > API' },
  ],
  auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name: 'X-Api-Key' } },
  test: {
    request: { path: '/me' },
    expect: {
      status: [200],
      contentType: 'application/json',
      all: [{ at: '/data/id', exists: true }],
      none: [{ at: '/error', exists: true }],
    },
    identity: { accountName: ['/data/company', '/data/company_name'], email: '/data/email' },
    errors: [
      { when: { status: [401] }, class: 'auth_invalid' },
      { when: { status: [403] }, class: 'scope_missing' },
      { when: { status: [429] }, class: 'rate_limited' },
    ],
    rate: { remainingHeader: 'X-RateLimit-Remaining', retryAfterHeader: 'Retry-After' },
  },
}

const { hosts: _fixed, ...anyHost } = ACME

/** The same at an address that its user gives: for servers of a test. */
export const ANYWHERE: Definition = {
  ...anyHost,
  id: 'anywhere',
  name: 'Anywhere CRM',
  baseUrl: '{{fields.baseUrl}}',
  fields: [
    { name: 'baseUrl', label: 'Base URL', kind: 'url', example: 'https://crm.example.com' },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'ANYWHERE_API_KEY' },
  ],
}

/** Writes a definition into a home. @returns the name of its file. */
export function writeDefinition(
  home: Home,
  definition: Readonly<Record<string, unknown>> | Definition,
  name = `${definition.id}.json`,
): string {
  writeFileSync(join(home.path, name), `${JSON.stringify(definition, null, 2)}\n`)
  return name
}
