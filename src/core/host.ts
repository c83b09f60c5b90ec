/**
 * Whether a host, as `URL.hostname` gives it, names this machine: 127.0.0.0/8, ::1 or `localhost`. Only there may `http:` be spoken.
 * (The address behind `localhost` is checked again once it is connected.)
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/** Whether a host is one of the pinned: a suffix with a leading dot (`.my.salesforce.com`), or a whole host (`api.hubapi.com`). */
export function isPinnedHost(hostname: string, pins: readonly string[]): boolean {
  return pins.some((pin) => (pin.startsWith('.') ? hostname.endsWith(pin) : hostname === pin))
}
