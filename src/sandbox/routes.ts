import { botRoutes } from './bots.ts'
import { conversationRoutes } from './conversations.ts'
import { inboxBotRoutes } from './inbox-bot.ts'
import { inboxRoutes } from './inboxes.ts'
import { memberRoutes } from './members.ts'
import { pageRoutes } from './pages.ts'
import { platformRoutes } from './platform.ts'
import { profileRoutes } from './profile.ts'
import { publicRoutes } from './public-api.ts'
import type { Route } from './route.ts'
import { webhookRoutes } from './webhooks.ts'
import { widgetRoutes } from './widget.ts'

/** Everything a sandbox answers. Whatever is not here is the framework's 404. */
export const ROUTES: readonly Route[] = [
  ...pageRoutes,
  ...profileRoutes,
  ...inboxRoutes,
  ...inboxBotRoutes,
  ...memberRoutes,
  ...botRoutes,
  ...webhookRoutes,
  ...conversationRoutes,
  ...widgetRoutes,
  ...publicRoutes,
  ...platformRoutes,
]
