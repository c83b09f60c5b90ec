/**
 * Resolves once a claim about this process holds, in the turn of the event loop in which it comes to hold: before any timer runs. The
 * test's own time limit ends the wait.
 */
export async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise((resolve) => setImmediate(resolve))
}
