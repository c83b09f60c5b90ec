import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { type Block, readDocument } from './document.ts'
import { type Call, isInstalled, newReader, type Reader, type Start } from './reader.ts'

const documents = ['README.md', 'docs/guide.md'].map(readDocument)

/** Whether some line of shell text calls the command. */
const CALLS_CRM = /(?:^|[|;(&] *|"\$\(|run: )crm /m

/** Blocks of one kind that call the command, each with where it stands. */
function blocksOf(language: string): readonly (readonly [where: string, block: Block])[] {
  return documents.flatMap(({ path, blocks }) =>
    blocks
      .filter((block) => block.language === language && CALLS_CRM.test(block.text))
      .map((block) => [`${path}:${block.line}`, block] as const),
  )
}

/** Files that the documents show whole: `js bot.mjs` is the file `bot.mjs`. */
function writeFiles(reader: Reader): void {
  for (const { note, text } of documents.flatMap(({ blocks }) => blocks))
    if (/^[\w-]+\.(?:mjs|sh|yaml|json)$/.test(note)) writeFileSync(join(reader.home, note), `${reader.adapt(text)}\n`)
}

/** Programs that a reader may not have. Where one is missing the test is skipped, loudly. */
const NOT_EVERYWHERE = ['jq', 'curl', 'age', 'age-keygen']

function requirePrograms(context: TestContext, text: string): void {
  const missing = NOT_EVERYWHERE.filter((name) => new RegExp(`\\b${name} `).test(text) && !isInstalled(name))
  if (missing.length === 0) return
  console.warn(`SKIPPED "${context.task.name}": ${missing.join(' and ')} is not on this machine`)
  context.skip(`${missing.join(' and ')} is not on this machine`)
}

/** Runs shell text as a reader would. Whatever the shell itself complains about is a mistake of the document. */
async function follow(start: string, text: string, env: (reader: Reader) => Record<string, string> = () => ({})): Promise<Reader> {
  const reader = await newReader((start === '' ? 'one' : start) as Start)
  writeFiles(reader)
  const { stderr, calls } = await reader.run(reader.adapt(text), env(reader))
  // age-keygen tells the public key there.
  expect(stderr.replaceAll(/^Public key: age1\w+\n/gm, '')).toBe('')
  expect(calls.length).toBeGreaterThanOrEqual(text.match(new RegExp(CALLS_CRM, 'gm'))?.length ?? 1)
  expect(calls.filter((call) => !isAsExpected(call))).toEqual([])
  return reader
}

/** Every call ends well, or with a question that nobody is there to answer. */
function isAsExpected({ status, stdout, stderr }: Call): boolean {
  return status === 0 || (status === 2 && /there is no terminal to ask on/.test(stdout + stderr))
}

describe.concurrent('the shell lines of the documents', () => {
  test.for(blocksOf('sh'))('%s do what they say', async ([, { note, text }], context) => {
    requirePrograms(context, text.includes('try-bot.sh') ? 'jq curl ' : text)
    await follow(note, text)
  })
})

describe.concurrent('the jobs of the documents', () => {
  test.each(blocksOf('yaml'))('%s run', async (_where, { note, text }) => {
    const variables = Array.from(text.matchAll(/^ {6}([A-Z_]+): (.+)$/gm), ([, name = '', value = '']) => [name, value] as const)
    const steps = Array.from(text.matchAll(/^ +- run: (.+)$/gm), ([, line = '']) => line)
    // Installing is tried by whoever makes a release: it needs the registry.
    const script = steps.filter((line) => !line.startsWith('npm install ')).join('\n')
    expect(steps.some((line) => line.startsWith('npm install --global ./tools/crm-vault-'))).toBe(true)
    await follow(note, script, (reader) =>
      Object.fromEntries(
        variables.map(([name, value]) => {
          const secret = /^\$\{\{ secrets\.([A-Z_]+) \}\}$/.exec(value)?.[1]
          const given = secret === undefined ? reader.adapt(value).replaceAll("'", '') : reader.env[secret]
          if (given === undefined) throw new Error(`there is no secret for ${name}`)
          return [name, given]
        }),
      ),
    )
  })
})

test('the documents have commands to run, each kind of them', () => {
  expect(blocksOf('sh').length).toBeGreaterThan(20)
  expect(blocksOf('yaml')).toHaveLength(2)
})

test('no block that calls the command is of a kind that nobody runs', () => {
  const run = new Set(['sh', 'yaml', 'console'])
  const idle = documents.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language, note, text }) => CALLS_CRM.test(text) && !run.has(language) && !note.endsWith('.sh') && language !== 'ts')
      .map(({ line }) => `${path}:${line}`),
  )
  expect(idle).toEqual([])
})

test('files are where the guide says', async () => {
  const reader = await follow('empty', 'crm init --key file\ncrm profile create other --key file\ncrm profile use other')
  const paths = ['.local/share/crm/vault.db', '.config/crm/key', '.config/crm/config.json', '.local/state/crm']
  expect(paths.filter((path) => !existsSync(join(reader.home, path)))).toEqual([])
})
