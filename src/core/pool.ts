/**
 * Works through items, so many at a time, and yields what each says as it says it.
 * Ending the loop ends every work under way, each on its own `finally`.
 * @returns what the works returned, in the order of the items; undefined for those that were not begun.
 */
export async function* pooled<Item, Event, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => AsyncGenerator<Event, Result>,
): AsyncGenerator<Event, readonly Result[]> {
  const results: Result[] = []
  const running = new Map<number, { readonly events: AsyncGenerator<Event, Result>; next: Promise<Step<Event, Result>> }>()
  let begun = 0
  const pull = async (index: number, events: AsyncGenerator<Event, Result>): Promise<Step<Event, Result>> => ({
    index,
    outcome: await events.next(),
  })
  try {
    for (;;) {
      for (; running.size < limit && begun < items.length; begun += 1) {
        const events = work(items[begun] as Item, begun)
        running.set(begun, { events, next: pull(begun, events) })
      }
      if (running.size === 0) return results
      const { index, outcome } = await Promise.race(Array.from(running.values(), ({ next }) => next))
      if (outcome.done === true) {
        results[index] = outcome.value
        running.delete(index)
        continue
      }
      const one = running.get(index)
      if (one !== undefined) one.next = pull(index, one.events)
      yield outcome.value
    }
  } finally {
    await Promise.allSettled(Array.from(running.values(), ({ events }) => events.return(undefined as Result)))
  }
}

interface Step<Event, Result> {
  readonly index: number
  readonly outcome: IteratorResult<Event, Result>
}
