import { spawn } from 'node:child_process'
import { helperEnvironment } from '../core/child-environment.ts'

/** What decides whether and how a browser is opened. */
export interface BrowserFacts {
  readonly platform: string
  /** The environment that the browser gets, but for what may hold secrets. */
  readonly env: Readonly<Record<string, string>>
}

/** The program that opens addresses here; undefined where there is none, or none is wanted. */
export function browserCommand({ platform, env }: BrowserFacts): readonly string[] | undefined {
  if (env.BROWSER === 'none') return undefined
  // `BROWSER` is a list of programs for which any word may hold the address as `%s`; the first is taken, as a program.
  const named = env.BROWSER?.split(':')[0]
  if (named !== undefined && named !== '') return [named]
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return env.DISPLAY === undefined && env.WAYLAND_DISPLAY === undefined ? undefined : ['xdg-open']
}

/**
 * Opens an address in the browser, and does not wait for it. That it does not open is no failure: the address was printed.
 * @returns whether a browser was started.
 */
export function openBrowser(address: URL, facts: BrowserFacts): boolean {
  const [program, ...words] = browserCommand(facts) ?? []
  if (program === undefined) return false
  const child = spawn(program, [...words, address.href], { detached: true, stdio: 'ignore', env: helperEnvironment(facts.env) })
  child.on('error', () => {})
  child.unref()
  return true
}
