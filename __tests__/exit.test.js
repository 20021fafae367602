'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { copy } = require('..');
const { inChild, root } = require('./support/child.js');
const { MIB, eventually, folder, fresh } = require('./support/files.js');

const quoted = (value) => JSON.stringify(value);

// Large, and quickly made: with sparse 'never' every byte of it is written.
const src = fresh('large');
fs.writeFileSync(src, '');
fs.truncateSync(src, 2 * 1024 * MIB);
const slow = `{ sparse: 'never', reflink: 'never' }`;

/** What is left in `there` after a process that began `start` ended by `end`. */
const rows = {
  'copy, process.exit() from a timer': (dst) => `uring.copy(${quoted(src)}, ${dst}, ${slow}); setTimeout(() => process.exit(3), 100);`,
  'copy, process.exit() in the callback': (dst) =>
    `uring.copy(${quoted(src)}, ${dst}, { sparse: 'never', reflink: 'never', progressCb: (done) => { if (done > ${32 * MIB}) process.exit(3); } });`,
  'copy, process.exit() while the callback is waited for': (dst) =>
    `uring.copy(${quoted(src)}, ${dst}, { sparse: 'never', reflink: 'never', progressCb: () => new Promise(() => {}) }); setTimeout(() => process.exit(3), 100);`,
  'atomic copy': (dst) => `uring.copy(${quoted(src)}, ${dst}, { sparse: 'never', reflink: 'never', atomic: true }); setTimeout(() => process.exit(3), 100);`,
  'one block of a GiB': (dst) => `uring.copy(${quoted(src)}, ${dst}, { sparse: 'never', reflink: 'never', mode: 'safe', bufferSizeCb: () => 2 ** 30, qd: 1 }); setTimeout(() => process.exit(3), 100);`,
  write: (dst) => `uring.write(${dst}, { totalMb: 2048 }); setTimeout(() => process.exit(3), 100);`,
  'write, an error that nobody catches': (dst) => `uring.write(${dst}, { totalMb: 2048 }).catch(() => {}); setTimeout(() => { throw new Error('of the caller'); }, 100);`,
  '200 copies': (_, there) =>
    `for (let index = 0; index < 200; index += 1) uring.copy(${quoted(src)}, ${quoted(there)} + '/' + index, ${slow}); setTimeout(() => process.exit(3), 100);`,
};

describe.each([['on a ring', ''], ['with plain system calls', '1']])('%s', (_, URING_FALLBACK) => {
  it.each(Object.keys(rows))('%s: it ends at once, and nothing is left', async (row) => {
    const there = folder();
    const script = `${rows[row](quoted(`${there}/dst`), there)} process.on('exit', () => report(Date.now()));`;
    const { status, reported } = await inChild(script, { env: { URING_FALLBACK } });
    expect(Date.now() - reported).toBeLessThan(2000);
    expect(status).toBe(row.includes('nobody') ? 1 : 3);
    expect(fs.readdirSync(there)).toEqual([]);
  });
});

it('an idle package keeps no process alive', async () => {
  expect(await inChild(`uring.availability();`)).toMatchObject({ status: 0 });
});

it('a copy under way does keep it alive', async () => {
  const there = folder();
  const script = `fs.writeFileSync(${quoted(`${there}/a`)}, Buffer.alloc(${32 * MIB})); uring.copy(${quoted(`${there}/a`)}, ${quoted(`${there}/b`)});`;
  expect(await inChild(script)).toMatchObject({ status: 0 });
  expect(fs.statSync(`${there}/b`).size).toBe(32 * MIB);
});

describe.each(['terminate()', 'process.exit()'])('a worker that ends by %s', (how) => {
  it('leaves nothing, and the others go on', async () => {
    const there = folder();
    const code = `const uring = require(${quoted(root)});
      const { parentPort } = require('node:worker_threads');
      for (let index = 0; index < 4; index += 1) uring.copy(${quoted(src)}, ${quoted(there)} + '/' + index, { sparse: 'never', reflink: 'never' }).catch(() => {});
      setTimeout(() => { parentPort.postMessage('begun'); if (${how === 'process.exit()'}) process.exit(); }, 100);`;
    const worker = new Worker(code, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    if (how === 'terminate()') worker.terminate();
    await ended;
    await eventually(() => fs.readdirSync(there).length === 0, 'partial files to be gone');
    const [one, other] = [path.join(there, 'one'), path.join(there, 'other')];
    fs.writeFileSync(one, Buffer.alloc(MIB, 7));
    expect(await copy(one, other)).toBe(MIB);
  });
});
