// BufferPool: slots, views and pointers, and what becomes of them when a slot goes.

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

const { BufferPool, UringCtx } = require('..');
const { bytes, file, fresh } = require('./support/files.js');

test.each([
  [{ initialCount: 0 }, 'ERR_OUT_OF_RANGE'],
  [{ initialCount: 1.5 }, 'ERR_OUT_OF_RANGE'],
  [{ initialSize: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ initialSize: '4096' }, 'ERR_INVALID_ARG_TYPE'],
  [{ size: 1 }, 'ERR_INVALID_ARG_VALUE'],
])('create(%j) is refused', (options, code) => {
  expect(() => BufferPool.create(options)).toThrow(expect.objectContaining({ code }));
});

test('more than there is memory is ENOMEM', () => {
  const create = () => BufferPool.create({ initialCount: 1 << 20, initialSize: 2 ** 32 - 1 });
  expect(create).toThrow(expect.objectContaining({ code: 'ENOMEM' }));
});

test('has slots of zeros, page-aligned, each of its own', () => {
  const pool = BufferPool.create();
  expect(pool).toHaveLength(8);
  const starts = Array.from({ length: 8 }, (_, at) => pool.getPtr(at));
  for (const [start, size] of starts) {
    expect(start % 4096n).toBe(0n);
    expect(size).toBe(4096);
  }
  expect(new Set(starts.map(([start]) => start)).size).toBe(8);
  expect(pool.get(3)).toEqual(Buffer.alloc(4096));
  pool.close();
});

test('get copies, buffer does not', () => {
  const pool = BufferPool.create({ initialCount: 1, initialSize: 100 });
  const copy = pool.get(0);
  pool.buffer(0).fill(1);
  expect(copy).toEqual(Buffer.alloc(100));
  expect(pool.get(0)).toEqual(Buffer.alloc(100, 1));
  pool.close();
});

test('setSize changes what is in use, up to the capacity', () => {
  const pool = BufferPool.create({ initialCount: 1, initialSize: 100 });
  pool.setSize(0, 10);
  expect([pool.get(0).length, pool.buffer(0).length, pool.getPtr(0)[1], pool.capacity(0)]).toEqual([10, 10, 10, 100]);
  pool.setSize(0, 100);
  const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
  expect(() => pool.setSize(0, 101)).toThrow(outOfRange);
  for (const index of [-1, 1, 0.5]) expect(() => pool.get(index)).toThrow(outOfRange);
  pool.close();
});

test('resize keeps the bytes, empties old views and voids old pointers', () => {
  const pool = BufferPool.create({ initialCount: 2, initialSize: 8 });
  const old = pool.buffer(0);
  old.write('12345678');
  pool.resize(0, 5000);
  expect(old).toHaveLength(0);
  expect(pool.capacity(0)).toBe(5000);
  expect(pool.get(0).toString('utf8', 0, 9)).toBe('12345678\0');
  pool.resize(0, 4);
  expect(pool.get(0).toString()).toBe('1234');
  pool.close();
});

test('a slot in flight is EBUSY, and free again after', async () => {
  const ctx = new UringCtx();
  const pool = BufferPool.create({ initialCount: 2, initialSize: 8 });
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  const pipe = fs.openSync(name, 'r+');
  const read = ctx.readInto(pipe, pool.buffer(0));
  const busy = expect.objectContaining({ code: 'EBUSY' });
  expect(() => pool.resize(0, 16)).toThrow(busy);
  expect(() => pool.close()).toThrow(busy);
  pool.resize(1, 16);
  fs.writeSync(pipe, 'data');
  expect(await read).toBe(4);
  expect(pool.get(0).toString('utf8', 0, 4)).toBe('data');
  pool.close();
  ctx.close();
  fs.closeSync(pipe);
});

test('a view that was transferred away takes no memory from the kernel', async () => {
  const ctx = new UringCtx();
  const pool = BufferPool.create({ initialCount: 1, initialSize: 64 });
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  const pipe = fs.openSync(name, 'r+');
  const view = pool.buffer(0);
  const read = ctx.readInto(pipe, view);
  await ctx.nop();
  // Depending on its version, Node moves the memory, copies it, or refuses.
  try {
    structuredClone(view.buffer, { transfer: [view.buffer] });
  } catch (error) {
    expect(error.name).toBe('DataCloneError');
  }
  fs.writeSync(pipe, 'kept');
  expect(await read).toBe(4);
  ctx.close();
  fs.closeSync(pipe);
});

test('after close every method says so, and views are empty', () => {
  const pool = BufferPool.create();
  const view = pool.buffer(0);
  pool.close();
  pool.close();
  expect(view).toHaveLength(0);
  expect(pool.closed).toBe(true);
  for (const name of ['get', 'buffer', 'getPtr', 'capacity', 'setSize', 'resize']) {
    expect(() => pool[name](0, 1)).toThrow(expect.objectContaining({ code: 'EINVAL', detail: 'closed' }));
  }
});

test('writes from a slot without a copy', async () => {
  const ctx = new UringCtx();
  const pool = BufferPool.create({ initialCount: 1, initialSize: 16 });
  const content = bytes(16);
  content.copy(pool.buffer(0));
  const name = file('');
  const out = fs.openSync(name, 'r+');
  expect(await ctx.write(out, pool.buffer(0))).toBe(16);
  expect(fs.readFileSync(name)).toEqual(content);
  fs.closeSync(out);
  pool.close();
  ctx.close();
});

test('madvise reaches the memory of a slot, and refuses any other', async () => {
  const { MADV_DONTNEED } = require('..');
  const ctx = new UringCtx();
  const pool = BufferPool.create({ initialCount: 1, initialSize: 4096 });
  pool.buffer(0).fill(1);
  await ctx.madvise(pool.buffer(0), MADV_DONTNEED);
  expect(pool.get(0)).toEqual(Buffer.alloc(4096));
  pool.buffer(0).fill(1);
  ctx.madviseSync(pool.buffer(0), MADV_DONTNEED);
  expect(pool.get(0)).toEqual(Buffer.alloc(4096));
  await expect(ctx.madvise(Buffer.alloc(4096), MADV_DONTNEED)).rejects.toMatchObject({ code: 'EFAULT' });
  await expect(ctx.madvise(pool.buffer(0), 9999)).rejects.toMatchObject({ code: 'EINVAL' });
  await expect(ctx.madvise('x', 0)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  pool.close();
  ctx.close();
});
