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

/** A snippet of our own, for a base URL and a website token. @param onError a statement that runs where the script does not load. */
export function widgetSnippet(baseUrl: string, websiteToken: string, onError?: string): string {
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
    ...(onError === undefined ? [] : ['    loader.onerror = function () {', `  ${onError}`, '    };']),
    '    document.head.appendChild(loader);',
    '  })();',
    '</script>',
  ].join('\n')
}

/** What a page about a demo says. Everything but the first three may be left out. */
export interface DemoPage {
  /** The company, as its customers know it. */
  readonly name: string
  readonly baseUrl: string
  readonly websiteToken: string
  /** `#rrggbb`; default: the blue of Chatwoot. */
  readonly color?: string | undefined
  readonly welcomeTitle?: string | undefined
  readonly welcomeTagline?: string | undefined
}

const CHATWOOT_BLUE = '#1f93ff'

/** Whether white or nearly black text is read better on a colour: the one with the higher contrast (WCAG 2.2, relative luminance). */
export function textColorOn(color: string): '#ffffff' | '#111418' {
  const channel = (from: number): number => {
    const value = Number.parseInt(color.slice(from, from + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
  const nearlyBlack = 0.007
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / (nearlyBlack + 0.05) ? '#ffffff' : '#111418'
}

/** Up to two letters that stand for a name: `Acme Dental` is AD. */
function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  return words
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toUpperCase() ?? '')
    .join('')
}

/**
 * A page on its own, without any other file, that shows the widget as a visitor of the company's website sees it. All that it loads from
 * elsewhere is Chatwoot's script; without it the page can be read, and says that the chat is not there.
 */
export function demoPage({ name, baseUrl, websiteToken, color = CHATWOOT_BLUE, welcomeTitle, welcomeTagline }: DemoPage): string {
  const title = escapeHtml(visible(name))
  const brand = /^#[0-9a-f]{6}$/i.test(color) ? color : CHATWOOT_BLUE
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; --brand: ${brand}; --on-brand: ${textColorOn(brand)}; --page: #ffffff; --text: #1a1f26; --soft: #5b6572; --line: #e3e7ec; --card: #f7f9fb; }
  @media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e9edf2; --soft: #a3adb9; --line: #2b323b; --card: #1b2027; } }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; grid-template-rows: auto 1fr auto; font: 17px/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--text); background: var(--page); }
  .wide { width: min(100% - 3rem, 62rem); margin-inline: auto; }
  header { border-bottom: 1px solid var(--line); }
  header .wide { display: flex; align-items: center; gap: .8rem; padding-block: .9rem; }
  .mark { flex: none; display: grid; place-items: center; width: 2.4rem; height: 2.4rem; border-radius: .6rem; background: var(--brand); color: var(--on-brand); font-weight: 700; }
  .company { font-weight: 650; overflow-wrap: anywhere; }
  .hero { background: var(--brand); color: var(--on-brand); }
  .hero .wide { padding-block: clamp(3rem, 9vw, 6rem); }
  h1 { margin: 0 0 .5rem; font-size: clamp(1.9rem, 5vw, 3rem); line-height: 1.15; letter-spacing: -.01em; overflow-wrap: anywhere; text-wrap: balance; }
  .hero p { margin: 0; max-width: 36rem; font-size: 1.15rem; opacity: .92; overflow-wrap: anywhere; }
  button { margin-top: 1.8rem; padding: .75rem 1.4rem; border: 0; border-radius: .6rem; font: inherit; font-weight: 600; background: var(--on-brand); color: var(--brand); cursor: pointer; }
  button:focus-visible { outline: 3px solid var(--on-brand); outline-offset: 3px; }
  [hidden] { display: none; }
  .cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); padding-block: 2.5rem; }
  .card { padding: 1.3rem 1.4rem; border: 1px solid var(--line); border-radius: .9rem; background: var(--card); }
  .card h2 { margin: 0 0 .3rem; font-size: 1.05rem; }
  .card p { margin: 0; color: var(--soft); }
  footer { border-top: 1px solid var(--line); font-size: .85rem; color: var(--soft); }
  footer .wide { padding-block: 1rem; overflow-wrap: anywhere; }
</style>
</head>
<body>
<header><div class="wide"><span class="mark" aria-hidden="true">${escapeHtml(initialsOf(name))}</span><span class="company">${title}</span></div></header>
<main>
  <section class="hero"><div class="wide">
    <h1>${escapeHtml(visible(welcomeTitle ?? 'How can we help you today?'))}</h1>
    <p>${escapeHtml(visible(welcomeTagline ?? 'Ask us anything. Our assistant answers right away, and a colleague takes over whenever you like.'))}</p>
    <button id="start" type="button" hidden>Start a chat</button>
    <p id="missing" role="status" hidden>The chat could not be loaded.</p>
    <noscript><p>The chat needs JavaScript.</p></noscript>
  </div></section>
  <div class="wide cards">
    <section class="card"><h2>Answers at once</h2><p>Open the chat at the lower right and write a message.</p></section>
    <section class="card"><h2>People behind it</h2><p>Every conversation reaches the team, who can take over at any time.</p></section>
    <section class="card"><h2>Where you left off</h2><p>Come back later: the conversation is still there.</p></section>
  </div>
</main>
<footer><div class="wide">A demo for ${title}, with the chat of ${escapeHtml(visible(new URL(baseUrl).host))}.</div></footer>
${pageScript(baseUrl, websiteToken)}
</body>
</html>
`
}

/** The snippet, and what the page does once the chat is there, or is not. */
function pageScript(baseUrl: string, websiteToken: string): string {
  return [
    widgetSnippet(baseUrl, websiteToken, "    document.getElementById('missing').hidden = false;"),
    '<script>',
    "  window.addEventListener('chatwoot:ready', function () {",
    "    var start = document.getElementById('start');",
    '    start.hidden = false;',
    "    start.addEventListener('click', function () { window.$chatwoot.toggle('open'); });",
    '  });',
    '</script>',
  ].join('\n')
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
