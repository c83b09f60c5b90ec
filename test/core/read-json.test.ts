import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { HttpResponse } from '../../src/core/ports.ts'
import { readJson } from '../../src/core/read-json.ts'

function response(body: string | Buffer, type = 'application/json; charset=utf-8'): HttpResponse {
  const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
  return { status: 200, headers, body: Buffer.from(body), latencyMs: 1 }
}

function refusal(answer: HttpResponse): CrmError {
  try {
    readJson(answer, { what: 'the profile' })
  } catch (error) {
    if (error instanceof CrmError) return error
  }
  throw new Error('expected a CrmError')
}

const read = (body: string, type?: string) => readJson(response(body, type), { what: 'the profile' })

describe('readJson', () => {
  it('gives back any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        if (text.includes('__proto__') || /\d{16}/.test(text)) return
        expect(JSON.stringify(read(text))).toBe(text)
      }),
    )
  })

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/vnd.api+json',
    'application/problem+json',
    'text/json',
  ])('reads %s', (type) => expect(read('{"id":1}', type)).toEqual({ id: 1 }))

  it('an HTML page is said to be one', () => {
    for (const type of ['text/html', 'text/html; charset=utf-8', 'application/xhtml+xml']) {
      expect(refusal(response('<p>canary</p>', type))).toMatchObject({
        code: 'provider_error',
        message: 'the profile came as an HTML page instead of JSON',
      })
    }
  })

  it.each(['text/plain', ''])('an HTML page that calls itself %j is found out', (type) => {
    expect(refusal(response(' \n<!DOCTYPE html><html>', type)).message).toContain('an HTML page')
  })

  it.each([
    ['another content type', response('hello', 'text/plain'), 'came as text/plain instead of JSON'],
    ['no content type', response('hello', ''), 'came as untyped data instead of JSON'],
    ['an empty body', response(''), 'came empty instead of as JSON'],
    ['a cut off body', response('{"id":'), 'is not valid JSON'],
    ['text that is not UTF-8', response(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 'is not valid JSON'],
    ['65 levels', response('['.repeat(65) + ']'.repeat(65)), 'is nested too deeply'],
    ['a bomb of small values', response(`[${'[],'.repeat(500_000)}[]]`), 'has too many values'],
  ])('%s is refused with words of its own', (_what, answer, words) => {
    expect(refusal(answer)).toMatchObject({ code: 'provider_error', message: `the profile ${words}` })
  })

  it('64 levels are read', () => {
    const text = `${'['.repeat(64)}1${']'.repeat(64)}`
    expect(JSON.stringify(read(text))).toBe(text)
  })

  it('brackets inside strings are no levels', () => {
    const text = JSON.stringify({ note: '[{'.repeat(500), quoted: '\\"[[[', end: '\\' })
    expect(JSON.stringify(read(text))).toBe(text)
  })

  it('the body is in no text of an error', () => {
    for (const answer of [response('canary'), response('<html>canary', 'text/html'), response('{"canary', 'application/json')]) {
      const error = refusal(answer)
      expect([error.message, error.reason, error.hint, error.stack, String(error.cause)].join(' ')).not.toContain('canary')
    }
  })

  it('a content type that tries to write to the terminal is shown with escapes', () => {
    expect(refusal(response('x', 'text/\u001b[2Jplain')).message).toContain('\\x1b')
  })

  it('members named __proto__ are dropped, and no object has a prototype', () => {
    const value = read('{"__proto__":{"admin":true},"inner":[{"__proto__":{"admin":true},"constructor":1}]}') as {
      readonly admin?: unknown
      readonly inner: readonly unknown[]
    }
    expect(value.admin).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(Object.getPrototypeOf(value.inner[0])).toBeNull()
    expect(Object.keys(value)).toEqual(['inner'])
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  it('integers beyond 2^53 keep their digits, as text', () => {
    expect(read('{"id":9007199254740993,"small":9007199254740991,"text":"9007199254740993","price":1.25}')).toEqual({
      id: '9007199254740993',
      small: 9007199254740991,
      text: '9007199254740993',
      price: 1.25,
    })
  })

  it('a document that only opens brackets is judged before it is built', () => {
    expect(refusal(response('['.repeat(8 * 1024 * 1024))).message).toContain('nested too deeply')
  })
})
