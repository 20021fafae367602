// Everything public, called with arguments of every kind, by chance: it never dies, hangs or fails
// without a code.

'use strict';

const fs = require('node:fs');
const path = require('node:path');

const uring = require('..');
const { inChild } = require('./support/child.js');
const { folder } = require('./support/files.js');
const { BLOCKS } = require('./support/random-calls.js');
const { howMany, limit, seedOf } = require('./support/random.js');

const seed = seedOf(__filename);
const calls = howMany(10_000, 200_000);
const quoted = (value) => JSON.stringify(value);

const { available, reason } = uring.availability();
(available ? it : it.skip)(`${calls} calls (URING_SEED=${seed})${available ? '' : ` (skipped: ${reason})`}`, async () => {
  const there = folder();
  const script = `const { randomCalls } = require(${quoted(path.join(__dirname, 'support/random-calls.js'))});
    report(await randomCalls(uring, { seed: ${seed}, calls: ${calls}, folder: ${quoted(there)} }));
    process.exit();`;
  const wrap = ['timeout', '--signal=KILL', String(limit / 1000 - 5), 'sh', '-c', 'ulimit -f 4096; ulimit -c 0; exec "$@"', 'sh'];
  const { status, signal, stderr, reported } = await inChild(script, { wrap });
  const note = fs.readFileSync(`${there}.note`, 'utf8').trim();
  expect({ status, signal, stderr, note: reported === undefined ? note : '' }).toEqual({ status: 0, signal: null, stderr: '', note: '' });
  expect(reported.failures).toEqual([]);
  const methods = Object.values(reported.counts).flatMap((counts) => Object.values(counts));
  expect(methods.reduce((sum, count) => sum + count, 0)).toBe(calls);
}, limit);

it('what blocks for ever and so is left out is there, or will be', () => {
  const names = Object.keys(BLOCKS).filter((name) => name in uring.UringCtx.prototype);
  expect(names).toEqual(expect.arrayContaining(['waitCompletionSync', 'submitAndWaitSync', 'timeoutSync', 'pollAddSync']));
  for (const name of names) expect(typeof uring.UringCtx.prototype[name.replace(/Sync$/, '')]).toBe('function');
});
