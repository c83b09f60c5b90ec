import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor, headsOf, REDACTED, secretForms } from '../../src/core/redact.ts'
import { visible } from '../../src/core/text.ts'
import { cutTo } from '../../src/terminal/table.ts'

const SECRET = 'tok_9f+/Zq "ü\n8a7b'

function armed(...secrets: string[]) {
  const redactor = createRedactor()
  for (const secret of secrets) redactor.register(secret)
  return redactor
}

/** Secrets that are not part of the mark that replaces them, which would make "is gone" mean nothing. */
const secrets = fc
  .string({ unit: 'binary', minLength: 6, maxLength: 40 })
  .filter((value) => secretForms(value).every((form) => !REDACTED.includes(form)))

describe('a registered secret is removed in every form', () => {
  const bytes = Buffer.from(SECRET)
  const forms: [string, string][] = [
    ['as it is', SECRET],
    ['base64', bytes.toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded in lower case', encodeURIComponent(SECRET).replace(/%../g, (byte) => byte.toLowerCase())],
    ['form-encoded', new URLSearchParams({ v: SECRET }).toString().slice(2)],
    ['JSON-escaped', JSON.stringify(SECRET).slice(1, -1)],
  ]
  it.each(forms)('%s', (_name, form) => {
    expect(armed(SECRET).redact(`before ${form} after`)).toBe(`before ${REDACTED} after`)
  })

  it.each(['', 'a', 'ab', 'abc'])('inside a longer base64 text that begins with %j', (user) => {
    const secret = 'secret-token-value-0123456789'
    const clean = armed(secret).redact(Buffer.from(`${user}:${secret}`).toString('base64'))
    expect(clean).toContain(REDACTED)
    // What is left of it must not give back more than the characters shared with the neighbours.
    expect(Buffer.from(clean.replace(REDACTED, ''), 'base64').toString('latin1')).not.toMatch(/secret|token|value|0123/)
  })
})

it('knows the beginning of every form of a secret that JSON leaves as it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9 ._~+/=-]{6,40}$/), (value) => {
      const heads = headsOf(value)
      expect(secretForms(value).filter((form) => !heads.some((head) => form.startsWith(head)))).toEqual([])
    }),
  )
})

it('finds one of ten thousand secrets that begin alike, in time that does not grow with their number', () => {
  const redactor = armed(...Array.from({ length: 10_000 }, (_, index) => `token-of-customer-${index}-0123456789abcdef`))
  const text = 'token-of-customer-77 is not it; token-of-customer-77-0123456789abcdef is.\n'.repeat(1_000)
  const begun = performance.now()
  expect(redactor.redact(text)).toBe(`token-of-customer-77 is not it; ${REDACTED} is.\n`.repeat(1_000))
  expect(performance.now() - begun).toBeLessThan(5_000)
})

it('leaves values under 6 bytes alone', () => {
  expect(armed('12345').redact('port 12345')).toBe('port 12345')
})

it('finds a secret of two characters when they are six bytes', () => {
  expect(armed('日本').redact('-日本-')).toBe(`-${REDACTED}-`)
})

it('covers secrets that overlap as one', () => {
  expect(armed('abcdefgh', 'efghijkl').redact('<abcdefghijkl>')).toBe(`<${REDACTED}>`)
})

it('takes the longest where one secret begins with another', () => {
  expect(armed('abcdef', 'abcdefghij').redact('abcdefghij!')).toBe(`${REDACTED}!`)
})

it('removes the lines of a key that has several', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n'
  expect(armed(key).redact('line: AQEFAASCBKcwggSjAgEAAoIB')).toBe(`line: ${REDACTED}`)
})

it('prints what was asked for on purpose, and nothing else', () => {
  const redactor = armed('first-secret', 'second-secret')
  expect(redactor.redact('first-secret second-secret', ['first-secret'])).toBe(`first-secret ${REDACTED}`)
})

it('leaves no form of any secret behind, wherever it stands (property)', () => {
  fc.assert(
    fc.property(
      fc.array(secrets, { minLength: 1, maxLength: 5 }),
      fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 }),
      fc.nat(),
      (values, noise, pick) => {
        const forms = values.flatMap(secretForms)
        const text = noise.map((part, index) => part + (forms[(pick + index * 7) % forms.length] ?? '')).join('')
        const clean = armed(...values)
          .redact(text)
          .split(REDACTED)
        for (const form of forms) for (const part of clean) expect(part.includes(form)).toBe(false)
      },
    ),
  )
})

