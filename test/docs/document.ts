import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)

/** A fenced block of a document. */
export interface Block {
  /** The first word behind the fence: `sh`, `console`, `ts`. */
  readonly language: string
  /** What stands behind the language; GitHub does not show it. */
  readonly note: string
  readonly text: string
  /** The line of the fence, from 1. */
  readonly line: number
}

/** A heading and all that stands below it, up to the next heading of its level or above. */
export interface Section {
  readonly title: string
  readonly level: number
  /** What a link names: `#exit-statuses`. */
  readonly anchor: string
  readonly text: string
}

/** A Markdown file of the project. */
export interface Document {
  /** From the root of the project: `docs/guide.md`. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
  readonly sections: readonly Section[]
  /** The targets of all links, as written. */
  readonly links: readonly string[]
}

/** Reads a Markdown file of the project. */
export function readDocument(path: string): Document {
  const text = readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8')
  const lines = text.split('\n')
  const blocks = blocksOf(lines)
  const prose = withoutBlocks(lines, blocks)
  const links = Array.from(prose.join('\n').matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
  return { path, text, blocks, sections: sectionsOf(lines, prose), links }
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  for (let index = 0; index < lines.length; index++) {
    const fence = /^ *```(\S+) ?(.*)$/.exec(lines[index] ?? '')
    if (fence === null) continue
    const end = lines.findIndex((line, later) => later > index && /^ *```$/.test(line))
    if (end < 0) throw new Error(`line ${index + 1} begins a block that does not end`)
    const [, language = '', note = ''] = fence
    blocks.push({ language, note, text: lines.slice(index + 1, end).join('\n'), line: index + 1 })
    index = end
  }
  return blocks
}

/** The same lines, with empty ones in place of blocks: what looks like a heading or a link there is none. */
function withoutBlocks(lines: readonly string[], blocks: readonly Block[]): string[] {
  const prose = [...lines]
  for (const { line, text } of blocks) prose.fill('', line - 1, line + text.split('\n').length + 1)
  return prose
}

function sectionsOf(lines: readonly string[], prose: readonly string[]): Section[] {
  const heads = prose.flatMap((line, index) => {
    const match = /^(#{1,6}) (.+)$/.exec(line)
    return match === null ? [] : [{ index, level: match[1]?.length ?? 0, title: match[2] ?? '' }]
  })
  const used = new Map<string, number>()
  return heads.map(({ index, level, title }) => {
    const end = heads.find((head) => head.index > index && head.level <= level)?.index ?? lines.length
    const plain = anchorOf(title)
    const times = used.get(plain) ?? 0
    used.set(plain, times + 1)
    return { title, level, anchor: times === 0 ? plain : `${plain}-${times}`, text: lines.slice(index + 1, end).join('\n') }
  })
}

/** As GitHub makes anchors: lower case, punctuation left out, a hyphen for each blank. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

/** The section of a title. */
export function sectionOf(document: Document, title: string): Section {
  const section = document.sections.find((candidate) => candidate.title === title)
  if (section === undefined) throw new Error(`${document.path} has no section ${title}`)
  return section
}

/** The rows of the first table in a section, without its head; cells without backticks. */
export function tableIn({ text }: Section): readonly (readonly string[])[] {
  const lines = text.split('\n')
  const rule = lines.findIndex((line) => /^\|(?: *:?-+:? *\|)+$/.test(line))
  const rows: string[][] = []
  for (const line of lines.slice(rule + 1)) {
    if (rule < 0 || !line.startsWith('|')) break
    // A bar inside of a cell is written \|.
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
    )
  }
  return rows
}

/** The command lines of shell text: continued lines joined, comments and empty lines left out. */
export function commandLines(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
