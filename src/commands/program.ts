import { Command, CommanderError } from 'commander'
import type { World } from '../world.ts'
import { App, type GlobalOptions } from './app.ts'
import { formatHelp, type Group } from './help-format.ts'
import { VERSION } from './version.ts'

/** What a command file exports: it completes its command with arguments, options, examples and an action. */
export interface CommandFile {
  define(command: Command, app: App): void | Promise<void>
}

interface Entry {
  readonly name: string
  readonly alias?: string
  readonly summary: string
  readonly group: Group
  readonly load: () => Promise<CommandFile>
}

/** Every command. Its file is loaded when it is called, and not before. */
const COMMANDS: readonly Entry[] = [
  { name: 'init', group: 'start', summary: 'Create the vault and a profile with its first key', load: () => import('./init.ts') },
  { name: 'add', group: 'start', summary: 'Add an integration: ask, test, save', load: () => import('./add.ts') },
  { name: 'list', alias: 'ls', group: 'integrations', summary: 'List the integrations of the profile', load: () => import('./list.ts') },
  { name: 'show', group: 'integrations', summary: 'Show one integration', load: () => import('./show.ts') },
  { name: 'test', group: 'integrations', summary: 'Test credentials against their CRM', load: () => import('./test.ts') },
  { name: 'edit', group: 'integrations', summary: 'Change an integration', load: () => import('./edit.ts') },
  { name: 'env', group: 'integrations', summary: 'Hand a valid token to a shell or a script', load: () => import('./env.ts') },
  {
    name: 'login',
    group: 'integrations',
    summary: 'Sign in again to an integration, with the browser',
    load: () => import('./login.ts'),
  },
  {
    name: 'authorize',
    group: 'integrations',
    summary: 'Sign in with the browser for another machine',
    load: () => import('./authorize.ts'),
  },
  { name: 'toggle', group: 'integrations', summary: 'Switch an integration on or off', load: () => import('./toggle.ts') },
  { name: 'remove', alias: 'rm', group: 'integrations', summary: 'Remove an integration', load: () => import('./remove.ts') },
  { name: 'export', group: 'integrations', summary: 'Seal integrations in a file for somebody', load: () => import('./export.ts') },
  { name: 'import', group: 'integrations', summary: 'Take integrations from a file', load: () => import('./import.ts') },
  { name: 'stats', group: 'integrations', summary: 'Count integrations, failures and demos', load: () => import('./stats.ts') },
  { name: 'providers', group: 'integrations', summary: 'Show the kinds of CRM and what each needs', load: () => import('./providers.ts') },
  {
    name: 'demo-create',
    group: 'demos',
    summary: 'Create a Chatwoot demo: inbox, bot and their link',
    load: () => import('./demo-create.ts'),
  },
  {
    name: 'demo-apply',
    group: 'demos',
    summary: 'Make the demos of a file, as many as it names',
    load: () => import('./demo-apply.ts'),
  },
  { name: 'demo-list', group: 'demos', summary: 'List the demos of the profile', load: () => import('./demo-list.ts') },
  { name: 'demo-show', group: 'demos', summary: 'Show one demo', load: () => import('./demo-show.ts') },
  { name: 'demo-open', group: 'demos', summary: 'Open a demo in the browser, or its page', load: () => import('./demo-open.ts') },
  {
    name: 'demo-verify',
    group: 'demos',
    summary: 'Talk to a demo as a customer, and wait for its bot',
    load: () => import('./demo-verify.ts'),
  },
  { name: 'demo-remove', group: 'demos', summary: 'Remove demos from the server', load: () => import('./demo-remove.ts') },
  { name: 'demo-export', group: 'demos', summary: 'Write the file of the demos that there are', load: () => import('./demo-export.ts') },
  { name: 'demo-extend', group: 'demos', summary: 'Give a demo another end', load: () => import('./demo-extend.ts') },
  { name: 'demo-sweep', group: 'demos', summary: 'Remove the demos that are over', load: () => import('./demo-sweep.ts') },
  { name: 'demo-destroy', group: 'demos', summary: 'Remove the demos of a file', load: () => import('./demo-destroy.ts') },
  {
    name: 'chatwoot',
    group: 'demos',
    summary: 'Inboxes, bots and webhooks of a Chatwoot, one by one',
    load: () => import('./chatwoot.ts'),
  },
  { name: 'webhook', group: 'demos', summary: 'Check and take what Chatwoot delivers', load: () => import('./webhook.ts') },
  { name: 'profile', group: 'vault', summary: 'List, create, choose, rename and remove profiles', load: () => import('./profile.ts') },
  { name: 'which', group: 'vault', summary: 'Say which profile, vault and key are in use, and why', load: () => import('./which.ts') },
  { name: 'key', group: 'vault', summary: 'Make keys, and manage what opens a profile', load: () => import('./key.ts') },
  { name: 'passwd', group: 'vault', summary: 'Change the passphrase of a profile', load: () => import('./passwd.ts') },
  { name: 'unlock', group: 'vault', summary: 'Keep a profile open for a while', load: () => import('./unlock.ts') },
  { name: 'lock', group: 'vault', summary: 'End what crm unlock began', load: () => import('./lock.ts') },
  { name: 'vault', group: 'vault', summary: 'Verify, back up and restore the vault', load: () => import('./vault.ts') },
  { name: 'audit', group: 'vault', summary: 'Show and verify the audit log', load: () => import('./audit.ts') },
  {
    name: 'doctor',
    group: 'vault',
    summary: 'Look for what is wrong, and say how to mend it',
    load: () => import('./doctor.ts'),
  },
  { name: 'sandbox', group: 'try', summary: 'Run a Chatwoot-compatible server on this machine', load: () => import('./sandbox.ts') },
  { name: 'tour', group: 'try', summary: 'See the main job done in a temporary vault', load: () => import('./tour.ts') },
  { name: 'help', group: 'try', summary: 'Show help for a command or a topic', load: () => import('./help.ts') },
]

