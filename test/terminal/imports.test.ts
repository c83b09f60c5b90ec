import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SOURCE = new URL('../../src/', import.meta.url)

const IMPORT = /^(?:import|export) ((?:type )?(?:\{[^}]*\}|\* as \w+|\w+)(?:, \{[^}]*\})? from )?'([^']+)'$/gm

/** Everything that a file loads when it is loaded: its imports and theirs, but not what stands behind `import()`. Types cost nothing. */
function loadedWith(file: string): Set<string> {
  const found = new Set<string>()
  const visit = (url: URL): void => {
    if (found.has(url.href)) return
    found.add(url.href)
    const text = readFileSync(fileURLToPath(url), 'utf8')
    for (const [, clause = '', target = ''] of text.matchAll(IMPORT)) {
      if (clause.startsWith('type ')) continue
      if (target.startsWith('.')) visit(new URL(target, url))
      else found.add(target)
    }
  }
  visit(new URL(file, SOURCE))
  return found
}

it('a command that prints JSON loads no library of the terminal, no schema and no socket', () => {
  const loaded = new Set([...loadedWith('terminal/ui.ts'), ...loadedWith('terminal/streams.ts')])
  const packages = [...loaded].filter((name) => !name.startsWith('file:'))
  expect(packages.sort()).toEqual(['node:buffer', 'node:fs'])
})

it.each([
  ['terminal/ask-prompts.ts', '@inquirer/prompts'],
  ['terminal/progress.ts', 'ora'],
  ['terminal/style.ts', 'chalk'],
  ['terminal/table.ts', 'cli-table3'],
])('%s loads %s only when it is used', (file, library) => {
  expect(loadedWith(file).has(library)).toBe(false)
  expect(readFileSync(new URL(file, SOURCE), 'utf8')).toContain(`import('${library}')`)
})
