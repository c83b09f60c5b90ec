/** What the page in the browser says when the callback has come. */
export type PageKind = 'received' | 'refused' | 'wrong_state' | 'not_here'

const TEXTS: Readonly<Record<PageKind, { readonly status: number; readonly title: string; readonly text: string }>> = {
  received: { status: 200, title: 'Signed in', text: 'crm has the answer. You may close this window and go back to the terminal.' },
  refused: {
    status: 200,
    title: 'Sign-in refused',
    text: 'The CRM did not sign you in. The terminal says why; you may close this window.',
  },
  wrong_state: {
    status: 400,
    title: 'Not the sign-in that crm waits for',
    text: 'This answer belongs to another sign-in and was not used. Use the address that the terminal shows, or run the command again.',
  },
  not_here: { status: 404, title: 'Nothing here', text: 'crm waits for the answer of a sign-in here, and for nothing else.' },
}

/** Headers of every page: it is kept nowhere, tells no other page where it was, and loads nothing. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  connection: 'close',
}

/** A page of fixed text: nothing of the request is in it. */
export function callbackPage(kind: PageKind): { readonly status: number; readonly html: string } {
  const { status, title, text } = TEXTS[kind]
  const style = 'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto 0;padding:0 1rem;color-scheme:light dark}'
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} - crm</title><style>${style}</style>`
  return { status, html: `<!doctype html><html lang="en">${head}<h1>${title}</h1><p>${text}</p></html>\n` }
}
