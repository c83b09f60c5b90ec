// One call to the keychain of the operating system, in a process of its own: a call that hangs cannot be ended in any other way.
// The request comes by standard input, the answer goes to standard output, so that no secret stands in an argument.
'use strict'
const chunks = []
process.stdin.on('data', (chunk) => chunks.push(chunk))
process.stdin.on('end', () => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString('utf8')))))
})

function answer(request) {
  try {
    const { Entry } = require('@napi-rs/keyring')
    // Without its name, a missing Secret Service would silently be replaced by the keyring of the kernel.
    const entry = new Entry(request.service, request.account, { linux: { store: 'secret-service' } })
    if (request.operation === 'write') entry.setPassword(request.value)
    return { value: request.operation === 'read' ? entry.getPassword() : request.operation === 'remove' ? entry.deletePassword() : null }
  } catch (error) {
    return { error: String(error instanceof Error ? error.message : error).slice(0, 300) }
  }
}
