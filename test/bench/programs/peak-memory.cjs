'use strict'
// Loaded before the program with `node -r`: writes the peak of its resident memory, in KiB, into the file named by BENCH_PEAK.
const { readFileSync, writeFileSync } = require('node:fs')

process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, String(peak())))

function peak() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1])
  } catch {
    // Not Linux. There the figure of the process holds what its parent had in use when it was forked.
    return process.resourceUsage().maxRSS
  }
}
