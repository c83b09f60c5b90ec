import { join } from 'node:path'
import { type Plugin as EsbuildPlugin, transform } from 'esbuild'
import type { Options } from 'tsup'
import { readGraph } from './graph.ts'

type Plugin = NonNullable<Options['plugins']>[number]

/** A built-in imported as a whole. Its copy as a module, with a getter for each export, would be made at every start. */
const WHOLE_BUILT_IN = /(^|[;}])import ([\w$]+) from"(node:[\w/]+)"/gm

/**
 * Turns the split ESM chunks of the command into CommonJS: importing a built-in from ESM reads every getter it exports, which
 * costs a start-up tens of milliseconds. esbuild splits ESM only, so each chunk is converted after it was made.
 */
export const chunksToCommonJs: Plugin = {
  name: 'chunks-to-commonjs',
  async renderChunk(code) {
    const converted = await transform(code.replace(WHOLE_BUILT_IN, '$1const $2=require("$3")'), {
      format: 'cjs',
      platform: 'node',
      target: 'node22',
      minify: true,
      // `import()` of a chunk becomes a `require` at that place, and stays lazy.
      supported: { 'dynamic-import': false },
    })
    return { code: converted.code }
  },
}

/**
 * Makes few chunks of the command, since every file costs a start 0.2 ms. esbuild makes one of each set of files that the same entries
 * use, and every `import()` is an entry: what commands share would fall into dozens. So each `import()` is made to load more than it
 * asks for, where that is loaded already or costs less than a file; see `readGraph`.
 * @param started the files that every run loads, that which it begins with first; from the root of the repository.
 * @param library the file that programs import.
 */
export function fewChunks(started: readonly string[], library: string): EsbuildPlugin {
  return {
    name: 'few-chunks',
    async setup(build) {
      const root = build.initialOptions.absWorkingDir ?? process.cwd()
      const graph = await readGraph(root, started, library)
      // Packages have a default to hand on, our own modules have none.
      build.initialOptions.logOverride = { ...build.initialOptions.logOverride, 'import-is-undefined': 'silent' }
      build.onResolve({ filter: /./ }, async ({ kind, path, pluginData, ...from }) => {
        if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined
        const found = await build.resolve(path, { kind, ...from, pluginData: 'resolved' })
        return found.external || found.errors.length > 0 ? found : { path: found.path, namespace: 'with-companions' }
      })
      build.onLoad({ filter: /./, namespace: 'with-companions' }, ({ path }) => {
        const companions = graph.companionsOf(path).map((file) => `import ${JSON.stringify(join(root, file))}`)
        const file = JSON.stringify(path)
        return {
          contents: [...companions, `export * from ${file}`, `import * as all from ${file}`, "export default all['default']"].join('\n'),
          resolveDir: root,
        }
      })
    },
  }
}
