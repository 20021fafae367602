// UringPool: several rings, in turn.

'use strict';

const fs = require('node:fs');

const { UringPool, UringCtx } = require('..');

const rings = () => fs.readdirSync('/proc/self/fd').filter((fd) => {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[io_uring]';
  } catch {
    return false;
  }
}).length;

test.each([
  [[], 'ERR_INVALID_ARG_TYPE'],
  [[0], 'ERR_OUT_OF_RANGE'],
  [[1.5], 'ERR_OUT_OF_RANGE'],
  [[1, { entry: 1 }], 'ERR_INVALID_ARG_VALUE'],
])('bad arguments %#', (args, code) => {
  expect(() => new UringPool(...args)).toThrow(expect.objectContaining({ code }));
});

test('makes rings with the options, and gives them in turn', async () => {
  const pool = new UringPool(3, { entries: 8 });
  expect(pool.length).toBe(3);
  expect(pool.rings.every((ring) => ring instanceof UringCtx && ring.entries === 8)).toBe(true);
  const taken = Array.from({ length: 6 }, () => pool.next());
  expect(taken.slice(3)).toEqual(taken.slice(0, 3));
  expect(new Set(taken)).toEqual(new Set(pool.rings));
  await Promise.all(taken.map((ring) => ring.nop()));
  pool.close();
  pool.close();
  expect(pool.closed).toBe(true);
  expect(pool.rings.every(({ closed }) => closed)).toBe(true);
  expect(() => pool.next()).toThrow(expect.objectContaining({ code: 'EINVAL', detail: 'closed' }));
});

test('leaves no ring behind when one of them is refused', async () => {
  const before = rings();
  expect(() => new UringPool(2, { setupFlags: 0x80000000 })).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  while (rings() > before) await new Promise(setImmediate);
});
