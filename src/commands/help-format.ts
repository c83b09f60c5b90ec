import type { Command, Help, Option } from 'commander'

/** Where a command stands in `crm --help`. */
export type Group = 'start' | 'integrations' | 'demos' | 'vault' | 'try'

/** A command line and what it is for. */
export interface Example {
  readonly line: string
  readonly what: string
}

const TITLES: Readonly<Record<Group, string>> = {
  start: 'Start',
  integrations: 'Integrations',
  demos: 'Chatwoot demos',
  vault: 'Vault and keys',
  try: 'Try and learn',
}

const WIDTH = 80
const examplesOf = new WeakMap<Command, readonly Example[]>()
const statusesOf = new WeakMap<Command, readonly number[]>()

/** Sets the examples of a command. The test suite runs each of them. */
export function setExamples(command: Command, examples: readonly Example[]): void {
  examplesOf.set(command, examples)
}

/** The examples of a command; a verb of a group has those of the group that show it. */
export function getExamples(command: Command): readonly Example[] {
  const { parent } = command
  if (parent === null || examplesOf.has(command)) return examplesOf.get(command) ?? []
  return getExamples(parent).filter(({ line }) => `${line} `.startsWith(`${pathOf(command)} `))
}

/** `crm chatwoot inboxes`: the words that call a command. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** Sets the exit statuses that a command, or a verb of this group, may end with besides 0, 1, 2 and 130. */
export function setStatuses(command: Command, statuses: readonly number[]): void {
  statusesOf.set(command, statuses)
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  0: 'done',
  2: 'usage',
  3: 'vault',
  4: 'credential refused',
  5: 'permission',
  6: 'not found',
  7: 'rate limit',
  8: 'unreachable',
  9: 'provider',
  10: 'mixed or partial',
  11: 'conflict',
}

/** Help of at most 80 columns: what it does, usage, examples, flags, exit statuses. */
export function formatHelp(command: Command, helper: Help, entries: readonly { readonly name: string; readonly group: Group }[]): string {
  const sections = [
    `${command.description()}${/[.!]$/.test(command.description()) ? '' : '.'}`,
    `Usage: ${helper.commandUsage(command).replace('[options]', '[flags]').replace(' [command]', ' <command>')}`,
    argumentsSection(command, helper),
    examplesSection(command),
    commandsSection(command, helper, entries),
    flagsSection(command.parent === null ? 'Flags of every command' : 'Flags', helper.visibleOptions(command), helper),
    ...(command.parent === null ? [topics()] : [`Global flags: see crm --help`, statusesSection(command)]),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function argumentsSection(command: Command, helper: Help): string {
  const rows = helper.visibleArguments(command).filter((argument) => argument.description !== '')
  return rows.length === 0 ? '' : `Arguments:\n${table(rows.map((row) => [helper.argumentTerm(row), row.description]))}`
}

function examplesSection(command: Command): string {
  const examples = getExamples(command)
  if (examples.length === 0) return ''
  return `Examples:\n${examples.map(({ line, what }) => exampleLines(line, what)).join('\n')}`
}

function exampleLines(line: string, what: string): string {
  if (line.length <= 40) return `  ${line.padEnd(42)}${what}`.length <= WIDTH ? `  ${line.padEnd(42)}${what}` : `  ${line}\n      ${what}`
  return `  ${wrapCommand(line)}\n      ${what}`
}

/** A long command over several lines, as one types it in a shell. */
function wrapCommand(line: string): string {
  const parts = line.split(/ (?=--)/)
  const lines: string[] = []
  let current = ''
  for (const part of parts) {
    const joined = current === '' ? part : `${current} ${part}`
    if (joined.length > WIDTH - 8 && current !== '') {
      lines.push(current)
      current = part
    } else current = joined
  }
  return [...lines, current].join(' \\\n      ')
}

function commandsSection(command: Command, helper: Help, entries: readonly { readonly name: string; readonly group: Group }[]): string {
  const commands = helper.visibleCommands(command)
  if (commands.length === 0) return ''
  const rowOf = (sub: Command): [string, string] => [
    command.parent === null ? sub.name() : helper.subcommandTerm(sub).replace(' [options]', ''),
    sub.description(),
  ]
  if (command.parent !== null) return `Commands:\n${table(commands.map(rowOf))}`
  return (Object.keys(TITLES) as Group[])
    .map((group) => {
      const names = new Set(entries.filter((entry) => entry.group === group).map((entry) => entry.name))
      return `${TITLES[group]}:\n${table(commands.filter((sub) => names.has(sub.name())).map(rowOf), 14)}`
    })
    .join('\n\n')
}

function flagsSection(title: string, options: readonly Option[], helper: Help): string {
  const rows = options.map((option): [string, string] => [helper.optionTerm(option), option.description])
  return rows.length === 0 ? '' : `${title}:\n${table(rows)}`
}

function statusesFor(command: Command): readonly number[] | undefined {
  return statusesOf.get(command) ?? (command.parent === null ? undefined : statusesFor(command.parent))
}

function statusesSection(command: Command): string {
  const own = statusesFor(command)
  const statuses = [0, 2, ...(own ?? [3])]
  const words = statuses.map((status) => `${status} ${STATUS_WORDS[status]}`)
  return wrap(`Exit statuses: ${words.join(' · ')}   (crm help exit-codes)`, 0)
}

function topics(): string {
  return 'Topics: crm help exit-codes | environment | json | ci | demo-file | hand-over'
}

/** Two columns; a first one that is too long gets a line of its own. */
function table(rows: readonly (readonly [string, string])[], least = 0): string {
  const width = Math.max(least, ...rows.map(([term]) => Math.min(term.length, 28)))
  return rows
    .map(([term, text]) => {
      const indent = width + 4
      const wrapped = wrap(text, indent)
      return term.length > width ? `  ${term}\n${' '.repeat(indent)}${wrapped}` : `  ${term.padEnd(width)}  ${wrapped}`
    })
    .map((line) => line.trimEnd())
    .join('\n')
}

function wrap(text: string, indent: number): string {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > WIDTH - indent) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current].map((line) => line.trimEnd()).join(`\n${' '.repeat(indent)}`)
}
