'use strict';

module.exports = {
  testEnvironment: 'node',
  // Only here: cargo's target directory holds unpacked packages with names of their own.
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.js'],
  // Copies of real files with fsync, on machines with slow disks.
  testTimeout: 30_000,
};
