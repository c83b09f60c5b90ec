/** The value of `Authorization` for a bearer token (RFC 6750). */
export function bearerOf(token: string): string {
  return `Bearer ${token}`
}

/** The value of `Authorization` for a user name and a password in UTF-8 (RFC 7617). Either may be empty. */
export function basicOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
