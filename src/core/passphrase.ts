/** Fewest characters of a new passphrase (`security.md` section 4.4). */
export const SHORTEST_PASSPHRASE = 12

/** Whether a new passphrase may open a profile: long enough in NFC, and without control characters. */
export function isAcceptablePassphrase(text: string): boolean {
  return Array.from(text.normalize('NFC')).length >= SHORTEST_PASSPHRASE && !/\p{Cc}/u.test(text)
}
