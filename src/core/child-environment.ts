/** Variables whose names say that they hold a secret, and those that make Node write down what passes through it. */
const NOT_FOR_HELPERS =
  /(?:KEY|TOKEN|SECRET|PASS(?:WORD|PHRASE|WD)?|CREDENTIALS?)(?:_|\d*$)|^NODE_(?:DEBUG|OPTIONS|V8_COVERAGE)$|^INTEGRATION_ENCRYPTION_KEY$/i

/**
 * The environment of a program that we start for ourselves - a browser, the one that calls the keychain - and that has no use for secrets
 * (`security.md` section 7).
 */
export function helperEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_HELPERS.test(name)))
}