/** Parses the command line and runs the command it names. @returns the exit status, and the words by which a command was called if one ran. */
export async function runCommand(world: World): Promise<{ readonly status: number; readonly command: string | undefined }> {
  const app = new App(world)
  const program = createProgram(app, commandsIn(world.argv))
  try {
    await program.parseAsync([...world.argv], { from: 'user' })
  } catch (error) {
    await ended(app, program, error)
  }
  return { status: app.status, command: asCalled(app.ran, world.argv) }
}

/** The words of a command, with its alias where that was typed. */
function asCalled(command: string | undefined, argv: readonly string[]): string | undefined {
  const { name = '', alias } = COMMANDS.find((entry) => entry.name === command) ?? {}
  return alias !== undefined && argv.includes(alias) && !argv.includes(name) ? alias : command
}

/** Help and version end the parse by an exception; everything else that does is a failure. */
async function ended(app: App, program: Command, error: unknown): Promise<void> {
  if (!(error instanceof CommanderError)) {
    prepare(app, program)
    await app.run(commandName(program, app.world.argv), () => Promise.reject(error))
    return
  }
  if (error.exitCode === 0) return
  prepare(app, program)
  const { fromParser } = await import('./parser-failures.ts')
  if (error.code === 'commander.help') {
    // A group without its verb, such as `crm key`: its usage was printed on standard error.
    app.status = 2
    if (app.ui.flags.json) await app.run('help', () => Promise.reject(fromParser(error.code, error.message)))
    return
  }
  const name = commandName(program, app.world.argv)
  const { words } = calledCommand(program, app.world.argv)
  await app.run(name, () => Promise.reject(fromParser(error.code, error.message, name, words)))
}

