/** One of the processes that need a token at the same moment: opens the vault, waits for the word, and says which token it got. */
import { createHttp } from '../../../src/http/http.ts'
import { keysOf, openVault } from '../../../src/index.ts'
import { storedTokens } from '../../../src/usecases/stored-tokens.ts'
import { oidcCrm } from '../oidc-crm.ts'

const [path = '', stateDirectory = '', key = '', name = ''] = process.argv.slice(2)
const vault = await openVault({ path, stateDirectory })
const unlocked = await vault.unlock('default', keysOf({ key }))
const { values } = await unlocked.open(name)
const http = createHttp({ clock: Date.now })
const deps = { http: http.request, clock: Date.now, signal: new AbortController().signal }
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
const { accessToken } = await storedTokens(deps, { unlocked, name, provider: oidcCrm, values }).get()
process.stdout.write(`${accessToken.reveal()}\n`)
await http.close()
vault.close()
process.exit()
