/** Age files, against the `age` command itself. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { ageFileNeeds, armorAge, isAgeFile, isAgeRecipient, openAge, readIdentities, readRecipient, sealAge } from '../../src/crypto/age.ts'
import { newAgeKeys, requireAge } from '../support/age.ts'
import { runInTerminal } from '../support/pty.ts'

const directory = mkdtempSync(join(tmpdir(), 'crm-age-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const content = Buffer.from('{"name":"acme","token":"ünïcode"}\n')
const PASSPHRASE = 'correct horse battery'
const env = { PATH: process.env.PATH ?? '', HOME: directory }

const newKeys = (name: string) => newAgeKeys(join(directory, name))
const identitiesOf = async (file: string) => ({ identities: await readIdentities(readFileSync(file, 'utf8')) })

test('the age command opens what is sealed for recipients, binary and armored, with the key of any of them', async (context) => {
  requireAge(context)
  const keys = [newKeys('first.key'), newKeys('second.key')] as const
  const sealed = await sealAge(content, { recipients: [await readRecipient(` ${keys[0].recipient}\n`), keys[1].recipient] })
  expect(await ageFileNeeds(sealed)).toBe('identity')
  for (const { file } of keys)
    for (const input of [sealed, Buffer.from(await armorAge(sealed))])
      expect(execFileSync('age', ['-d', '-i', file], { input })).toEqual(content)
})

test.for([
  ['armored', ['-a']],
  ['binary', []],
] as const)('a file that the age command makes is opened: %s', async ([name, flags], context) => {
  requireAge(context)
  const { file, recipient } = newKeys(`made-${name}.key`)
  const made = execFileSync('age', [...flags, '-r', recipient], { input: content })
  expect(isAgeFile(made)).toBe(true)
  expect(await openAge(made, await identitiesOf(file))).toEqual(content)
})

test('the age command opens what is sealed with a passphrase', async (context) => {
  requireAge(context)
  const path = join(directory, 'sealed.age')
  writeFileSync(path, await sealAge(content, { passphrase: new Secret(PASSPHRASE) }))
  const terminal = runInTerminal({ command: ['age', '-d', '-o', join(directory, 'opened'), path], env })
  await terminal.sees('passphrase')
  terminal.type(`${PASSPHRASE}\r`)
  expect(await terminal.exited).toBe(0)
  expect(readFileSync(join(directory, 'opened'))).toEqual(content)
})

test('a file that the age command seals with a passphrase is opened by that passphrase, and no other', async (context) => {
  requireAge(context)
  writeFileSync(join(directory, 'content'), content)
  const path = join(directory, 'made.age')
  const terminal = runInTerminal({ command: ['age', '-p', '-o', path, join(directory, 'content')], env })
  for (const prompt of ['Enter passphrase', 'Confirm passphrase']) {
    await terminal.sees(prompt)
    terminal.type(`${PASSPHRASE}\r`)
  }
  expect(await terminal.exited).toBe(0)
  const made = readFileSync(path)
  expect(await ageFileNeeds(made)).toBe('passphrase')
  expect(await openAge(made, { passphrase: new Secret(PASSPHRASE) })).toEqual(content)
  await expect(openAge(made, { passphrase: new Secret('wrong horse') })).rejects.toMatchObject({ code: 'wrong_key' })
})

test('an identity does not open what is sealed with a passphrase, nor a passphrase what is sealed for a recipient', async (context) => {
  requireAge(context)
  const { file, recipient } = newKeys('other-kind.key')
  const byPassphrase = await sealAge(content, { passphrase: new Secret(PASSPHRASE) })
  const forRecipient = await sealAge(content, { recipients: [recipient] })
  await expect(openAge(byPassphrase, await identitiesOf(file))).rejects.toMatchObject({ code: 'wrong_key' })
  await expect(openAge(forRecipient, { passphrase: new Secret(PASSPHRASE) })).rejects.toMatchObject({ code: 'wrong_key' })
})

test('another identity is a wrong key; an altered file is damaged, wherever it was altered or cut', async (context) => {
  requireAge(context)
  const own = newKeys('own.key')
  const other = newKeys('other.key')
  const made = execFileSync('age', ['-r', own.recipient], { input: Buffer.alloc(70_000, 'x') })
  await expect(openAge(made, await identitiesOf(other.file))).rejects.toMatchObject({ code: 'wrong_key' })
  const key = await identitiesOf(own.file)
  const header = made.indexOf('\n---') + 60
  for (const place of [0, 10, made.indexOf('\n---') + 10, header, header + 40, header + 65_560, made.length - 1]) {
    const altered = Buffer.from(made)
    altered[place] = (altered.at(place) ?? 0) ^ 1
    await expect(openAge(altered, key), `altered at ${place}`).rejects.toMatchObject({ code: 'damaged' })
  }
  for (const length of [0, 1, 30, 100, header, header + 16, header + 16 + 65_552, made.length - 1])
    await expect(openAge(made.subarray(0, length), key), `cut to ${length}`).rejects.toMatchObject({ code: 'damaged' })
  await expect(openAge(Buffer.concat([made, Buffer.of(0)]), key)).rejects.toMatchObject({ code: 'damaged' })
})

describe('bounds', () => {
  const withStanzas = (stanzas: string) => Buffer.from(`age-encryption.org/v1\n${stanzas}--- ${'A'.repeat(43)}\n${'x'.repeat(60)}`)
  const scrypt = (work: string, salt = 'A'.repeat(22)) => `-> scrypt ${salt} ${work}\n${'A'.repeat(43)}\n`
  const passphrase = { passphrase: new Secret(PASSPHRASE) }

  test.for(['21', '30', '99'])('a passphrase that asks for 2^%s is refused before the work is done', async (work) => {
    await expect(openAge(withStanzas(scrypt(work)), passphrase)).rejects.toMatchObject({
      code: 'usage',
      message: 'the passphrase of the age file asks for too much work',
    })
  })

  test.for(['018', '+18', '18 18', '0', '-1', '1e1', '999'])('a work factor of %s is damage', async (work) => {
    await expect(openAge(withStanzas(scrypt(work)), passphrase)).rejects.toMatchObject({ code: 'damaged' })
  })

  test('a passphrase beside anything else, and a salt of another length, are damage', async () => {
    const beside = withStanzas(`${scrypt('10')}-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`)
    await expect(openAge(beside, passphrase)).rejects.toMatchObject({ code: 'damaged' })
    await expect(openAge(withStanzas(scrypt('10') + scrypt('10')), passphrase)).rejects.toMatchObject({ code: 'damaged' })
    await expect(openAge(withStanzas(scrypt('10', 'A'.repeat(20))), passphrase)).rejects.toMatchObject({ code: 'damaged' })
  })

  test('a header of more than 64 KiB is not read', async () => {
    const many = withStanzas(`-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`.repeat(700))
    await expect(ageFileNeeds(many)).rejects.toMatchObject({ code: 'usage', message: 'the age file is for too many recipients' })
    await expect(openAge(many, passphrase)).rejects.toMatchObject({ code: 'usage' })
  })

  test('more than 100 identities are not tried', async () => {
    await expect(readIdentities('x\n'.repeat(101))).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('refused by name', () => {
  test.for([
    ['post-quantum', `age1pq1${'q'.repeat(1900)}`],
    ['plugin', 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'],
    ['SSH', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample'],
  ] as const)('%s', async ([kind, text]) => {
    await expect(readRecipient(text)).rejects.toMatchObject({ code: 'usage', message: `the age recipient is of the ${kind} kind` })
  })

  test('a secret key in place of a recipient, without repeating it', async () => {
    const text = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    expect(isAgeRecipient(text)).toBe(false)
    const error = await readRecipient(text).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'usage' })
    expect(JSON.stringify(error)).not.toContain(text)
    await expect(readIdentities(text)).rejects.toMatchObject({ message: 'line 1 of the identity file is no age identity' })
  })

  test('a typing error, an empty identity file, one that is sealed itself', async () => {
    await expect(readRecipient(`age1${'q'.repeat(58)}`)).rejects.toMatchObject({ code: 'usage' })
    await expect(readIdentities('# nothing\n')).rejects.toMatchObject({ message: 'the identity file holds no age identity' })
    await expect(readIdentities('age-encryption.org/v1\n-> scrypt\n')).rejects.toMatchObject({
      message: 'the identity file is sealed itself',
    })
  })
})