/** Global flags that the parser did not get to, because it failed before. */
function prepare(app: App, program: Command): void {
  const words = app.world.argv.includes('--') ? app.world.argv.slice(0, app.world.argv.indexOf('--')) : app.world.argv
  const globals = program.opts<GlobalOptions>()
  app.use({ ...globals, json: globals.json === true || words.includes('--json') })
}

/** The words of the command that was called, aliases resolved. What calls none is answered like `crm help`. */
function commandName(program: Command, argv: readonly string[]): string {
  const { command, words } = calledCommand(program, argv)
  const isGroup = command.commands.length > 0 && command.options.length === 0 && command.registeredArguments.length === 0
  return command === program || isGroup ? 'help' : words.join(' ')
}

/** The command or group that the words lead to, and those words. */
function calledCommand(program: Command, argv: readonly string[]): { readonly command: Command; readonly words: readonly string[] } {
  // The parser knows no words yet when a global flag is wrong.
  const words = program.args.length > 0 ? program.args : argv.filter((word) => !word.startsWith('-'))
  const named = (parent: Command, word: string) =>
    parent.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word))
  let command = program
  const names: string[] = []
  for (const word of words) {
    const inner = named(command, word)
    if (inner === undefined) break
    names.push(inner.name())
    command = inner
  }
  return { command, words: names }
}

/** The words of a command line after which all commands are shown. */
const ASKS_FOR_ALL = /^(?:help|--help|-[a-z]*h[a-z]*)$/i

/** The commands that a command line can mean. To make one of each takes the parser longer than most of them need for what they do. */
function commandsIn(argv: readonly string[]): readonly Entry[] {
  if (argv.some((word) => ASKS_FOR_ALL.test(word))) return COMMANDS
  return COMMANDS.filter(({ name, alias }) => argv.includes(name) || (alias !== undefined && argv.includes(alias)))
}

/** The program with these commands, each complete only once it is called. A fresh one for each run. */
export function createProgram(app: App, commands: readonly Entry[] = COMMANDS): Command {
  const program = new Command('crm')
  program
    .description('Keeps CRM credentials encrypted, says truthfully whether each works,\nand provisions Chatwoot demos.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .option('-p, --profile <name>', 'use this profile (CRM_PROFILE)')
    .option('--vault <path>', 'use this vault (CRM_VAULT)')
    .option('--json', 'print one JSON document')
    .option('--fields <a,b.c>', 'keep only these of the JSON data; implies --json')
    .option('-q, --quiet', 'print results and errors only')
    .option('-v, --verbose', 'print steps and timings; twice: HTTP lines', (_value: string, times: number) => times + 1, 0)
    .option('--no-input', 'never ask')
    .option('--no-color', 'no colour (NO_COLOR)')
    .option('-y, --yes', 'answer yes to confirmations')
    .option('--timeout <duration>', 'limit of the whole command, such as 90s')
    .configureHelp({ formatHelp: (command, helper) => formatHelp(command, helper, COMMANDS) })
    .configureOutput({
      writeOut: (text) => (app.helpSink === undefined ? app.ui.print(text) : app.helpSink(text)),
      writeErr: (text) => app.ui.usage(text),
      outputError: () => {},
      // Commander would ask the streams, and opening them costs a start its network; our help has a width of its own and no colour.
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    // A word that is no command reaches the action below, which says so better than "too many arguments".
    .allowExcessArguments()
    .hook('preSubcommand', async (_program, command) => {
      app.use(program.opts<GlobalOptions>())
      const entry = COMMANDS.find((candidate) => candidate.name === command.name())
      await (await entry?.load())?.define(command, app)
    })
    .action(async () => {
      app.use(program.opts<GlobalOptions>())
      await (await import('./overview.ts')).overview(app, program, COMMANDS)
    })
  for (const { name, alias, summary } of commands) {
    const command = program.command(name).description(summary).helpCommand(false).allowExcessArguments(false)
    if (alias !== undefined) command.alias(alias)
  }
  return program
}
