// Adds integrations in one transaction: `node add-many.mjs <library> <vault> <state directory> <count>`, key in the environment.
const [, , library, path, stateDirectory, count] = process.argv
const { keysFromEnvironment, openVault, Secret } = await import(library)

const vault = await openVault({ path, stateDirectory })
const unlocked = await vault.unlock('default', keysFromEnvironment())
const drafts = Array.from({ length: Number(count) }, (_, index) => ({
  name: `added-${index}`,
  provider: 'chatwoot',
  definition: '',
  active: true,
  values: {
    settings: { baseUrl: 'https://chat.example.com', accountId: String(index) },
    secrets: { apiKey: new Secret(`token-of-${index}-0123456789abcdef`) },
  },
}))
const added = await unlocked.add(drafts)
if (added.length !== drafts.length) throw new Error(`${added.length} of ${drafts.length} were added`)
unlocked.lock()
vault.close()
