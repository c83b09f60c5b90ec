import { randomInt } from 'node:crypto'
import { tellContact } from './events.ts'
import { asText, type Input, isObject } from './input.ts'
import type { Columns, Contact, ContactInbox, Inbox } from './records.ts'
import { randomToken } from './tokens.ts'
import { isoNow, type World } from './world.ts'

const ADJECTIVES = ['quiet', 'bright', 'early', 'gentle', 'green', 'little', 'northern', 'still', 'warm', 'winter']
const NOUNS = ['lake', 'field', 'forest', 'harbour', 'meadow', 'morning', 'river', 'stone', 'valley', 'wind']

/** A name for a visitor who gave none: `quiet-lake-12`. */
function visitorName(): string {
  return `${ADJECTIVES[randomInt(ADJECTIVES.length)]}-${NOUNS[randomInt(NOUNS.length)]}-${randomInt(1, 100)}`
}

const TEXTS = ['name', 'email', 'phone_number', 'identifier'] as const

/** The contact columns that a request sets: texts, and custom attributes, which are added to those there are. */
function contactInput(input: Input, existing: Columns): Columns {
  const taken: Columns = {}
  for (const key of TEXTS) {
    const value = asText(input[key])
    if (Object.hasOwn(input, key) && value !== undefined) taken[key] = value
  }
  if (isObject(input.custom_attributes)) {
    taken.custom_attributes = { ...(isObject(existing.custom_attributes) ? existing.custom_attributes : {}), ...input.custom_attributes }
  }
  return taken
}

/** Makes a contact of an account, and tells its webhooks. */
export function createContact(world: World, accountId: number, input: Input): Contact {
  const now = isoNow(world)
  const defaults: Columns = {
    name: visitorName(),
    email: null,
    phone_number: null,
    identifier: null,
    custom_attributes: {},
    additional_attributes: {},
  }
  const columns = { ...defaults, ...contactInput(input, defaults) }
  const contact = world.state.contacts.insert((id) => ({ id, accountId, columns, createdAt: now, updatedAt: now }))
  tellContact(world, 'contact_created', contact)
  return contact
}

/** Changes a contact, and tells its account's webhooks what was changed. */
export function changeContact(world: World, contact: Contact, input: Input): void {
  const before = { ...contact.columns }
  const changes = contactInput(input, contact.columns)
  Object.assign(contact.columns, changes)
  contact.updatedAt = isoNow(world)
  const told = Object.entries(changes).map(([attribute, value]) => ({ attribute, before: before[attribute], after: value }))
  tellContact(world, 'contact_updated', contact, told)
}

/** Gives a contact a seat in an inbox, under an address that is unique there. */
export function createSeat(world: World, inbox: Inbox, contact: Contact, sourceId: string): ContactInbox {
  const now = isoNow(world)
  return world.state.contactInboxes.insert((id) => ({
    id,
    contactId: contact.id,
    inboxId: inbox.id,
    sourceId,
    pubsubToken: randomToken(),
    hmacVerified: false,
    createdAt: now,
    updatedAt: now,
  }))
}
