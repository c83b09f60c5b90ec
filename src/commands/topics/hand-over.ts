/** `crm help hand-over`: what crm export writes and crm import reads. */
export function text(): string {
  return `crm export seals integrations in an age file (age-encryption.org), for whoever
holds a key or knows a passphrase; crm import takes them from it.

  crm export acme --to age1... --output acme.age       on the one machine
  crm import acme.age --identity identity.txt          on the other

The recipient age1... belongs to an identity that age-keygen has made; only its
public part is given to whoever exports. The age command opens the file, too:

  age -d -i identity.txt acme.age

Inside is JSON, and crm import reads the same without a seal:

  {
    "format": "crm-integrations/1",
    "integrations": [
      {
        "provider": "chatwoot",
        "name": "acme",
        "active": true,
        "baseUrl": "https://chat.example.com",
        "accountId": "3",
        "apiKey": "..."
      }
    ]
  }

An entry is what crm add --from takes: provider, name, active, and every value
by the key of its field (crm providers chatwoot). An entry by itself,
or a list of them, is read as well. The file has at most 16 MiB.

A dotenv file is read, too: NAME=value, with the variables of the providers. It
gives one integration for each provider of which a secret is there, named after
the provider, or by --name where it is the only one. Other variables are passed
over. crm export --plaintext --format dotenv writes such a file, for one
integration of each provider; active or not, and names, are lost in it.

What travels: name, provider, active or not, settings, secrets, and the options
that belong to the integration, such as its certificates. What does not: access
tokens, refresh tokens that a sign-in or a renewal has brought (sign in again
with crm login), results of tests, the audit log, demos.

Everything is checked before anything is stored, and is stored at once or not at
all. An integration that is here with the same values is left alone. One that is
here with other values ends the import, unless --if-exists says otherwise: skip
keeps what is here, replace takes what the file holds, after a question or
--yes.

A seal says who can read a file, not who has made it. Whoever sends it could
have named any server: look at the plan (--dry-run) before you trust one.`
}
