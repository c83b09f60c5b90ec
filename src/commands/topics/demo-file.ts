/** `crm help demo-file`: the format of a file of demos. */
export function text(): string {
  return `A file of demos is YAML, or JSON, or a table (CSV). crm demo-apply makes what it
names and changes what differs; crm demo-destroy -f removes it.

  # demos.yaml
  defaults:                       # for every demo
    botUrl: https://bot.example.com/hook/{{slug}}
    ttl: 14d
  templates:
    dental:
      name: "{{company}} Dental"
      greeting: "Welcome to {{company}}!"
      color: "#1f93ff"
      hours:
        timezone: Europe/Zurich
        open: Mon-Fri 08:00-18:00, Sat 09:00-12:00
        away: We are back in the morning.
  demos:
    - name: Acme
      agents: [ben@example.com]
    - template: dental
      each:
        - { company: Alpha }
        - { company: Beta }
    - template: dental
      csv: companies.csv          # one demo for each row
    - name: Acme API
      channel: api
      webhooks:
        - url: https://hooks.example.com/{{slug}}
          events: [message_created]

A demo takes its own settings before those of its template, and those before the
defaults; a default of one channel is none for a demo of the other. {{name}}
stands for a value of "with", of a row of "each", or of a column of the table,
and for the demo's own name and slug. Inside of an address it is encoded.
{{braces}} stands for two opening braces: "Hi {{braces}}name}}" is the text
"Hi {{name}}".

Settings of a demo:

  name          the name of inbox and bot (required)
  botUrl        where the bot gets its events (required)
  slug          the key of the demo; made from the name
  integration   the Chatwoot it is in; the only active one
  channel       web or api
  websiteUrl    web: the website of the widget
  welcomeTitle, welcomeTagline, color   web: the look of the widget, "#rrggbb"
  preChat       web: false, or { message, fields: [email!, name, phone] };
                ! means that a field has to be filled in
  webhookUrl    api: where the inbox sends its events
  greeting      greet each visitor with this message
  agents        e-mail addresses of agents who get the inbox
  hours         false, or { timezone, open, away }; days not named are closed
  webhooks      webhooks of the account: [{ url, events }]
  ttl           how long it lives, from its creation on: 7d, 12h
  expires       when it ends: 2027-01-31T18:00:00Z, or never

What is not set is not managed: its value in Chatwoot stays as it is.

A table has a column for each setting; agents, preChat and webhooks hold several
values with spaces between them, hours and timezone are columns of their own:

  name,botUrl,color,agents
  Acme,https://bot.example.com/acme,#1f93ff,ann@example.com ben@example.com
  Beta,https://bot.example.com/beta,,`
}
