// Buffers that the kernel chooses among: BufferRing, bundles, and provideBuffers / removeBuffers.
// What receiving into them does is in stream.test.js.

'use strict';

const { BufferPool, BufferRing, UringCtx } = require('..');
const { connection, receive } = require('./support/sockets.js');

const code = (value) => expect.objectContaining({ code: value });

let ctx;
beforeEach(() => {
  ctx = new UringCtx();
});
afterEach(() => ctx.close());

describe('new BufferRing', () => {
  test.each([
    [[], 'ERR_INVALID_ARG_TYPE'],
    [[{}], 'ERR_INVALID_ARG_TYPE'],
    [['ctx', { entries: 0 }], 'ERR_OUT_OF_RANGE'],
    [['ctx', { entries: 3 }], 'ERR_INVALID_ARG_VALUE'],
    [['ctx', { entries: 65536 }], 'ERR_OUT_OF_RANGE'],
    [['ctx', { size: 0 }], 'ERR_OUT_OF_RANGE'],
    [['ctx', { size: 2 ** 31 }], 'ERR_OUT_OF_RANGE'],
    [['ctx', { groupId: 65536 }], 'ERR_OUT_OF_RANGE'],
    [['ctx', { incremental: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [['ctx', { empty: 'yes' }], 'ERR_INVALID_ARG_TYPE'],
    [['ctx', { count: 1 }], 'ERR_INVALID_ARG_VALUE'],
  ])('bad arguments %#', ([first, options], expected) => {
    expect(() => new BufferRing(first === 'ctx' ? ctx : first, options)).toThrow(code(expected));
  });

  test('has what it was made with', () => {
    const buffers = new BufferRing(ctx, { entries: 8, size: 100, groupId: 3 });
    expect([buffers.entries, buffers.size, buffers.groupId, buffers.closed]).toEqual([8, 100, 3, false]);
    buffers.close();
    buffers.close();
    expect(buffers.closed).toBe(true);
    expect(() => buffers.size).toThrow(expect.objectContaining({ detail: 'closed' }));
  });

  test('a group number is one ring of buffers at a time', () => {
    const first = new BufferRing(ctx);
    expect(() => new BufferRing(ctx)).toThrow(code('EEXIST'));
    expect(new BufferRing(ctx, { groupId: 1 }).groupId).toBe(1);
    first.close();
    expect(new BufferRing(ctx).groupId).toBe(0);
  });

  test('is closed with its ring, and refused by a closed one', () => {
    const buffers = new BufferRing(ctx);
    ctx.close();
    expect(buffers.closed).toBe(true);
    expect(() => buffers.close()).not.toThrow();
    expect(() => new BufferRing(ctx)).toThrow(expect.objectContaining({ detail: 'closed' }));
  });

  (Symbol.dispose === undefined ? test.skip : test)('[Symbol.dispose] closes (skipped where Node has none)', () => {
    const buffers = new BufferRing(ctx);
    buffers[Symbol.dispose]();
    expect(buffers.closed).toBe(true);
  });
});

describe.each([
  ['sendBundle', (...args) => ctx.sendBundle(...args)],
  ['sendBundleSync', async (...args) => ctx.sendBundleSync(...args)],
])('%s', (_, sendBundle) => {
  test('sends what was pushed, in its order, again and again', async () => {
    const { fd, peer } = await connection(ctx);
    const buffers = new BufferRing(ctx, { entries: 4, size: 16, empty: true });
    let expected = '';
    for (let round = 0; round < 10; round++) {
      const parts = Array.from({ length: 1 + (round % 4) }, (__, part) => `${round}.${part};`);
      parts.forEach((part) => expect(buffers.push(part)).toBe(true));
      expected += parts.join('');
      expect(await sendBundle(fd, 0, 0, buffers)).toBe(parts.join('').length);
    }
    expect((await receive(peer, expected.length)).toString()).toBe(expected);
    peer.destroy();
    ctx.closeFdSync(fd);
  });

  test('says when nothing more fits, and that there is nothing to send', async () => {
    const { fd, peer } = await connection(ctx);
    const buffers = new BufferRing(ctx, { entries: 2, size: 4, empty: true });
    await expect(sendBundle(fd, 0, 0, buffers)).rejects.toMatchObject({ code: 'ENOBUFS', operation: 'sendBundle' });
    expect([buffers.push('a'), buffers.push('b'), buffers.push('c')]).toEqual([true, true, false]);
    expect(() => buffers.push('too long')).toThrow(code('ERR_OUT_OF_RANGE'));
    expect(() => buffers.push('')).toThrow(code('ERR_OUT_OF_RANGE'));
    expect(() => buffers.push(1)).toThrow(code('ERR_INVALID_ARG_TYPE'));
    expect(await sendBundle(fd, 0, 0, buffers)).toBe(2);
    expect(buffers.push('c')).toBe(true);
    await expect(sendBundle(fd, 0, 0, 99)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    peer.destroy();
    ctx.closeFdSync(fd);
  });
});

describe('provideBuffers and removeBuffers', () => {
  const pool = BufferPool.create({ initialCount: 1, initialSize: 4096 });

  test('bad arguments', async () => {
    const view = pool.buffer(0);
    await expect(ctx.provideBuffers(view, 1024, 5, 1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(ctx.provideBuffers(view, 0, 1, 1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(ctx.provideBuffers('x', 1, 1, 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await expect(ctx.removeBuffers(1, -1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(() => ctx.provideBuffersSync(Buffer.alloc(64), 64, 1, 1)).toThrow(code('EFAULT'));
  });

  test('give a group its buffers, and take back those that are left', async () => {
    expect(await ctx.provideBuffers(pool.buffer(0), 1024, 4, 1, 10)).toBeUndefined();
    expect(ctx.removeBuffersSync(3, 1)).toBe(3);
    expect(await ctx.removeBuffers(3, 1)).toBe(1);
    await expect(ctx.removeBuffers(1, 77)).rejects.toMatchObject({ code: 'ENOENT', operation: 'removeBuffers' });
  });

  test('a stream receives into them, and gives them back', async () => {
    const { fd, peer } = await connection(ctx);
    ctx.provideBuffersSync(pool.buffer(0), 16, 2, 1);
    const sent = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
    peer.end(sent);
    const parts = [];
    for await (const part of ctx.recvMultishot(fd, 1)) parts.push(part);
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
    await ctx.drain();
    expect(await ctx.removeBuffers(10, 1)).toBe(2);
    ctx.closeFdSync(fd);
  });

  test('the pool they are of can be closed when the group has none of them', async () => {
    const own = BufferPool.create({ initialCount: 1, initialSize: 64 });
    await ctx.provideBuffers(own.buffer(0), 32, 2, 5);
    expect(() => own.close()).toThrow(code('EBUSY'));
    expect(ctx.removeBuffersSync(1, 5)).toBe(1);
    expect(() => own.close()).toThrow(code('EBUSY'));
    expect(ctx.removeBuffersSync(1, 5)).toBe(1);
    own.close();
  });
});
