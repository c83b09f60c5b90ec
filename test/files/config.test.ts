import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig, writeConfig } from '../../src/files/config.ts'
import { temporaryDirectory } from '../support/vault.ts'

describe('the configuration', () => {
  it('is empty where there is no file', () => {
    expect(readConfig(join(temporaryDirectory(), 'none', 'config.json'))).toEqual({})
  })

  it('comes back as it was written, private', () => {
    const path = join(temporaryDirectory(), 'new', 'config.json')
    writeConfig(path, { profile: 'acme' })
    expect(readConfig(path)).toEqual({ profile: 'acme' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    writeConfig(path, {})
    expect(readConfig(path)).toEqual({})
    expect(readdirSync(join(path, '..'))).toEqual(['config.json'])
  })

  it.each([
    ['empty', ''],
    ['cut off', '{"profile": "ac'],
    ['a list', '["acme"]'],
    ['null', 'null'],
    ['with a name that is none', '{"profile": "../../etc"}'],
    ['with a name that is no text', '{"profile": 5}'],
    ['with a member that is not ours', '{"profile": "acme", "vault": "/tmp/other.db"}'],
  ])('that is %s is refused, and named with its path', (_claim, text) => {
    const path = join(temporaryDirectory(), 'config.json')
    writeFileSync(path, text)
    expect(() => readConfig(path)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(path) }))
  })

  it('that cannot be read is a disk error, and not an empty one', () => {
    const path = join(temporaryDirectory(), 'config.json')
    mkdirSync(path)
    expect(() => readConfig(path)).toThrow(expect.objectContaining({ code: 'io_failed' }))
    expect(() => writeConfig(path, {})).toThrow(expect.objectContaining({ code: 'io_failed', reason: 'nothing was changed' }))
  })

  it('is read or refused as usage, whatever is in the file (property)', () => {
    const path = join(temporaryDirectory(), 'config.json')
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
        writeFileSync(path, text)
        try {
          expect(Object.keys(readConfig(path)).filter((name) => name !== 'profile')).toEqual([])
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' })
        }
      }),
      { numRuns: 50 },
    )
  })
})
