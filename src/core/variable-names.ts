/** Variables that mean something to the system, a shell or an interpreter: a value in them could run a program, or change which one runs. */
const TAKEN = new Set(['PATH', 'HOME', 'SHELL', 'IFS', 'BASH_ENV', 'ENV', 'PYTHONPATH', 'PERL5OPT', 'RUBYOPT', 'JAVA_TOOL_OPTIONS'])
const TAKEN_BEGINNINGS = /^(?:LD_|DYLD_|NODE_|NPM_CONFIG_|GIT_|SSL_)/
/** Ours: they say where the vault is and what opens it. */
const OWN = /^(?:CRM_|INTEGRATION_ENCRYPTION_KEY$)/

/** Whether a variable may carry the value of a field to a program (`security.md` section 8). */
export function isVariableName(name: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(name) && !TAKEN.has(name) && !TAKEN_BEGINNINGS.test(name) && !OWN.test(name)
}
