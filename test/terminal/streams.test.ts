import { spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fdOutput } from '../../src/terminal/streams.ts'

const FIXTURE = fileURLToPath(new URL('fixtures/writing.ts', import.meta.url))
const command = (...args: string[]) => [process.execPath, '--experimental-transform-types', '--no-warnings', FIXTURE, ...args]

function shell(script: string, ...args: string[]) {
  return spawn('/bin/sh', ['-c', script, 'sh', ...command(...args)], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

describe('output into a pipe', () => {
  it.each(['touched', 'untouched'])('loses no byte to a reader that is slow (%s stream)', async (state) => {
    // The reader starts only when the writer has run into the full pipe, which holds 64 KiB.
    const child = spawn(process.execPath, command('300', state).slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.pause()
    let bytes = 0
    for await (const chunk of child.stdout) {
      bytes += (chunk as Buffer).length
      // Lets the pipe fill again between two reads.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(bytes).toBe(300 * 1024)
  })

  it('ends quietly when the reader goes away', async () => {
    const child = shell('"$@" | head -c 10; echo "status=$?"', '300', 'touched')
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
    expect(stdout).toBe(`${'x'.repeat(10)}status=0\n`)
    expect(stderr).toBe('closed=true\n')
  })

  it('says so when the device is full', async () => {
    const child = shell('"$@" > /dev/full; echo "status=$?"', '1')
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
    expect(stdout).toBe('status=1\n')
    expect(stderr).toContain('ENOSPC')
  })

  it('is told from a terminal without opening the stream', () => {
    const never = (): NodeJS.WriteStream => {
      throw new Error('the stream must not be opened')
    }
    const path = join(tmpdir(), `crm-streams-${process.pid}`)
    const file = openSync(path, 'w')
    try {
      expect([fdOutput(file, never).isTTY, fdOutput(file, never).columns]).toEqual([false, undefined])
    } finally {
      closeSync(file)
      rmSync(path)
    }
    // A descriptor that is not open is no terminal either.
    expect(fdOutput(4_000, never).isTTY).toBe(false)
  })
})
