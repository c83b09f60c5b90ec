// Loaded before the command with `node --require`: when the process ends, tells every module that was loaded on the way.
const fs = require('node:fs')

// The command loads files of its own by itself, where it has kept them compiled.
const read = new Set()
const { readFileSync, writeFileSync } = fs
fs.readFileSync = (path, ...rest) => {
  if (String(path).endsWith('.cjs')) read.add(String(path))
  return readFileSync(path, ...rest)
}

process.on('exit', () => {
  const builtIns = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice('NativeModule '.length))
  const files = [...new Set([...Object.keys(require.cache), ...read])]
  writeFileSync(process.env.LOADED_MODULES, JSON.stringify({ builtIns, files }))
})
