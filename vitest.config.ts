import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two workers: every integration test may hold a Chromium of its own, and a third did not make the run shorter.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      // What the gate is for; measuring the rest as well would take its time from the tests.
      include: ['src/session/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { 'src/session/**': { branches: 100 } },
    },
  },
});
