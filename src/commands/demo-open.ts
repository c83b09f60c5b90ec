import { type Command, Option } from 'commander'
import type { Answer, DemoOpenAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { OPEN_DEMO_SCHEMA, type OpenDemoRequest, openDemo, pageAddress } from '../usecases/open-demo.ts'
import { type App, action, type Outcome } from './app.ts'
import { locateDemo } from './demo-show.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface DemoOpenFlags {
  readonly integration?: string
  readonly page?: string | true
  readonly qr?: 'always' | true
  /** False with `--no-browser`. */
  readonly browser?: boolean
}

/** Longest address that is drawn: a larger code fits no terminal and few cameras. */
const LONGEST_DRAWN = 500

export function define(command: Command, app: App): void {
  command
    .argument('<slug>', 'a demo')
    .option('--page [dir|url]', 'its page instead: written there, or published; else that of the widget')
    .addOption(new Option('--qr [always]', "draw the page's address as a QR code; always: into pipes, too").choices(['always']))
    .option('--no-browser', 'print the address, open nothing (BROWSER=none)')
    .option('--integration <name>', 'where several have a demo of this name')
  setExamples(command, [
    { line: 'crm demo-open acme-dental', what: 'its inbox in the dashboard' },
    { line: 'crm demo-open acme-dental --page --qr', what: 'the chat as customers see it, for a telephone, too' },
    { line: 'crm demo-open acme-dental --page https://demo.example.com/acme', what: 'where it was published' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9])
  command.action(action(app, 'demo-open', (slug: string, flags: DemoOpenFlags) => demoOpen(app, slug, flags)))
}

async function demoOpen(app: App, text: string, flags: DemoOpenFlags): Promise<Outcome> {
  const slug = parseName(text, 'demo')
  const page = await pageOf(flags)
  const { opened, demo } = await locateDemo(app, slug, flags.integration)
  const http = () => app.httpInTime()
  const found = await openDemo({ http, signal: app.signal, target: opened.target }, { ...demo, page })
  const address = new URL(found.address)
  const { openBrowser } = await import('../terminal/browser.ts')
  const isOpened = flags.browser !== false && openBrowser(address, app.world)
  if (isOpened) app.ui.note('A browser was asked to open it.')
  const answer: Answer<DemoOpenAnswer> = { schema: OPEN_DEMO_SCHEMA, data: { ...found, opened: isOpened }, warnings: [] }
  const drawing = flags.qr === undefined ? [] : await drawn(app, found.address, flags.qr === 'always')
  return { answer, view: (async () => (await import('../terminal/views/demo-open.ts')).demoOpenDrawn(drawing)) as Outcome['view'] }
}

/** Which page is meant. A QR code is for the page: an agent does not work on somebody's telephone. */
async function pageOf({ page, qr }: DemoOpenFlags): Promise<OpenDemoRequest['page']> {
  if (page === undefined) return qr === undefined ? 'dashboard' : 'widget'
  if (page === true) return 'widget'
  const address = await pageAddress(page)
  if (qr !== undefined && address.protocol === 'file:') {
    throw new CrmError('usage', 'a QR code of a file on this machine opens nothing on a telephone', {
      hint: 'publish the page and give its address: --page https://demo.example.com/acme',
    })
  }
  if (qr !== undefined && address.href.length > LONGEST_DRAWN) {
    throw new CrmError('usage', `the address is too long for a QR code: ${address.href.length} characters, at most ${LONGEST_DRAWN}`, {
      hint: 'leave --qr away, or give a shorter address',
    })
  }
  return address
}

/** The code of an address; nothing for programs, unless they insist, and nothing that the terminal would break. */
async function drawn(app: App, address: string, always: boolean): Promise<readonly string[]> {
  const style = await app.ui.style()
  if (app.ui.flags.json || (!style.terminal && !always)) return []
  const { drawQr } = await import('../terminal/qr.ts')
  const { lines, width } = drawQr(address, style)
  if (!style.terminal || width <= style.columns) return lines
  const message = `the QR code takes ${width} columns, and the terminal has ${style.columns}: widen it`
  app.ui.warn({ code: 'terminal_narrow', message })
  return []
}
