import { PASTED_CONTROL, PASTED_NEWLINE } from './ask.ts'

/** Makes the terminal mark what is pasted, so that a line break in it is not taken for Enter (DEC private mode 2004). */
export const PASTE_MODE_ON = '\u001b[?2004h'
/** Ends {@link PASTE_MODE_ON}. */
export const PASTE_MODE_OFF = '\u001b[?2004l'
const PASTE_START = '\u001b[200~'
const PASTE_END = '\u001b[201~'
const CTRL_C = '\u0003'

/** Pasted text as one line: one line break at its end is dropped; what no line may hold becomes visible and is refused later. */
export function pastedLine(text: string, joinLines: boolean): string {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n$/, '')
  const flat = joinLines ? lines.replace(/[\n\t]+/g, ' ') : lines.replaceAll('\n', PASTED_NEWLINE)
  return flat.replace(/[\u0000-\u001f\u007f-\u009f]/g, PASTED_CONTROL)
}

/** Keys as they come from a terminal, with each paste turned into one line. */
export interface PasteFilter {
  push(keys: string): string
}

/** How much of a text's end could be the beginning of a mark; a lone Escape is a key and is let through. */
function unfinishedMark(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 1; length--) if (text.endsWith(mark.slice(0, length))) return length
  return 0
}

/** A filter for one prompt. Marks may be split between pieces; Ctrl-C ends a paste that the terminal never ended. */
export function createPasteFilter(joinLines: boolean): PasteFilter {
  let held = ''
  let pasted: string | undefined

  function step(keys: string): { readonly out: string; readonly rest: string } {
    if (pasted === undefined) {
      const start = keys.indexOf(PASTE_START)
      if (start >= 0) {
        pasted = ''
        return { out: keys.slice(0, start), rest: keys.slice(start + PASTE_START.length) }
      }
      const keep = unfinishedMark(keys, PASTE_START)
      held = keys.slice(keys.length - keep)
      return { out: keys.slice(0, keys.length - keep), rest: '' }
    }
    const end = keys.indexOf(PASTE_END)
    if (end >= 0) {
      const line = pastedLine(pasted + keys.slice(0, end), joinLines)
      pasted = undefined
      return { out: line, rest: keys.slice(end + PASTE_END.length) }
    }
    const keep = unfinishedMark(keys, PASTE_END)
    held = keys.slice(keys.length - keep)
    pasted += keys.slice(0, keys.length - keep)
    return { out: '', rest: '' }
  }

  return {
    push(keys) {
      if (pasted !== undefined && keys === CTRL_C) {
        pasted = undefined
        held = ''
        return CTRL_C
      }
      let rest = held + keys
      held = ''
      let out = ''
      while (rest !== '') {
        const done = step(rest)
        out += done.out
        rest = done.rest
      }
      return out
    },
  }
}
