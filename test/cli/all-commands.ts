import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { App } from '../../src/commands/app.ts'
import { type Example, getExamples } from '../../src/commands/help-format.ts'
import { createProgram } from '../../src/commands/program.ts'
import { streamOutput } from '../../src/terminal/streams.ts'
import type { World } from '../../src/world.ts'

/** A command as the program itself knows it. */
export interface KnownCommand {
  /** Its words: `profile create`. */
  readonly words: readonly string[]
  readonly aliases: readonly string[]
  readonly examples: readonly Example[]
  /** Whether it only holds other commands, and does nothing by itself. */
  readonly isGroup: boolean
}

const NOWHERE: World = {
  argv: [],
  env: {},
  encryptionKey: undefined,
  nodeOptions: [],
  stdin: { isTTY: false, open: () => new PassThrough() as unknown as NodeJS.ReadStream },
  stdout: streamOutput(new PassThrough().resume()),
  stderr: streamOutput(new PassThrough().resume()),
  platform: process.platform,
  node: process.versions.node,
  home: '/nonexistent',
  actor: () => 'nobody',
  host: () => 'nowhere',
  pid: process.pid,
  startOf: () => undefined,
  uid: undefined,
  clock: Date.now,
  onStop: () => {},
  program: ['node', 'crm'],
}

/** Every command that `crm` has, those inside of others included: asked of the program, so that none can be forgotten. */
export async function allCommands(): Promise<readonly KnownCommand[]> {
  const names = createProgram(new App(NOWHERE)).commands.map((command) => command.name())
  const found: KnownCommand[] = []
  for (const name of names) {
    const command = await complete(name)
    found.push(...withInner(command, [name]))
  }
  return found
}

function withInner(command: Command, words: readonly string[]): KnownCommand[] {
  return [known(command, words), ...command.commands.flatMap((inner) => withInner(inner, [...words, inner.name()]))]
}

/** Printing a command's help completes it: arguments, flags, examples. A fresh program for each, as in real life. */
async function complete(name: string): Promise<Command> {
  const program = createProgram(new App(NOWHERE))
  await program.parseAsync([name, '--help'], { from: 'user' }).catch((error: { exitCode?: number }) => {
    if (error.exitCode !== 0) throw error
  })
  const command = program.commands.find((candidate) => candidate.name() === name)
  if (command === undefined) throw new Error(`${name} is gone`)
  return command
}

function known(command: Command, words: readonly string[]): KnownCommand {
  return { words, aliases: command.aliases(), examples: getExamples(command), isGroup: command.commands.length > 0 }
}
