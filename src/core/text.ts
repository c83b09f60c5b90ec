/**
 * What must never reach a terminal as it is: C0 (but newline where asked for), DEL, C1, bidi controls, zero-width
 * characters, line and paragraph separators, tag characters, interlinear annotation,
 * lone surrogates (`security.md` section 11).
 */
// With the flag `u`, the class of surrogates matches lone ones only.
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu

/** Nearly every text that is printed: it needs no second look. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

function escapeForTerminal(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** How many code points of a text from outside are shown. */
export const SHOWN_CODE_POINTS = 200

/**
 * Text from outside - a server, a row, a file, the environment - made safe to print on one line: control, bidi and invisible
 * characters become visible escapes such as `\x1b` and `\u{202e}`, and it is cut at `limit` code points.
 */
export function visible(text: string, limit: number = SHOWN_CODE_POINTS): string {
  if (text.length <= limit && PRINTABLE_ASCII.test(text)) return text
  const points = Array.from(text)
  const cut = points.length > limit ? `${points.slice(0, limit).join('')}…` : text
  return cut.replace(HOSTILE, escapeForTerminal)
}

/** JSON text with every character of {@link visible}'s set as an escape such as `\u202e`; equal to the original once parsed. */
export function escapeJson(text: string): string {
  return text.replace(HOSTILE, (character) => {
    if (character === '\n') return character
    // In JSON they stand between the parts, never in a string.
    if (character === '\t' || character === '\r') return ' '
    return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(
      '',
    )
  })
}
