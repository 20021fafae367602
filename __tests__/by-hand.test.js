// Submission and completion by hand: what is queued, submitted and collected, and when.

'use strict';

const fs = require('node:fs');

const { BufferPool, UringCtx } = require('..');
const { bytes, file } = require('./support/files.js');

const content = bytes(10_000);
const fd = fs.openSync(file(content), 'r');
let ctx;
beforeEach(() => {
  ctx = new UringCtx({ entries: 8 });
});
afterEach(() => ctx.close());
afterAll(() => fs.closeSync(fd));

test.each([
  ['readAsync', [-1, Buffer.alloc(1)], 'ERR_OUT_OF_RANGE'],
  ['readAsync', [0, 'text'], 'ERR_INVALID_ARG_TYPE'],
  ['readAsync', [0, Buffer.alloc(1), -0.5], 'ERR_OUT_OF_RANGE'],
  ['readAsync', [0, Buffer.alloc(1), 0, -1], 'ERR_OUT_OF_RANGE'],
  ['readAsync', [0, Buffer.alloc(1), 0, 2 ** 53], 'ERR_OUT_OF_RANGE'],
  ['readAsync', [0, Buffer.alloc(1), 0, 2n ** 64n], 'ERR_OUT_OF_RANGE'],
  ['readAsync', [0, [1n]], 'ERR_INVALID_ARG_VALUE'],
  ['writeAsync', [0, 7], 'ERR_INVALID_ARG_TYPE'],
  ['readAsyncPtr', [0, 'x', 1], 'ERR_INVALID_ARG_TYPE'],
  ['readAsyncPtr', [0, 4096n, -1], 'ERR_OUT_OF_RANGE'],
  ['submitAndWaitSync', [-1], 'ERR_OUT_OF_RANGE'],
])('%s(...) with bad arguments queues nothing', (name, args, code) => {
  expect(() => ctx[name](...args)).toThrow(expect.objectContaining({ code }));
  expect(ctx.inFlight).toBe(0);
});

test('queues, and submits when it is told to', async () => {
  const buffer = Buffer.alloc(16);
  ctx.readAsync(fd, buffer, 3, 7);
  expect(ctx.peekCompletion()).toBeNull();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(buffer).toEqual(Buffer.alloc(16));
  expect(ctx.submit()).toBe(1);
  expect(ctx.submit()).toBe(0);
  expect(ctx.peekCompletion()).toEqual([7, 16]);
  expect(ctx.peekCompletion()).toBeNull();
  expect(buffer).toEqual(content.subarray(3, 19));
});

test.each([0, 7, 7n, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])(
  'userData %p comes back as it went in',
  (userData) => {
    ctx.readAsync(fd, Buffer.alloc(1), 0, userData);
    expect(ctx.waitCompletionSync()).toEqual([userData, 1]);
  },
);

test('two of the same in flight are refused, whether number or bigint', () => {
  ctx.readAsync(fd, Buffer.alloc(1), 0, 5);
  expect(() => ctx.readAsync(fd, Buffer.alloc(1), 0, 5n)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
  );
  ctx.waitCompletionSync();
  ctx.readAsync(fd, Buffer.alloc(1), 0, 5);
  expect(ctx.waitCompletionSync()).toEqual([5, 1]);
});

test('a result is a count or a negative errno', () => {
  ctx.readAsync(99_999, Buffer.alloc(1), 0, 1);
  expect(ctx.waitCompletionSync()).toEqual([1, -9]);
});

test('writes what it was given', () => {
  const name = file('');
  const out = fs.openSync(name, 'r+');
  ctx.writeAsync(out, 'one', 0, 1);
  ctx.writeAsync(out, Buffer.from('two'), 3, 2);
  expect(ctx.submitAndWaitSync(2)).toBe(2);
  expect([ctx.peekCompletion(), ctx.peekCompletion()]).toEqual(expect.arrayContaining([[1, 3], [2, 3]]));
  expect(fs.readFileSync(name, 'utf8')).toBe('onetwo');
  fs.closeSync(out);
});

test('pointers of a pool are used as they are, and no others', () => {
  const pool = BufferPool.create({ initialCount: 2, initialSize: 64 });
  const [pointer, size] = pool.getPtr(0);
  ctx.readAsync(fd, [pointer, size], 0, 1);
  ctx.readAsyncPtr(fd, pool.getPtr(1)[0] + 8n, 8, 100, 1);
  ctx.submitAndWaitSync(2);
  expect(pool.get(0)).toEqual(content.subarray(0, 64));
  expect(pool.get(1).subarray(8, 16)).toEqual(content.subarray(100, 108));
  const wild = { code: 'EFAULT' };
  expect(() => ctx.readAsyncPtr(fd, 4096n, 8)).toThrow(expect.objectContaining(wild));
  expect(() => ctx.writeAsyncPtr(fd, pointer, 1 << 20)).toThrow(expect.objectContaining(wild));
  pool.resize(0, 128);
  expect(() => ctx.readAsync(fd, [pointer, size])).toThrow(expect.objectContaining(wild));
  pool.close();
});

test('a full queue never reaches the caller, and nothing is lost', async () => {
  const buffers = Array.from({ length: 1000 }, () => Buffer.alloc(4));
  buffers.forEach((buffer, at) => ctx.readAsync(fd, buffer, at, at));
  expect(ctx.inFlight).toBe(1000);
  const seen = new Set();
  for (let left = 1000; left > 0; left -= 1) {
    const [userData, result] = await ctx.waitCompletion();
    expect(result).toBe(4);
    seen.add(userData);
  }
  expect(seen.size).toBe(1000);
  buffers.forEach((buffer, at) => expect(buffer.equals(content.subarray(at, at + 4))).toBe(true));
  expect(ctx.peekCompletion()).toBeNull();
});

test('promises and completions by hand do not take each other\'s', async () => {
  const promises = [];
  for (let at = 0; at < 50; at += 1) {
    ctx.readAsync(fd, Buffer.alloc(2), at, at);
    promises.push(ctx.read(fd, 3, at));
  }
  expect(ctx.readSync(fd, 5)).toEqual(content.subarray(0, 5));
  (await Promise.all(promises)).forEach((read, at) => expect(read).toEqual(content.subarray(at, at + 3)));
  const seen = [];
  for (let pair; (pair = ctx.peekCompletion()) !== null; ) seen.push(pair);
  expect(seen.sort(([a], [b]) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => [at, 2]));
});

test('waits are served in order, and an aborted one takes nothing', async () => {
  const abort = new AbortController();
  const first = ctx.waitCompletion({ signal: abort.signal });
  const second = ctx.waitCompletion();
  const both = ctx.submitAndWait(2);
  abort.abort();
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  ctx.readAsync(fd, Buffer.alloc(1), 0, 1);
  ctx.submit();
  expect(await second).toEqual([1, 1]);
  ctx.readAsync(fd, Buffer.alloc(1), 0, 2);
  ctx.readAsync(fd, Buffer.alloc(1), 0, 3);
  ctx.submit();
  await both;
  expect([ctx.peekCompletion()[0], ctx.peekCompletion()[0]].sort()).toEqual([2, 3]);
});
