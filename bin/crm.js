#!/usr/bin/env node
'use strict'
var needed = [22, 19]
var found = process.versions.node.split('.').map(Number)
if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(`crm needs Node.js ${needed.join('.')} or newer; this is ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  const program = require('../dist/start.cjs')
  program.start(process, program.loadWith).then((status) => {
    process.exitCode = status
  })
}
