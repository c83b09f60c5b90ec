import { visible } from '../core/text.ts'
import { showDuration } from './relative-time.ts'

/** Something that takes a while, as the person sees it. End it on every path. */
export interface Progress {
  /** Names what is being waited for now. */
  update(label: string): void
  /** Ends it and erases the spinner; `outcome` is added to the plain line (`connected`, `3 of 4`). */
  end(outcome?: string): void
}

/** A wait shorter than this is not named: it would only flicker. */
export const NAMED_AFTER_MS = 300

/** What a spinner can do; erasing lets a line of text pass in front of it. */
export interface Spinner extends Progress {
  erase(): void
}

/** Ends silently: for `--quiet` and `--json`. */
export const SILENT: Spinner = { update() {}, end() {}, erase() {} }

/** One plain line when it is over: for CI and files, where nothing can be erased. */
export function plainProgress(label: string, print: (line: string) => void, elapsedMs: () => number): Spinner {
  let current = label
  let ended = false
  return {
    update(next) {
      current = next
    },
    end(outcome) {
      if (ended) return
      ended = true
      const what = outcome === undefined ? current : `${current}: ${outcome}`
      print(`${visible(what)} (${showDuration(elapsedMs())})`)
    },
    erase() {},
  }
}

/**
 * A spinner on a terminal, after {@link NAMED_AFTER_MS}. The library is loaded then and not before: it costs 50 ms, which pass
 * while the answer is on its way.
 */
export function spinner(
  label: string,
  stream: () => NodeJS.WriteStream,
  look: { readonly colour: boolean; readonly utf8: boolean },
): Spinner {
  let current = label
  let ended = false
  let shown: { text: string; stop(): unknown; clear(): unknown } | undefined
  const timer = setTimeout(async () => {
    const { default: ora } = await import('ora')
    if (ended) return
    shown = ora({
      text: visible(current),
      stream: stream(),
      spinner: look.utf8 ? 'dots' : 'line',
      color: look.colour ? 'cyan' : false,
      isEnabled: true,
      // Prompts own standard input; the library would put it into raw mode and swallow Ctrl-C.
      discardStdin: false,
    }).start()
  }, NAMED_AFTER_MS)
  return {
    update(next) {
      current = next
      if (shown !== undefined) shown.text = visible(next)
    },
    end() {
      ended = true
      clearTimeout(timer)
      shown?.stop()
      shown = undefined
    },
    erase() {
      shown?.clear()
    },
  }
}
