import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests of commands mostly wait for processes: with more of them than cores, every core has something to do.
    maxWorkers: '150%',
  },
})
