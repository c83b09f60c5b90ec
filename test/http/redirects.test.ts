import { describe, expect, it } from 'vitest'
import { client, failure, get, server, told } from './client.ts'
import { answerText } from './raw-server.ts'

describe('P09 redirects', () => {
  it.each([301, 302, 303, 307, 308])('a %i is an error, and nothing is sent to its target', async (status) => {
    const target = await server((socket) => socket.end(answerText(200)))
    const first = await server((socket) => socket.end(answerText(status, [`location: ${target.origin}/next`])))
    const error = await failure(get(client(), `${first.origin}/start`, { headers: { api_access_token: 'canary' } }))
    expect(error.code).toBe('provider_error')
    expect(first.requests).toHaveLength(1)
    expect(target.connections()).toBe(0)
  })

  it('the target is given to the caller without user info, query and fragment', async () => {
    const { origin } = await server((socket) =>
      socket.end(answerText(302, ['location: https://user:pw@crm.example/api/v1?token=canary#part'])),
    )
    const error = await failure(get(client(), origin))
    expect(error.redirectTo).toBe('https://crm.example/api/v1')
  })

  it("the text shows the target's origin and nothing more of it", async () => {
    const { origin } = await server((socket) =>
      socket.end(answerText(302, ['location: https://ann:canary1@crm.example/canary2?token=canary3#canary4'])),
    )
    const text = told(await failure(get(client(), origin)))
    expect(text).toContain('https://crm.example')
    expect(text).not.toMatch(/ann|canary/)
  })

  it('a relative target is completed', async () => {
    const { origin } = await server((socket) => socket.end(answerText(301, ['location: /app/login?next=1'])))
    expect((await failure(get(client(), `${origin}/api`))).redirectTo).toBe(`${origin}/app/login`)
  })

  it.each([
    ['no location', []],
    ['an empty scheme', ['location: https://']],
    ['a script', ['location: javascript:alert(1)']],
    ['a command in place of a host', ['location: https://$(reboot).example/']],
    ['a file', ['location: file:///etc/passwd']],
  ])('a redirect to %s names no target', async (_what, headers) => {
    const { origin } = await server((socket) => socket.end(answerText(302, headers)))
    const error = await failure(get(client(), origin))
    expect(error.code).toBe('provider_error')
    expect(error.redirectTo).toBeUndefined()
  })

  it('what a shell would act on is encoded in the target', async () => {
    const { origin } = await server((socket) => socket.end(answerText(302, ["location: https://crm.example/a;$(b)&'c'"])))
    expect((await failure(get(client(), origin))).redirectTo).toBe('https://crm.example/a%3B%24%28b%29%26%27c%27')
  })

  it('a host in other letters is shown in its ASCII form', async () => {
    const { origin } = await server((socket) => socket.end(answerText(302, ['location: https://xn--80ak6aa92e.example/'])))
    expect(told(await failure(get(client(), origin)))).toContain('https://xn--80ak6aa92e.example')
  })
})
