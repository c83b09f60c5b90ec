import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { LONGEST_SECRET_BYTES, readKeyFile, readSecretFile, readSecretStdin, refuseSeveralStdin } from '../../src/terminal/key-sources.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crm-sources-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `file-${Math.random()}`)
  await writeFile(path, content, { mode: 0o600 })
  return path
}

const stdin = (content: string | Buffer, isTTY = false) => ({
  isTTY,
  open: () => Readable.from([Buffer.from(content)]) as unknown as NodeJS.ReadStream,
})

describe('a secret from a file', () => {
  it.each([
    ['token', 'token'],
    ['token\n', 'token'],
    ['token\r\n', 'token'],
    ['token\n\n', 'token\n'],
    ['-----BEGIN KEY-----\nabc\n-----END KEY-----\n', '-----BEGIN KEY-----\nabc\n-----END KEY-----'],
    [' kept \n', ' kept '],
    ['\ufefftoken', '\ufefftoken'],
  ])('%j is %j: one line break at the end is dropped, everything else stays', async (content, expected) => {
    expect((await readSecretFile(await file(content), 'file')).reveal()).toBe(expected)
    expect((await readSecretStdin(stdin(content), '--api-key-stdin')).reveal()).toBe(expected)
  })

  it('may come through a pipe that has no size', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    const [secret] = await Promise.all([readSecretFile(path, 'file'), writeFile(path, 'from a pipe\n')])
    expect(secret.reveal()).toBe('from a pipe')
  })

  it('is not waited for by a command that was told to stop', async () => {
    const path = join(folder, 'unwritten')
    execFileSync('mkfifo', [path])
    const pipes = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('Pipe')).length
    const before = pipes()
    await expect(readSecretFile(path, 'file', AbortSignal.abort(new CrmError('cancelled', 'stopped')))).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(pipes()).toBe(before)
  })

  it('may have 1 MiB and no byte more', async () => {
    expect((await readSecretFile(await file('x'.repeat(LONGEST_SECRET_BYTES)), 'file')).reveal()).toHaveLength(LONGEST_SECRET_BYTES)
    await expect(readSecretFile(await file('x'.repeat(LONGEST_SECRET_BYTES + 1)), 'file')).rejects.toMatchObject({ code: 'usage' })
  })

  it.each([
    ['is empty', '', 'is empty'],
    ['holds a line break only', '\n', 'is empty'],
    ['is not UTF-8', Buffer.from([0x74, 0xff, 0xfe]), 'is not UTF-8 text'],
  ])('is refused when it %s, and is not repeated', async (_why, content, message) => {
    await expect(readSecretFile(await file(content), 'file')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    })
  })

  it('that is not there is a mistake of the command line; one that cannot be read is the disk', async () => {
    const path = join(folder, 'nowhere')
    const missing = { code: 'usage', message: `there is no file for --x-file at ${path}`, hint: 'check the path' }
    await expect(readSecretFile(path, 'file for --x-file')).rejects.toMatchObject(missing)
    await expect(readKeyFile(path, 'key file', () => {})).rejects.toMatchObject({ ...missing, message: `there is no key file at ${path}` })
    await expect(readSecretFile(folder, 'file')).rejects.toMatchObject({ code: 'io_failed', reason: 'read answered EISDIR' })
  })
})

it('a key file is not used when it is not safe', async () => {
  const refuse = (): void => {
    throw new CrmError('unsafe_file', 'others can read it')
  }
  await expect(readKeyFile(await file('key'), 'key file', refuse)).rejects.toMatchObject({ code: 'unsafe_file' })
  expect((await readKeyFile(await file('key\n'), 'key file', () => {})).reveal()).toBe('key')
})

describe('standard input', () => {
  it('gives help where a person would have to type the secret in sight', async () => {
    await expect(readSecretStdin(stdin('', true), '--api-key-stdin')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('| crm ... --api-key-stdin'),
    })
  })

  it('can give one value only', () => {
    expect(() => refuseSeveralStdin(['--api-key-stdin'])).not.toThrow()
    expect(() => refuseSeveralStdin(['--api-key-stdin', '--token-stdin'])).toThrow(CrmError)
  })
})
