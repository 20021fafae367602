// How the tests run. What they share, and is no test, is in __tests__/support/.

'use strict';

module.exports = {
  testEnvironment: 'node',
  // Only here: cargo's target directory holds unpacked packages with names of their own.
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.js'],
  // Copies of real files with fsync, on machines with slow disks.
  testTimeout: 30_000,
};
