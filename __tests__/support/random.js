// What random tests share: how much of them there is, and the seed that says which.

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const isLong = process.env.URING_LONG === '1';

/** So many in CI, so many where there is time: URING_LONG=1. */
const howMany = (short, long) => (isLong ? long : short);

/** No test of a long run ends for want of time. */
const limit = isLong ? 24 * 60 * 60 * 1000 : 60_000;

/** The seed of this run; URING_SEED repeats another. It is told at once: who dies tells nothing. */
function seedOf(filename) {
  const seed = process.env.URING_SEED === undefined ? crypto.randomInt(2 ** 31) : Number(process.env.URING_SEED);
  fs.writeSync(2, `${path.basename(filename)}: URING_SEED=${seed}\n`);
  return seed;
}

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
function numbersOf(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

module.exports = { howMany, limit, numbersOf, seedOf };
