/**
 * Whether a host, as `URL.hostname` gives it, names this machine: 127.0.0.0/8, ::1 or `localhost`. Only there may `http:` be spoken.
 * (The address behind `localhost` is checked again once it is connected.)
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}
