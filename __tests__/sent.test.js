// Zero-copy sends: what says "sent", and what says "the memory is free".

'use strict';

const { BufferPool, UringCtx } = require('..');
const { connection, receive } = require('./support/sockets.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());

let fd;
let peer;
beforeEach(async () => {
  ({ fd, peer } = await connection(ctx));
});
afterEach(() => {
  peer.destroy();
  ctx.closeFdSync(fd);
});

const pool = BufferPool.create({ initialCount: 2, initialSize: 65536 });
afterAll(() => pool.close());

/** Each form of each operation, sending `data` to the peer. */
const sends = [
  ['sendZc', (data, options) => ctx.sendZc(fd, data, 0, options)],
  ['sendZcSync', async (data, options) => ctx.sendZcSync(fd, data, 0, options)],
  ['sendmsgZc', (data, options) => ctx.sendmsgZc(fd, [data.subarray(0, 3), data.subarray(3)], 0, undefined, options)],
  [
    'sendmsgZcSync',
    async (data, options) => ctx.sendmsgZcSync(fd, [data.subarray(0, 3), data.subarray(3)], 0, undefined, options),
  ],
];

describe.each(sends)('%s', (name, send) => {
  test('sends memory of a pool, and of a caller', async () => {
    const memory = pool.buffer(0).fill('p');
    expect(await send(memory.subarray(0, 1000))).toBe(1000);
    expect(await send(Buffer.from('callers'))).toBe(7);
    expect((await receive(peer, 1007)).toString()).toBe(`${'p'.repeat(1000)}callers`);
    await ctx.drain();
    expect(ctx.inFlight).toBe(0);
  });

  test('with full it tells when the memory may be written again', async () => {
    const memory = pool.buffer(1).fill('q');
    const { bytes, released } = await send(memory, { full: true });
    expect(bytes).toBeGreaterThan(0);
    const received = receive(peer, bytes);
    expect(await released).toBeUndefined();
    pool.buffer(1).fill('r');
    expect((await received).equals(Buffer.alloc(bytes, 'q'))).toBe(true);
  });

  test('a slot is in use until the kernel says so', async () => {
    const own = BufferPool.create({ initialCount: 1, initialSize: 4096 });
    const { released } = await send(own.buffer(0), { full: true });
    await released;
    own.close();
    await receive(peer, 4096);
  });

  test('fails as send(2) does', async () => {
    ctx.shutdownSync(fd, 1);
    await expect(send(Buffer.from('late'))).rejects.toMatchObject({ code: 'EPIPE', operation: name.replace('Sync', '') });
    await ctx.drain();
  });

  test('bad arguments', async () => {
    await expect(send(Buffer.from('data'), { full: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await expect(send(Buffer.from('data'), { wait: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });
});

describe('from registered buffers', () => {
  beforeAll(() => ctx.registerBuffers([pool.buffer(0)]));
  afterAll(async () => {
    await ctx.drain();
    ctx.unregisterBuffers();
  });

  test.each([
    ['sendZcFixed', (view) => ctx.sendZcFixed(fd, view, 0, 0)],
    ['sendZcFixedSync', async (view) => ctx.sendZcFixedSync(fd, view, 0, 0)],
    ['sendmsgZcFixed', (view) => ctx.sendmsgZcFixed(fd, [view.subarray(0, 10), view.subarray(10)], 0, 0)],
    ['sendmsgZcFixedSync', async (view) => ctx.sendmsgZcFixedSync(fd, [view.subarray(0, 10), view.subarray(10)], 0, 0)],
  ])('%s sends a part of one', async (name, send) => {
    const view = pool.buffer(0).fill('f').subarray(100, 200);
    expect(await send(view)).toBe(100);
    expect((await receive(peer, 100)).toString()).toBe('f'.repeat(100));
    await expect(send(Buffer.alloc(100))).rejects.toMatchObject({ code: 'EFAULT', operation: name.replace('Sync', '') });
  });

  test('they can not be given back while a send uses them', async () => {
    const sending = ctx.sendZcFixed(fd, pool.buffer(0), 0, 0);
    expect(() => ctx.unregisterBuffers()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    const bytes = await sending;
    await receive(peer, bytes);
    await ctx.drain();
  });
});

test('a signal stops a send that has to wait', async () => {
  const controller = new AbortController();
  const memory = pool.buffer(1);
  peer.pause();
  let sending;
  do {
    sending = ctx.sendZc(fd, memory, 0, { signal: controller.signal });
  } while ((await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])) !== 'waits');
  controller.abort();
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
  peer.resume();
  await ctx.drain();
});
