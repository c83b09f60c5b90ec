import type { SettingValue, StoredValues } from '../../src/core/field.ts'
import { isPinnedHost } from '../../src/core/host.ts'
import type { Http } from '../../src/core/ports.ts'
import { Secret } from '../../src/core/secret.ts'

/**
 * A network client for which a loopback server stands for some hosts, as a name server and a certificate of the test's own would make
 * it: providers that pin their hosts are tested with the addresses they really use. Every other request goes out as it is.
 */
export function reaching(http: Http, hosts: readonly string[], origin: string): Http {
  return (request) => {
    if (!isPinnedHost(request.url.hostname, hosts)) return http(request)
    if (request.url.origin !== request.origin) return http(request)
    // The addresses of the hosts it stands for are public.
    return http({ ...request, publicOnly: false, url: new URL(`${request.url.pathname}${request.url.search}`, origin), origin })
  }
}

/** Values by field, as a vault keeps them. */
export function storedValues(values: Readonly<Record<string, unknown>>): StoredValues {
  const settings: Record<string, SettingValue> = {}
  const secrets: Record<string, Secret> = {}
  for (const [key, value] of Object.entries(values)) {
    if (value instanceof Secret) secrets[key] = value
    else settings[key] = value as SettingValue
  }
  return { settings, secrets }
}
