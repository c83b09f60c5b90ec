/** Age files, against the `age` command itself. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, type TestContext, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { isAgeFile, openAge, readIdentities, readRecipient, sealAge } from '../../src/crypto/age.ts'
import { isInstalled } from '../docs/reader.ts'

const directory = mkdtempSync(join(tmpdir(), 'crm-age-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const content = Buffer.from('{"name":"acme","token":"ünïcode"}\n')

function requireAge(context: TestContext): void {
  if (isInstalled('age') && isInstalled('age-keygen')) return
  console.warn(`SKIPPED "${context.task.name}": age is not on this machine`)
  context.skip('age is not on this machine')
}

/** A key pair as `age-keygen` makes it. */
function newKeys(name: string): { readonly file: string; readonly recipient: string } {
  const file = join(directory, name)
  execFileSync('age-keygen', ['-o', file], { stdio: 'pipe' })
  return { file, recipient: execFileSync('age-keygen', ['-y', file], { encoding: 'utf8' }).trim() }
}

test('the age command opens what is sealed for a recipient', async (context) => {
  requireAge(context)
  const { file, recipient } = newKeys('sealed.key')
  const sealed = await sealAge(content, { recipients: [await readRecipient(` ${recipient}\n`)] })
  expect(execFileSync('age', ['-d', '-i', file], { input: sealed })).toEqual(content)
})

test.for([
  ['armored', ['-a']],
  ['binary', []],
] as const)('a file that the age command makes is opened: %s', async ([, flags], context) => {
  requireAge(context)
  const { file, recipient } = newKeys(`made${flags.length}.key`)
  const made = execFileSync('age', [...flags, '-r', recipient], { input: content })
  expect(isAgeFile(made)).toBe(true)
  expect(await openAge(made, { identities: await readIdentities(readFileSync(file, 'utf8')) })).toEqual(content)
})

test('a passphrase opens its own file and no other', async () => {
  const sealed = Buffer.from(await sealAge(content, { passphrase: new Secret('correct horse') }))
  expect(await openAge(sealed, { passphrase: new Secret('correct horse') })).toEqual(content)
  await expect(openAge(sealed, { passphrase: new Secret('wrong horse') })).rejects.toMatchObject({ code: 'wrong_key' })
})

test('another identity is a wrong key; an altered file is damaged', async (context) => {
  requireAge(context)
  const own = newKeys('own.key')
  const other = newKeys('other.key')
  const made = execFileSync('age', ['-r', own.recipient], { input: content })
  const identities = async (file: string) => ({ identities: await readIdentities(readFileSync(file, 'utf8')) })
  await expect(openAge(made, await identities(other.file))).rejects.toMatchObject({ code: 'wrong_key' })
  const altered = Buffer.from(made)
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
  await expect(openAge(altered, await identities(own.file))).rejects.toMatchObject({ code: 'damaged' })
  await expect(openAge(made.subarray(0, -1), await identities(own.file))).rejects.toMatchObject({ code: 'damaged' })
})

describe('refused by name', () => {
  test.for([
    ['post-quantum', `age1pq1${'q'.repeat(1900)}`],
    ['plugin', 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'],
  ] as const)('%s', async ([kind, text]) => {
    await expect(readRecipient(text)).rejects.toMatchObject({ code: 'usage', message: `the age recipient is of the ${kind} kind` })
  })

  test('a secret key in place of a recipient, without repeating it', async () => {
    const text = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    const error = await readRecipient(text).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'usage' })
    expect(JSON.stringify(error)).not.toContain(text)
    await expect(readIdentities(text)).rejects.toMatchObject({ message: 'line 1 of the identity file is no age identity' })
  })

  test('a typing error, an empty identity file', async () => {
    await expect(readRecipient(`age1${'q'.repeat(58)}`)).rejects.toMatchObject({ code: 'usage' })
    await expect(readIdentities('# nothing\n')).rejects.toMatchObject({ message: 'the identity file holds no age identity' })
  })
})
