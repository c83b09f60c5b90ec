import { roleIn } from './access.ts'
import type { Columns, User } from './records.ts'
import { since, type World } from './world.ts'

/** A user as a colleague in one account. */
export function agentView(world: World, user: User, accountId: number): Columns {
  return {
    id: user.id,
    account_id: accountId,
    availability_status: 'online',
    auto_offline: true,
    confirmed: true,
    email: user.email,
    provider: 'email',
    available_name: user.name,
    name: user.name,
    role: roleIn(user, accountId),
    thumbnail: '',
    ...(since(world, '3.13') ? { custom_role_id: null } : {}),
  }
}
