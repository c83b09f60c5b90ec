/** Files that are pipes: whoever writes into them may take for ever, and the command can be ended meanwhile. */
import { expect, test } from 'vitest'
import { copyOf, type Home, homeWithVault, runShell, succeed } from '../support/cli.ts'

const vault: Home = await homeWithVault()
const CHATWOOT = 'crm add chatwoot --base-url https://chat.example.com --account-id 1 --no-test'

test.concurrent.each([
  'crm import pipe',
  'crm add chatwoot --from pipe --no-test',
  `${CHATWOOT} --api-key-file pipe`,
  'crm demo-apply pipe',
  'crm providers validate pipe',
])('%s waits for the writer of a pipe, and is ended by a signal', async (line) => {
  const home = copyOf(vault)
  // To open the end that writes waits for a reader.
  const { stdout, stderr } = await runShell(`mkfifo pipe; ${line} & exec 3>pipe; kill -TERM $!; wait $!; echo "status $?"`, { home })
  expect(stdout).toBe('status 143\n')
  expect(stderr).toContain('stopped')
})

test.concurrent('the content of a pipe is that of a file', async () => {
  const home = copyOf(vault)
  const answers = JSON.stringify({
    provider: 'chatwoot',
    name: 'acme',
    baseUrl: 'https://chat.example.com',
    accountId: '1',
    apiKey: 'token-of-acme',
  })
  const made = await runShell(`mkfifo pipe; echo '${answers}' > pipe & crm add --from pipe --no-test && crm show acme --reveal apiKey`, {
    home,
  })
  expect(succeed(made).stdout).toContain('token-of-acme')
})

test.concurrent.each([
  'crm vault restore pipe --yes',
  'crm vault backup pipe',
  'crm --vault pipe list',
  'CRM_PASSPHRASE_FILE=pipe crm doctor',
  'NODE_EXTRA_CA_CERTS=pipe crm doctor',
])('%s refuses a pipe, and waits for nobody', async (line) => {
  const { stdout } = await runShell(`mkfifo -m 600 pipe; timeout -s KILL 60 env ${line}; echo "status $?"`, { home: copyOf(vault) })
  expect(stdout).toMatch(/status (?:2|3|11)\n$/)
})

test.concurrent.each([
  'rm -f config.json; mkfifo -m 600 config.json; crm list',
  'f=$(ls *.sequence); rm $f; mkfifo -m 600 $f; crm vault verify',
])('a pipe in the place of a file of ours is not waited for: %s', async (line) => {
  const home = copyOf(vault)
  const { stdout } = await runShell(line.replace('crm ', 'timeout -s KILL 60 crm '), { home })
  expect(stdout).not.toContain('Killed')
})
