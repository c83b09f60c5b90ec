import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBaseUrl } from '../../src/core/base-url.ts'

const stored = (text: string): string | undefined => {
  const read = readBaseUrl(text)
  return 'url' in read ? read.url : undefined
}

/** A host name as people type it: labels of letters, digits and hyphens, the last one never a number. */
const host = fc
  .tuple(fc.array(fc.stringMatching(/^[a-z0-9]([a-z0-9]{0,8}[a-z0-9])?$/), { maxLength: 3 }), fc.stringMatching(/^[a-z]{2,6}$/))
  .map(([labels, top]) => [...labels, top].join('.'))
  .filter((name) => !/(^|\.)xn|^localhost$/.test(name))
const segment = fc.stringMatching(/^[A-Za-z0-9_~-]{1,12}$/)
const path = fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((text) => `/${text}`).join(''))

describe('a base URL', () => {
  it.each([
    ['https://chat.example.com', 'https://chat.example.com'],
    ['https://chat.example.com/', 'https://chat.example.com'],
    ['HTTPS://Chat.Example.COM/Sub/', 'https://chat.example.com/Sub'],
    ['https://chat.example.com//', 'https://chat.example.com'],
    ['https://chat.example.com:443/crm', 'https://chat.example.com/crm'],
    ['https://chat.example.com:8443', 'https://chat.example.com:8443'],
    ['https://xn--mller-kva.example', 'https://xn--mller-kva.example'],
    ['https://chat.example.com/a/../b/./c', 'https://chat.example.com/b/c'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://127.9.8.7', 'http://127.9.8.7'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('%s is stored as %s', (text, expected) => {
    expect(stored(text)).toBe(expected)
  })

  it.each([
    ['', 'whole address'],
    ['chat.example.com', 'whole address'],
    ['//chat.example.com', 'whole address'],
    ['https:/chat.example.com', 'whole address'],
    ['javascript:alert(1)', 'whole address'],
    ['https://', 'not an address'],
    ['https://chat.example.com:99999', 'not an address'],
    ['ftp://chat.example.com', 'must begin with https://'],
    ['file:///etc/passwd', 'must begin with https://'],
    ['http://chat.example.com', 'http is for this machine alone'],
    ['http://localhost.example.com', 'http is for this machine alone'],
    ['http://127.0.0.1.example.com', 'http is for this machine alone'],
    ['http://10.0.0.1', 'http is for this machine alone'],
    ['http://[::ffff:127.0.0.1]', 'http is for this machine alone'],
    ['https://user@chat.example.com', 'user name or password'],
    ['https://user:secret@chat.example.com', 'user name or password'],
    ['https://:secret@chat.example.com', 'user name or password'],
    ['https://chat.example.com?', 'query or a fragment'],
    ['https://chat.example.com/a?b=c', 'query or a fragment'],
    ['https://chat.example.com#', 'query or a fragment'],
    ['https://chat.example.com/ a', 'blanks'],
    [' https://chat.example.com', 'blanks'],
    ['https://chat.example.com\n', 'blanks'],
    ['https://chat.exam\tple.com', 'blanks'],
    ['https://chat.example.com\u0000', 'blanks'],
    ['https://chat.example.com\\@evil.example', 'backslashes'],
    ['https:\\\\chat.example.com', 'backslashes'],
    // Each of these is another host once it is parsed: the user has to type that one.
    ['https://2130706433', 'read as 127.0.0.1'],
    ['https://0x7f.1', 'read as 127.0.0.1'],
    ['https://0177.0.0.1', 'read as 127.0.0.1'],
    ['http://127.1', 'read as 127.0.0.1'],
    ['https://ｅｘａｍｐｌｅ.com', 'read as example.com'],
    ['https://exam\u00adple.com', 'read as example.com'],
    ['https://müller.example', 'read as xn--mller-kva.example'],
    ['https://%65xample.com', 'read as example.com'],
    ['https:///chat.example.com', 'read as chat.example.com'],
    ['https://@chat.example.com', 'read as chat.example.com'],
    ['https://[0:0:0:0:0:0:0:1]', 'read as [::1]'],
  ])('%j is refused: %s', (text, problem) => {
    expect(readBaseUrl(text)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('is kept as it was typed, without the slashes at its end (property)', () => {
    fc.assert(
      fc.property(host, fc.option(fc.integer({ min: 1, max: 65_535 })), path, fc.nat(3), (name, port, pathname, slashes) => {
        const address = `https://${name}${port === null || port === 443 ? '' : `:${port}`}${pathname}`
        expect(readBaseUrl(address + '/'.repeat(slashes))).toEqual({ url: address })
      }),
    )
  })

  it('reads as itself again, on the same origin, and holds nothing but scheme, host, port and path (property)', () => {
    const hostile = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['http', 'https', 'ftp'] }),
      fc.tuple(fc.constantFrom('https://', 'http://', 'HTTPS://'), host, fc.string({ unit: 'binary' })).map((parts) => parts.join('')),
      fc.tuple(fc.constantFrom('https://', 'http://'), fc.string({ unit: 'grapheme' })).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const url = stored(text)
        if (url === undefined) return
        expect(stored(url)).toBe(url)
        const { origin, username, password, search, hash, protocol, hostname } = new URL(url)
        expect({ username, password, search, hash }).toEqual({ username: '', password: '', search: '', hash: '' })
        expect(origin).toBe(new URL(text).origin)
        expect(protocol === 'https:' || /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)).toBe(true)
        expect(text.toLowerCase()).toContain(hostname)
        // Requests are made by setting a path on it, and must stay on its origin.
        expect(new URL(`${url}/api/v1/profile`).origin).toBe(origin)
      }),
      { numRuns: 500 },
    )
  })
})
