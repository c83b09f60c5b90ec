// Adds integrations one by one, each in a transaction of its own, and says so: `node adder.mjs <library> <vault> <state> <prefix> <count>`.
import { writeSync } from 'node:fs'

const [, , library, path, stateDirectory, prefix, count] = process.argv
const { keysFromEnvironment, openVault, Secret } = await import(library)
const vault = await openVault({ path, stateDirectory })
const unlocked = await vault.unlock('default', keysFromEnvironment())
for (let index = 0; index < Number(count); index += 1) {
  const name = `${prefix}-${index}`
  const values = { settings: { baseUrl: 'https://chat.example.com', accountId: '3' }, secrets: { apiKey: new Secret(`token-of-${name}`) } }
  await unlocked.add([{ name, provider: 'chatwoot', definition: '', active: true, values }])
  writeSync(1, `${name}\n`)
}
unlocked.lock()
vault.close()
