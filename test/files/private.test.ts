import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { checkPrivateFile, createPrivateDirectory, modeText, writePrivateFile } from '../../src/files/private.ts'
import { temporaryDirectory } from '../support/vault.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777
const uid = process.getuid?.()

describe('a private directory', () => {
  it('below a place that gives none is refused at once', () => {
    for (const path of ['/proc/none', '/proc/none/deeper', '/dev/null/x'])
      expect(() => createPrivateDirectory(path)).toThrow(/ENOENT|ENOTDIR/)
  })
})

describe('a private file', () => {
  it.each([0o000, 0o022, 0o077, 0o277, 0o777])('P01 is 0600 in a 0700 directory under umask %o', (umask) => {
    const directory = temporaryDirectory()
    const before = process.umask(umask)
    try {
      writePrivateFile(join(directory, 'a', 'b', 'key'), 'content\n')
    } finally {
      process.umask(before)
    }
    expect(['a', 'a/b'].map((name) => modeOf(join(directory, name)))).toEqual([0o700, 0o700])
    expect(modeOf(join(directory, 'a/b/key'))).toBe(0o600)
    expect(readFileSync(join(directory, 'a/b/key'), 'utf8')).toBe('content\n')
  })

  it('is private again after it was replaced, and nothing else is left beside it', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'key')
    writeFileSync(path, 'old', { mode: 0o644 })
    writePrivateFile(path, 'new', { durable: false })
    expect(modeOf(path)).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(directory)).toEqual(['key'])
  })

  it('takes the place of a link, and leaves what the link led to', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'target'), 'kept')
    symlinkSync(join(directory, 'target'), join(directory, 'key'))
    writePrivateFile(join(directory, 'key'), 'new')
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('kept')
    expect(readFileSync(join(directory, 'key'), 'utf8')).toBe('new')
  })

  it('that cannot be written leaves the old one, and nothing beside it', () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'key', 'inside'), { recursive: true })
    expect(() => writePrivateFile(join(directory, 'key'), 'new')).toThrow()
    expect(readdirSync(directory)).toEqual(['key'])
    writeFileSync(join(directory, 'file'), '')
    expect(() => writePrivateFile(join(directory, 'file', 'key'), 'new')).toThrow()
  })

  it('is whole at every moment, however many write it at once', async () => {
    const path = join(temporaryDirectory(), 'key')
    const content = (letter: string): string => `${letter.repeat(20_000)}\n`
    writePrivateFile(path, content('o'))
    const writer = (letter: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const module = new URL('../../src/files/private.ts', import.meta.url).href
        const script = `import('${module}').then(({ writePrivateFile }) => {
          for (let round = 0; round < 40; round++) writePrivateFile(${JSON.stringify(path)}, ${JSON.stringify(content(letter))}, { durable: false })
        })`
        new Worker(script, { eval: true, execArgv: ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'] })
          .on('error', reject)
          .on('exit', resolve)
      })
    let ended = false
    const writers = Promise.all(['a', 'b', 'c'].map(writer)).finally(() => {
      ended = true
    })
    const wholes = new Set(['o', 'a', 'b', 'c'].map(content))
    let looks = 0
    while (!ended) {
      expect(wholes.has(readFileSync(path, 'utf8'))).toBe(true)
      looks += 1
      await new Promise(setImmediate)
    }
    expect(await writers).toEqual([0, 0, 0])
    expect(looks).toBeGreaterThan(10)
  })
})

describe('a file that is to be trusted', () => {
  const check = (path: string): void => checkPrivateFile(path, { uid }, 'the key file')
  const refused = (reason: string, hint: string | RegExp) =>
    expect.objectContaining({ code: 'unsafe_file', reason: expect.stringContaining(reason), hint: expect.stringMatching(hint) })

  it('is a regular one of ours with one name, closed to others', () => {
    const path = join(temporaryDirectory(), 'key')
    writePrivateFile(path, '')
    expect(() => check(path)).not.toThrow()
  })

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])('is refused with mode %o, and the chmod is named', (mode) => {
    const path = join(temporaryDirectory(), 'key')
    writeFileSync(path, '')
    chmodSync(path, mode)
    expect(() => check(path)).toThrow(refused(`its mode is ${modeText(mode)}`, `chmod 600 ${path}`))
    expect(() => checkPrivateFile(path, { uid: undefined }, 'the key file')).not.toThrow()
  })

  it('is refused as a link, a second name, a directory, and of another user', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'key')
    writePrivateFile(path, '')
    symlinkSync(path, join(directory, 'link'))
    expect(() => check(join(directory, 'link'))).toThrow(refused('symbolic link', 'name the file itself'))
    createPrivateDirectory(join(directory, 'folder'))
    expect(() => check(join(directory, 'folder'))).toThrow(refused('not a regular file', 'regular file'))
    expect(() => checkPrivateFile(path, { uid: (uid ?? 0) + 1 }, 'the key file')).toThrow(refused('another user', 'chown'))
    linkSync(path, join(directory, 'second'))
    expect(() => check(path)).toThrow(refused('more than one name', 'cp'))
  })
})
