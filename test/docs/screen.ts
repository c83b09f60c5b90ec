/**
 * What a terminal shows after some output: text alone, the lines that scrolled away included. Long lines stay whole, as they do when
 * they are copied.
 */
export function screenText(output: string): string {
  const screen = new Screen()
  for (const [token] of output.matchAll(TOKENS)) screen.take(token)
  return screen.text()
}

const TOKENS = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007|\u001b[^[\]]|[\s\S]/gu

class Screen {
  readonly #lines: string[][] = [[]]
  #row = 0
  #column = 0

  text(): string {
    return this.#lines
      .map((line) => line.join('').trimEnd())
      .join('\n')
      .trimEnd()
  }

  take(token: string): void {
    if (token === '\n') this.#moveTo(this.#row + 1, this.#column)
    else if (token === '\r') this.#column = 0
    else if (token.startsWith('\u001b[')) this.#control(token.at(-1) ?? '', token.slice(2, -1))
    else if (!token.startsWith('\u001b')) this.#print(token)
  }

  #print(character: string): void {
    const line = this.#line()
    while (line.length < this.#column) line.push(' ')
    line[this.#column] = character
    this.#column += 1
  }

  #control(letter: string, parameters: string): void {
    const count = Number(parameters) || 1
    if (letter === 'A') this.#moveTo(this.#row - count, this.#column)
    else if (letter === 'B') this.#moveTo(this.#row + count, this.#column)
    else if (letter === 'C') this.#column += count
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count)
    else if (letter === 'G') this.#column = count - 1
    else if (letter === 'K') this.#eraseLine(parameters)
    else if (letter === 'J') {
      this.#eraseLine('')
      this.#lines.length = this.#row + 1
    } else if (!'mhl'.includes(letter)) throw new Error(`the screen does not know the sequence ESC [ ${parameters} ${letter}`)
  }

  #eraseLine(parameters: string): void {
    if (parameters === '2') this.#lines[this.#row] = []
    else if (parameters === '1') this.#line().fill(' ', 0, this.#column)
    else this.#line().length = Math.min(this.#line().length, this.#column)
  }

  #moveTo(row: number, column: number): void {
    this.#row = Math.max(0, row)
    this.#column = column
    while (this.#lines.length <= this.#row) this.#lines.push([])
  }

  #line(): string[] {
    const line = this.#lines[this.#row]
    if (line === undefined) throw new Error('the screen lost its line')
    return line
  }
}
