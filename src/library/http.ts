import type { HttpClient, HttpOptions } from '../http/http.ts'

/** Opens the network client. It is loaded with the first request; connections are kept and reused until {@link HttpClient.close}. */
export function createHttp(options: HttpOptions): HttpClient {
  let opened: Promise<HttpClient> | undefined
  const open = async (): Promise<HttpClient> => (await import('../http/http.ts')).createHttp(options)
  return {
    async request(request) {
      opened ??= open()
      return (await opened).request(request)
    },
    async close() {
      await (await opened)?.close()
    },
  }
}
