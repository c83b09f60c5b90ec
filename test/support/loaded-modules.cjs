// Loaded before the command with `node --require`: when the process ends, tells every module that was loaded on the way.
const { writeFileSync } = require('node:fs')

process.on('exit', () => {
  const builtIns = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice('NativeModule '.length))
  writeFileSync(process.env.LOADED_MODULES, JSON.stringify({ builtIns, files: Object.keys(require.cache) }))
})
