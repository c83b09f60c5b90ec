/** Longest value that a pattern is tried on, in characters. */
export const LONGEST_VALUE = 16_384

/** Most steps that trying a pattern may take, roughly: some tenths of a second. */
const MOST_STEPS = (LONGEST_VALUE + 1) ** 2

/** Escapes that stand for characters. A back-reference is none of them. */
const ESCAPES = /^\\(?:[dDwWsStnrfv]|[\^$\\.*+?()[\]{}|/-]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/

interface Counted {
  readonly end: number
  readonly least: number
  readonly most: number
}

/**
 * Reads a pattern of a definition: literals, classes, groups, alternatives, anchors, and repetitions of what does not repeat itself
 * (CWE-1333). How long it may try is bounded by multiplying what its repetitions allow, which is what backtracking can cost at worst.
 * @param longest the longest value that it is tried on.
 * @returns the expression, or what is wrong with the pattern.
 */
export function readPattern(pattern: string, longest: number = LONGEST_VALUE): { readonly re: RegExp } | { readonly problem: string } {
  const scan = new Scan(pattern, longest)
  const problem = scan.run()
  if (problem !== undefined) return { problem }
  try {
    return { re: new RegExp(pattern, 'u') }
  } catch {
    // The engine's message is about its own grammar; the subset is told instead.
    return { problem: 'is not a valid pattern' }
  }
}

/** One group that is open: whether something in it repeats, or is one of several. */
interface Group {
  repeats: boolean
}

class Scan {
  #at = 0
  #steps: number
  readonly #groups: Group[] = [{ repeats: false }]

  constructor(
    readonly pattern: string,
    readonly longest: number,
  ) {
    this.#steps = pattern.startsWith('^') ? 1 : longest
  }

  run(): string | undefined {
    while (this.#at < this.pattern.length) {
      const problem = this.#next()
      if (problem !== undefined) return problem
    }
    return this.#groups.length > 1 ? 'has a group that does not end' : undefined
  }

  /** One atom with its repetition. */
  #next(): string | undefined {
    const rest = this.pattern.slice(this.#at)
    const [character = ''] = rest
    if (character === '(') return this.#open(rest)
    if (character === ')') return this.#close()
    if (character === '[') return this.#class(rest)
    if (character === '\\') return this.#escape(rest)
    if (character === '|') {
      this.#steps *= 2
      this.#group.repeats = true
      return this.#skip(1)
    }
    if ('*+?{'.includes(character)) return 'has a repetition of nothing'
    this.#skip(1)
    return character === '^' || character === '$' ? undefined : this.#repetition(false)
  }

  get #group(): Group {
    return this.#groups.at(-1) as Group
  }

  #skip(length: number): undefined {
    this.#at += length
  }

  #open(rest: string): string | undefined {
    const plain = rest.startsWith('(?:')
    if (!plain && rest.startsWith('(?')) return 'may hold (?:...) and (...), and no other group'
    this.#groups.push({ repeats: false })
    return this.#skip(plain ? 3 : 1)
  }

  #close(): string | undefined {
    const group = this.#groups.pop()
    if (group === undefined || this.#groups.length === 0) return 'ends a group that does not begin'
    if (group.repeats) this.#group.repeats = true
    this.#skip(1)
    return this.#repetition(group.repeats)
  }

  #class(rest: string): string | undefined {
    const [whole] = /^\[\^?(?:\\.|[^\]\\[])+\]/.exec(rest) ?? []
    if (whole === undefined) return 'has a class of characters that does not end'
    for (const [found] of whole.matchAll(/\\.[0-9a-fA-F]{0,4}/g)) if (!ESCAPES.test(found)) return 'has an escape that is not known'
    this.#skip(whole.length)
    return this.#repetition(false)
  }

  #escape(rest: string): string | undefined {
    if (/^\\[bB]/.test(rest)) return this.#skip(2)
    const [whole] = ESCAPES.exec(rest) ?? []
    if (whole === undefined) return /^\\[1-9k]/.test(rest) ? 'refers back to a group' : 'has an escape that is not known'
    this.#skip(whole.length)
    return this.#repetition(false)
  }

  /** @param nested whether what is repeated repeats something itself. */
  #repetition(nested: boolean): string | undefined {
    const counted = countOf(this.pattern.slice(this.#at), this.longest)
    if (counted === undefined) return undefined
    if (counted.end < 0 || counted.least > counted.most) return 'has a repetition that is not valid'
    if (nested) return 'repeats what repeats already'
    this.#skip(counted.end)
    if (this.pattern[this.#at] === '?') this.#skip(1)
    this.#group.repeats = true
    if (counted.least !== counted.most) this.#steps *= counted.most - counted.least + 1
    return this.#steps > MOST_STEPS ? 'could take too long; write fewer repetitions, or bounded ones such as {1,40}' : undefined
  }
}

/** The repetition at the beginning of a text; undefined where there is none. */
function countOf(text: string, longest: number): Counted | undefined {
  const [sign = ''] = text
  if (sign === '*') return { end: 1, least: 0, most: longest }
  if (sign === '+') return { end: 1, least: 1, most: longest }
  if (sign === '?') return { end: 1, least: 0, most: 1 }
  if (sign !== '{') return undefined
  const [whole, least = '', comma, most = ''] = /^\{(\d{1,5})(,(\d{1,5})?)?\}/.exec(text) ?? []
  if (whole === undefined) return { end: -1, least: 0, most: 0 }
  const from = Number(least)
  return { end: whole.length, least: from, most: comma === undefined ? from : most === '' ? Math.max(from, longest) : Number(most) }
}
