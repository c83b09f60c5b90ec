import { KEYS, paste, runInTerminal } from '../support/pty.ts'
import type { Reader } from './reader.ts'
import { screenText } from './screen.ts'

/** The width of the terminals in the documents. */
const COLUMNS = 80

/** A command of a transcript, and what it printed. */
export interface Exchange {
  readonly command: string
  readonly output: string
}

/** The exchanges of a block: each begins with a line `$ command`. */
export function exchangesOf(text: string): readonly Exchange[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n')
      return { command, output: output.join('\n').trimEnd() }
    })
}

/** What a person types into `crm add chatwoot`: the address of the dashboard, the token, and Enter for `test and save`. */
function answersFor(command: string, { sandbox }: Reader): readonly (readonly [question: string, keys: string])[] {
  if (command !== 'crm add chatwoot') return []
  return [
    ['Base URL', paste(`${sandbox.url}/app/accounts/${sandbox.accounts[0]?.id}/dashboard`) + KEYS.enter],
    ['API access token', paste(sandbox.administratorToken) + KEYS.enter],
    ['What next', KEYS.enter],
  ]
}

/** Runs a command on a terminal. @returns what is on the screen when it has ended. */
export async function perform(reader: Reader, command: string): Promise<string> {
  const terminal = runInTerminal({
    command: ['/bin/bash', '-c', command],
    env: { ...reader.env, PATH: `${reader.plainPrograms}:${reader.env.PATH}` },
    cwd: reader.home,
    columns: COLUMNS,
  })
  for (const [question, keys] of answersFor(command, reader)) {
    await terminal.sees(question)
    terminal.type(keys)
  }
  await terminal.exited
  return screenText(terminal.raw())
}

/** Text with what differs from run to run taken out: addresses, ids of requests, tokens of widgets, times. */
export function settled(text: string, home: string): string {
  return text
    .replaceAll(home, '/home/ann')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, '<request>')
    .replaceAll(/\b[A-Za-z0-9]{24}\b/g, '<token>')
    .replaceAll(/••••••••\S{4}/g, '••••••••<end>')
    .replaceAll(/\b\d+(?:\.\d)? m?s\b/g, '<time>')
}
