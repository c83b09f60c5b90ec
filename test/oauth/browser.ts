import { request } from 'node:http'

/** A page as the browser ended up on it. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Opens an address as a browser does: with a jar of cookies, following redirects. */
export async function browse(address: string | URL, jar: Map<string, string> = new Map()): Promise<Page> {
  let url = new URL(address)
  for (let hops = 0; hops < 12; hops += 1) {
    const page = await get(url, jar)
    const location = page.headers.location
    if (page.status < 300 || page.status >= 400 || typeof location !== 'string') return page
    url = new URL(location, url)
  }
  throw new Error('too many redirects')
}

/** One request without following anything. @param headers set on top, such as another Host. */
export function get(url: URL, jar: Map<string, string> = new Map(), headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { ...(cookies === '' ? {} : { cookie: cookies }), ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        for (const cookie of response.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
          jar.set(name, value)
        }
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ url: url.href, status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}