it('gives the same text in pieces as whole (property)', () => {
  fc.assert(
    fc.property(
      fc.array(secrets, { minLength: 1, maxLength: 4 }),
      fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[.…]{0,4}$/), fc.nat(60)), { maxLength: 8 }),
      fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
      (values, parts, sizes) => {
        const forms = values.flatMap(secretForms)
        const cut = (form: string, part: number): string => form.slice(0, part % (form.length + 1)) + (part % 2 === 0 ? '…' : '...')
        const text = parts
          .map((part) => {
            if (typeof part === 'string') return part
            const form = forms[part % forms.length] ?? ''
            return part % 3 === 0 ? cut(form, part) : form
          })
          .join('')
        const redactor = armed(...values)
        const stream = redactor.stream()
        let inPieces = ''
        for (let at = 0, step = 0; at < text.length; step++) {
          const size = 1 + (sizes[step % sizes.length] ?? 0)
          inPieces += stream.push(text.slice(at, at + size))
          at += size
        }
        expect(inPieces + stream.end()).toBe(redactor.redact(text))
      },
    ),
  )
})

describe('a text that was cut shows no beginning of a secret', () => {
  /** The longest beginning of a form that stands in a text. */
  const shownOf = (form: string, text: string): number => {
    let length = 0
    while (length < form.length && text.includes(form.slice(0, length + 1))) length += 1
    return length
  }
  const MOST_SHOWN = 3

  it('wherever the cut is, in every form, with every mark', () => {
    for (const secret of ['S3CRETtok8K2mQ7vXz4Lp9RwT', 'pa.ss...wo/rd "ü+12', 'q%\\z…ß-zwölf-34567']) {
      const redactor = armed(secret)
      for (const form of secretForms(secret)) {
        for (let cut = 0; cut <= form.length; cut += 1) {
          for (const mark of ['…', '...', '....', '…"', '... and more']) {
            const stream = redactor.stream()
            const text = `who: ${form.slice(0, cut)}${mark}`
            const inPieces = Array.from(text, (character) => stream.push(character)).join('') + stream.end()
            expect(inPieces).toBe(redactor.redact(text))
            expect(shownOf(form, inPieces), text).toBeLessThanOrEqual(MOST_SHOWN)
          }
        }
      }
    }
  })

  it('in what is made safe to print and what is fitted into a table, for all paddings and lengths', () => {
    const secret = 'S3CRETtok8K2mQ7vXz4Lp9RwT'
    const redactor = armed(secret)
    for (let padding = 0; padding < 40; padding += 1) {
      for (let limit = 1; limit < 70; limit += 1) {
        const name = `${'ü'.repeat(padding)}${secret} and more`
        for (const text of [visible(name, limit), cutTo(name, limit, '…'), cutTo(name, limit, '...'), cutTo(visible(name, 50), limit, '…')])
          expect(shownOf(secret, redactor.redact(text)), text).toBeLessThanOrEqual(MOST_SHOWN)
      }
    }
  })

  it('and keeps what is no beginning of one, and what is shown on purpose', () => {
    const redactor = armed('needle-in-hay')
    expect(redactor.redact('needles… need… nee… in-hay…')).toBe(`needles… ${REDACTED}… nee… in-hay…`)
    expect(redactor.redact('needle-i…', ['needle-in-hay'])).toBe('needle-i…')
    expect(armed('needle-in-hay', 'needle-in-hat').redact('needle-i…', ['needle-in-hay'])).toBe(`${REDACTED}…`)
  })

  it('among a thousand that begin alike, and among a million marks, in time', () => {
    const redactor = armed(...Array.from({ length: 1_000 }, (_, index) => `token-of-customer-${index}-0123456789abcdef`))
    const text = 'token-of-somebody… token-of-customer-77-01… token-of-customer-no…\n'
    const begun = performance.now()
    expect(redactor.redact(text.repeat(1_000))).toBe(`token-of-somebody… ${REDACTED}… token-of-customer-no…\n`.repeat(1_000))
    expect(redactor.redact('…'.repeat(1_000_000))).toHaveLength(1_000_000)
    expect(armed('needle-in-hay').redact(`${'need '.repeat(100_000)}${'…'.repeat(1_000_000)}`)).toHaveLength(1_500_000)
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})

it('holds back no more than what could still become a secret', () => {
  const stream = armed('needle-in-hay').stream()
  expect(stream.push('a needle')).toBe('a ')
  expect(stream.push('s and more')).toBe('needles and more')
  expect(stream.end()).toBe('')
})
