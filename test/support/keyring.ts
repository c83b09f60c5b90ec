import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'vitest'

/** The variables with which a command finds a session bus. */
export interface SessionBus {
  readonly env: Readonly<Record<string, string>>
}

/**
 * A session bus of its own with a real gnome-keyring on it, ended with the test; where they are not installed, the test is skipped,
 * loudly.
 * @param home where the keyring keeps its files: the same one again is the next session of the same user.
 * @param state `locked`: nobody has given the keyring its password.
 */
export async function startKeyring(context: TestContext, home: string, state: 'unlocked' | 'locked' = 'unlocked'): Promise<SessionBus> {
  for (const program of ['dbus-run-session', 'gnome-keyring-daemon']) {
    if (spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0) continue
    console.warn(`SKIPPED "${context.task.name}": ${program} is not installed`)
    context.skip(`${program} is not installed`)
  }
  const runtime = join(home, 'runtime')
  mkdirSync(runtime, { recursive: true, mode: 0o700 })
  const daemon =
    state === 'unlocked'
      ? 'printf secret | gnome-keyring-daemon --unlock --components=secrets'
      : 'gnome-keyring-daemon --start --components=secrets'
  const session = spawn(
    'dbus-run-session',
    ['--', 'sh', '-c', `${daemon} >/dev/null 2>&1; echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null`],
    {
      env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: runtime },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  const ended = new Promise((resolve) => session.on('close', resolve))
  context.onTestFinished(async () => {
    session.stdin.end()
    await ended
  })
  const address = await new Promise<string>((resolve) => {
    let text = ''
    session.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text.trim())
    })
  })
  return { env: { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtime } }
}

/** A bus that takes every connection and never answers. */
export async function startSilentBus(context: TestContext, directory: string): Promise<SessionBus> {
  const path = join(directory, 'bus')
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  context.onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}`, XDG_RUNTIME_DIR: directory } }
}
