/** What `--output` writes: the snippet, and a page that shows the widget. Pure; every text from outside is escaped. */
import type { Warning } from '../core/provider.ts'
import { visible } from '../core/text.ts'

/** The base that a snippet made by the server loads the widget from; undefined when it cannot be told. */
export function snippetBase(script: string): string | undefined {
  return /BASE_URL\s*=\s*(["'])([^"']*)\1/.exec(script)?.[2] ?? /["']([^"']*)\/packs\/js\/sdk\.js/.exec(script)?.[1]
}

/** The warning for a snippet that loads the widget from elsewhere than the base URL: the server's `FRONTEND_URL` is wrong (contract section 15). */
export function snippetWarning(script: string, baseUrl: string): Warning | undefined {
  const base = snippetBase(script)
  if (base === undefined) return undefined
  const origin = URL.canParse(base) ? new URL(base).origin : undefined
  if (origin === new URL(baseUrl).origin) return undefined
  const from = base === '' ? 'no address at all' : visible(base, 100)
  const message = `the snippet loads the widget from ${from} instead of ${baseUrl}: FRONTEND_URL of the server is set so`
  return { code: 'snippet_base_differs', message }
}

/** A snippet of our own, for a base URL and a website token. */
export function widgetSnippet(baseUrl: string, websiteToken: string): string {
  return [
    '<script>',
    '  (function () {',
    `    var base = ${scriptText(baseUrl)};`,
    "    var loader = document.createElement('script');",
    "    loader.src = base + '/packs/js/sdk.js';",
    '    loader.async = true;',
    '    loader.onload = function () {',
    `      window.chatwootSDK.run({ websiteToken: ${scriptText(websiteToken)}, baseUrl: base });`,
    '    };',
    '    document.head.appendChild(loader);',
    '  })();',
    '</script>',
  ].join('\n')
}

/** What a page about a demo says. */
export interface DemoPage {
  readonly name: string
  readonly slug: string
  readonly baseUrl: string
  readonly websiteToken: string
  readonly botUrl: string
}

/** A page on its own, without any other file, that shows the widget as a visitor of a website sees it. */
export function demoPage({ name, slug, baseUrl, websiteToken, botUrl }: DemoPage): string {
  const title = escapeHtml(visible(name))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; grid-template-rows: auto 1fr auto; }
  header, main, footer { padding: 1.5rem max(1.5rem, calc(50vw - 22rem)); }
  header { background: #1f2d3d; color: #fff; }
  h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; }
  main { display: grid; gap: 1rem; align-content: start; }
  .card { border: 1px solid #8884; border-radius: .5rem; padding: 1rem 1.25rem; }
  .card h2 { margin: 0 0 .25rem; font-size: 1.1rem; }
  .card p { margin: 0; }
  footer { font-size: .85rem; opacity: .75; overflow-wrap: anywhere; }
</style>
</head>
<body>
<header><h1>${title}</h1></header>
<main>
  <p>This is a sample website. The chat at the lower right edge is a real Chatwoot inbox with an agent bot behind it.</p>
  <section class="card"><h2>Say hello</h2><p>Open the chat and write a message. The bot gets it at once and answers in the same window.</p></section>
  <section class="card"><h2>Watch the other side</h2><p>The conversation appears in the dashboard, where a person can take over.</p></section>
</main>
<footer>Demo <code>${escapeHtml(slug)}</code> · widget from ${escapeHtml(visible(baseUrl))} · bot at ${escapeHtml(visible(botUrl))}</footer>
${widgetSnippet(baseUrl, websiteToken)}
</body>
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A text for HTML, inside elements and quoted attributes alike. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** A text as a JavaScript string inside a script element, which ends at `</script` wherever that stands. */
function scriptText(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
