/** `crm help ci`: a job with nobody at the keyboard. */
export function text(): string {
  return `A CI job needs three variables and no vault:

  export CHATWOOT_BASE_URL=https://chat.example.com
  export CHATWOOT_ACCOUNT_ID=3
  export CHATWOOT_API_KEY=...            # from the CI system's secret store

  crm test --json
  crm demo-create --name "Acme Dental" \\
    --bot-url https://bot.example.com/hook --json

The second run of demo-create finds what the first one made and answers
"changed": false. Nothing is asked: CI is set, or standard input is no terminal.

With a vault in the repository, one more variable opens it. Once, by hand:

  # keep it in the secret store
  export INTEGRATION_ENCRYPTION_KEY="$(crm key generate)"
  export CRM_VAULT=ci/vault.db
  crm init --key env
  crm add chatwoot --from-env

In the job, with both variables:

  chmod -R go-rwx ci     # git keeps no modes
  crm test --json

Exit statuses tell the cause: 4 credential refused, 5 permission, 7 rate limit,
8 unreachable, 9 the server's fault. See: crm help exit-codes`
}
