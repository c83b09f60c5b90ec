/** How many: enough that each kind of work stays in the processor's caches, few enough to hold. */
const BATCH = 50

/** The same items, as many at a time as are worked on together; they are taken as they are needed. */
export function* inBatches<Item>(items: Iterable<Item>): Generator<readonly Item[]> {
  let batch: Item[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
