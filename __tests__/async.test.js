// UringAsync: completions as promises and as an async iterator, and the wait on the thread pool.

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

const { UringAsync, UringCtx, waitCompletionInExecutor } = require('..');
const { bytes, file, fresh } = require('./support/files.js');

const content = bytes(1000);
const fd = fs.openSync(file(content), 'r');
let ctx;
beforeEach(() => {
  ctx = new UringCtx({ entries: 8 });
});
afterEach(() => ctx.close());
afterAll(() => fs.closeSync(fd));

test.each([undefined, null, {}, 7])('is made of a ring and not of %p', (value) => {
  expect(() => new UringAsync(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
});

test('resolves to completions, those that are there and those to come', async () => {
  const completions = new UringAsync(ctx);
  expect([completions.ctx, completions.ringFd, completions.closed]).toEqual([ctx, ctx.ringFd, false]);
  const buffer = Buffer.alloc(8);
  ctx.readAsync(fd, buffer, 1, 42n);
  expect(await completions.waitCompletion()).toEqual([42n, 8]);
  expect(buffer).toEqual(content.subarray(1, 9));
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  const pipe = fs.openSync(name, 'r+');
  ctx.readAsync(pipe, buffer, 0, 1);
  setTimeout(() => fs.writeSync(pipe, 'later'), 10);
  expect(await completions.waitCompletion()).toEqual([1, 5]);
  expect(buffer.toString('utf8', 0, 5)).toBe('later');
  fs.closeSync(pipe);
});

test('iterates over completions until it is closed', async () => {
  const completions = new UringAsync(ctx);
  for (let at = 0; at < 20; at += 1) ctx.readAsync(fd, Buffer.alloc(4), at, at);
  const seen = [];
  for await (const [userData, result] of completions) {
    seen.push(userData);
    expect(result).toBe(4);
    if (seen.length === 20) setImmediate(() => completions.close());
  }
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(completions.closed).toBe(true);
  expect(ctx.closed).toBe(false);
});

test('an aborted wait leaves its completion to the next', async () => {
  const completions = new UringAsync(ctx);
  const abort = new AbortController();
  const aborted = completions.waitCompletion({ signal: abort.signal });
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  ctx.readAsync(fd, Buffer.alloc(1), 0, 9);
  ctx.submit();
  expect(await completions.waitCompletion()).toEqual([9, 1]);
});

test('close rejects those who wait', async () => {
  const completions = new UringAsync(ctx);
  const waits = [completions.waitCompletion(), completions.waitCompletion()];
  await null;
  completions.close();
  completions.close();
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'ECANCELED' });
  await expect(completions.waitCompletion()).rejects.toMatchObject({ detail: 'closed' });
});

test('a ring that closes rejects them too', async () => {
  const wait = new UringAsync(ctx).waitCompletion();
  await null;
  ctx.close();
  await expect(wait).rejects.toMatchObject({ code: 'ECANCELED' });
});

describe('waitCompletionInExecutor', () => {
  test('is refused where the ring is one thread\'s', async () => {
    const refused = { code: 'EINVAL', detail: expect.stringContaining('thread') };
    await expect(waitCompletionInExecutor(ctx)).rejects.toMatchObject(refused);
  });

  test('waits on the thread pool', async () => {
    const shared = new UringCtx({ singleThreadCheck: false });
    const name = fresh('fifo');
    execFileSync('mkfifo', [name]);
    const pipe = fs.openSync(name, 'r+');
    const buffer = Buffer.alloc(8);
    shared.readAsync(pipe, buffer, 0, 3);
    setTimeout(() => fs.writeSync(pipe, 'abc'), 150);
    expect(await waitCompletionInExecutor(shared)).toEqual([3, 3]);
    expect(buffer.toString('utf8', 0, 3)).toBe('abc');
    const wait = waitCompletionInExecutor(shared);
    shared.close();
    await expect(wait).rejects.toMatchObject({ detail: 'closed' });
    fs.closeSync(pipe);
  });
});
