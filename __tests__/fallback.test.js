'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');

const uring = require('..');
const { root } = require('./support/child.js');
const { exercise } = require('./support/exercise.js');
const { MIB, file, folder, fresh } = require('./support/files.js');

const before = process.env.URING_FALLBACK;
afterEach(() => {
  if (before === undefined) delete process.env.URING_FALLBACK;
  else process.env.URING_FALLBACK = before;
});

it('does the same as a ring does', async () => {
  delete process.env.URING_FALLBACK;
  const onRing = await exercise(uring, folder());
  process.env.URING_FALLBACK = '1';
  expect(await exercise(uring, folder())).toEqual(onRing);
});

it.each([['1', true], ['yes', true], ['0', false], ['', false]])('URING_FALLBACK=%p forces it: %p', (value, forced) => {
  process.env.URING_FALLBACK = value;
  const { available, reason, hint, errno, code } = uring.availability();
  if (!forced) {
    expect(reason ?? '').not.toContain('URING_FALLBACK');
    return;
  }
  expect([available, errno, code]).toEqual([false, null, null]);
  expect([reason, hint]).toEqual([expect.stringContaining('URING_FALLBACK'), expect.stringContaining('URING_FALLBACK')]);
});

const hasStrace = spawnSync('strace', ['-V']).status === 0;
(hasStrace ? it : it.skip)(`makes no ring${hasStrace ? '' : ' (skipped: no strace)'}`, () => {
  const [src, log] = [file(4 * MIB), fresh('log')];
  const script = `require(${JSON.stringify(root)}).copy(${JSON.stringify(src)}, ${JSON.stringify(fresh())})`;
  const rings = (value) => {
    const env = { ...process.env, UV_USE_IO_URING: '0', URING_FALLBACK: value };
    execFileSync('strace', ['-f', '-e', 'trace=io_uring_setup', '-o', log, process.execPath, '-e', script], { env });
    return fs.readFileSync(log, 'utf8').match(/io_uring_setup/g)?.length ?? 0;
  };
  expect(rings('1')).toBe(0);
  if (uring.availability().available) expect(rings('')).toBe(1);
});
