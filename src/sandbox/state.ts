import type {
  Account,
  AgentBot,
  Contact,
  ContactInbox,
  Conversation,
  Delivery,
  Inbox,
  Message,
  PlatformApp,
  User,
  Webhook,
} from './records.ts'

/** Rows by id, in the order in which they were made. Ids are counted from 1 and never given twice. */
export class Table<Row extends { readonly id: number }> {
  readonly #rows = new Map<number, Row>()
  #lastId = 0

  /** Makes a row from its new id. */
  insert(make: (id: number) => Row): Row {
    this.#lastId += 1
    const row = make(this.#lastId)
    this.#rows.set(row.id, row)
    return row
  }

  get(id: number | null | undefined): Row | undefined {
    return id === null || id === undefined ? undefined : this.#rows.get(id)
  }

  delete(id: number): boolean {
    return this.#rows.delete(id)
  }

  find(matches: (row: Row) => boolean): Row | undefined {
    for (const row of this.#rows.values()) if (matches(row)) return row
    return undefined
  }

  filter(matches: (row: Row) => boolean): Row[] {
    return Array.from(this.#rows.values()).filter(matches)
  }

  all(): Row[] {
    return Array.from(this.#rows.values())
  }

  get size(): number {
    return this.#rows.size
  }
}

/** Everything one sandbox remembers. It lives in memory and is gone when the sandbox closes. */
export class State {
  readonly accounts = new Table<Account>()
  readonly users = new Table<User>()
  readonly platformApps = new Table<PlatformApp>()
  readonly inboxes = new Table<Inbox>()
  readonly bots = new Table<AgentBot>()
  readonly webhooks = new Table<Webhook>()
  readonly contacts = new Table<Contact>()
  readonly contactInboxes = new Table<ContactInbox>()
  readonly conversations = new Table<Conversation>()
  readonly messages = new Table<Message>()
  readonly deliveries: Delivery[] = []

  inboxesOf(accountId: number): Inbox[] {
    return this.inboxes.filter((inbox) => inbox.accountId === accountId)
  }

  /** The account's bots and those of the installation. */
  botsOf(accountId: number): AgentBot[] {
    return this.bots.filter((bot) => bot.accountId === accountId || bot.accountId === null)
  }

  webhooksOf(accountId: number): Webhook[] {
    return this.webhooks.filter((webhook) => webhook.accountId === accountId)
  }

  /** Messages of a conversation, oldest first. */
  messagesOf(conversationId: number): Message[] {
    return this.messages.filter((message) => message.conversationId === conversationId)
  }

  /** The bot attached to an inbox, while it exists. */
  botAt(inbox: Inbox): AgentBot | undefined {
    return this.bots.get(inbox.botId)
  }

  /** Removes an inbox with its conversations, messages and seats. Bots and contacts stay. */
  removeInbox(id: number): void {
    for (const conversation of this.conversations.filter((row) => row.inboxId === id)) {
      for (const message of this.messagesOf(conversation.id)) this.messages.delete(message.id)
      this.conversations.delete(conversation.id)
    }
    for (const seat of this.contactInboxes.filter((row) => row.inboxId === id)) this.contactInboxes.delete(seat.id)
    this.inboxes.delete(id)
  }

  /** Removes a bot: its links end, its messages stay without a sender. */
  removeBot(id: number): void {
    this.bots.delete(id)
    for (const inbox of this.inboxes.filter((row) => row.botId === id)) inbox.botId = null
    for (const message of this.messages.filter((row) => row.sender?.type === 'agent_bot' && row.sender.id === id)) message.sender = null
    for (const conversation of this.conversations.filter((row) => row.assignee?.type === 'AgentBot' && row.assignee.id === id)) {
      conversation.assignee = null
    }
  }
}
