import { defineProvider } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'

/** A CRM behind the authorization server of the tests: its API is the endpoint that says who a token is. */
export const oidcCrm = defineProvider({
  id: 'oidc-crm',
  title: 'OIDC CRM',
  docs: 'https://crm.example/docs',
  authMethods: [{ id: 'browser', label: 'Browser', fields: ['baseUrl', 'clientId', 'clientSecret', 'redirectPort', 'basic', 'issuer'] }],
  capabilities: ['test'],
  hosts: [],
  fields: [
    { key: 'baseUrl', label: 'Base URL', kind: 'url', sensitivity: 'public', env: 'OIDC_BASE_URL' },
    { key: 'clientId', label: 'Client id', kind: 'text', sensitivity: 'public', env: 'OIDC_CLIENT_ID' },
    { key: 'clientSecret', label: 'Client secret', kind: 'text', sensitivity: 'secret', env: 'OIDC_CLIENT_SECRET', optional: true },
    { key: 'redirectPort', label: 'Port', kind: 'number', sensitivity: 'public', env: 'OIDC_PORT' },
    { key: 'basic', label: 'Basic', kind: 'flag', sensitivity: 'public', env: 'OIDC_BASIC', optional: true },
    { key: 'issuer', label: 'Issuer', kind: 'text', sensitivity: 'public', env: 'OIDC_ISSUER', optional: true },
  ],
  grant: ({ baseUrl, clientId, clientSecret, basic }) => ({
    type: 'authorization_code',
    endpoint: {
      url: new URL('/token', baseUrl),
      clientId,
      ...(clientSecret === undefined ? {} : { clientSecret }),
      clientAuth: basic === true ? 'basic' : 'post',
    },
  }),
  authorization: ({ baseUrl, clientId, redirectPort, issuer }) => ({
    url: new URL('/auth', baseUrl),
    clientId,
    scope: 'openid offline_access',
    parameters: { prompt: 'consent' },
    pkce: true,
    redirect: { port: redirectPort, path: '/callback' },
    ...(issuer === undefined ? {} : { issuer }),
  }),
  api: ({ baseUrl }, tokens) => ({ baseUrl, headers: { authorization: new Secret(`Bearer ${tokens?.accessToken.reveal()}`) } }),
  async test({ baseUrl }, { http, tokens, signal }) {
    const url = new URL('/me', baseUrl)
    const ask = async (token: Secret) =>
      http({ method: 'GET', url, origin: url.origin, headers: { authorization: new Secret(`Bearer ${token.reveal()}`) }, signal })
    let response = await ask((await tokens.get()).accessToken)
    if (response.status === 401) {
      const renewed = await tokens.renew()
      if (renewed !== undefined) response = await ask(renewed.accessToken)
    }
    const passed = response.status === 200
    return {
      outcome: passed ? 'connected' : 'failed',
      cause: passed ? null : 'auth_rejected',
      message: passed ? null : 'the token was refused',
      hint: passed ? null : 'crm login {name}',
      identity: null,
      checks: [],
      server: null,
      warnings: [],
    }
  },
})
