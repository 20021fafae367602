// Multishot operations as async iterators.

'use strict';

const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const { BufferRing, UringCtx, constants } = require('..');
const { connection, datagram, listen } = require('./support/sockets.js');

const { POLLIN, POLLOUT } = constants;
const code = (value) => expect.objectContaining({ code: value });
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

let ctx;
beforeEach(() => {
  ctx = new UringCtx();
});
afterEach(() => ctx.close());

async function until(isTrue) {
  while (!isTrue()) await sleep(5);
}

describe('bad arguments are thrown before anything is queued', () => {
  const ring = () => new BufferRing(ctx, { entries: 2, size: 16 });
  test.each([
    ['acceptMultishot', () => ctx.acceptMultishot('x'), 'ERR_INVALID_ARG_TYPE'],
    ['acceptMultishot', () => ctx.acceptMultishot(0, 0, { timeout: 1 }), 'ERR_INVALID_ARG_VALUE'],
    ['recvMultishot', () => ctx.recvMultishot(0), 'ERR_INVALID_ARG_TYPE'],
    ['recvMultishot', () => ctx.recvMultishot(0, 7), 'ERR_INVALID_ARG_VALUE'],
    ['recvMultishot', () => ctx.recvMultishot(0, new BufferRing(new UringCtx())), 'ERR_INVALID_ARG_TYPE'],
    ['recvmsgMultishot', () => ctx.recvmsgMultishot(-1, ring()), 'ERR_OUT_OF_RANGE'],
    ['pollMultishot', () => ctx.pollMultishot(0), 'ERR_INVALID_ARG_TYPE'],
    ['timeoutMultishot', () => ctx.timeoutMultishot(-1), 'ERR_OUT_OF_RANGE'],
    ['timeoutMultishot', () => ctx.timeoutMultishot(1, { signal: 1 }), 'ERR_INVALID_ARG_TYPE'],
  ])('%s %#', (_, call, expected) => {
    expect(call).toThrow(code(expected));
    expect(ctx.inFlight).toBe(0);
  });
});

describe('acceptMultishot', () => {
  test('yields each connection once', async () => {
    const { fd, port } = await listen(ctx);
    const clients = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1'));
    const accepted = new Set();
    for await (const each of ctx.acceptMultishot(fd)) {
      expect(fs.readlinkSync(`/proc/self/fd/${each}`)).toMatch(/^socket:/);
      accepted.add(each);
      if (accepted.size === clients.length) break;
    }
    expect(ctx.inFlight).toBe(0);
    for (const each of accepted) ctx.closeFdSync(each);
    clients.forEach((client) => client.destroy());
    ctx.closeFdSync(fd);
  });

  test('leaving the loop closes what nobody took, and frees the descriptor', async () => {
    const { fd, port } = await listen(ctx);
    const before = descriptors();
    const connections = ctx.acceptMultishot(fd);
    const first = connections.next();
    const clients = Array.from({ length: 10 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(clients.map((client) => once(client, 'connect')));
    ctx.closeFdSync((await first).value);
    await ctx.nop();
    const closed = Promise.all(clients.map((client) => once(client.resume(), 'close')));
    expect(await connections.return()).toEqual({ value: undefined, done: true });
    expect(ctx.inFlight).toBe(0);
    ctx.closeFdSync(fd);
    clients.forEach((client) => client.end());
    await closed;
    await until(() => descriptors() < before);
    expect(await connections.next()).toEqual({ value: undefined, done: true });
  });

  test('stops while too many wait to be taken, and goes on after', async () => {
    const { fd, port } = await listen(ctx);
    const connections = ctx.acceptMultishot(fd);
    const first = connections.next();
    const clients = Array.from({ length: 200 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(clients.map((client) => once(client, 'connect')));
    ctx.closeFdSync((await first).value);
    await until(() => ctx.inFlight === 0);
    for (let count = 1; count < clients.length; count++) ctx.closeFdSync((await connections.next()).value);
    await connections.return();
    clients.forEach((client) => client.destroy());
    ctx.closeFdSync(fd);
  });

  test('a descriptor that is no socket is an error, and the end', async () => {
    const fd = fs.openSync(__filename);
    const connections = ctx.acceptMultishot(fd);
    await expect(connections.next()).rejects.toMatchObject({ code: 'ENOTSOCK', operation: 'acceptMultishot' });
    expect(await connections.next()).toEqual({ value: undefined, done: true });
    fs.closeSync(fd);
  });
});

describe('recvMultishot', () => {
  test.each([
    ['more than the buffers hold', { entries: 2, size: 32 }],
    ['one buffer', { entries: 1, size: 100 }],
    ['buffers that are consumed in parts', { entries: 2, size: 4096, incremental: true }],
  ])('brings every byte in order with %s', async (_, options) => {
    const { fd, peer } = await connection(ctx);
    const buffers = new BufferRing(ctx, options);
    const sent = Buffer.from(Array.from({ length: 100_000 }, (__, index) => index % 251));
    peer.end(sent);
    const parts = [];
    for await (const part of ctx.recvMultishot(fd, buffers)) parts.push(part);
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
    expect(ctx.inFlight).toBe(0);
    buffers.close();
    ctx.closeFdSync(fd);
  });

  test('a slow consumer loses nothing: the kernel waits for a buffer', async () => {
    const { fd, peer } = await connection(ctx);
    const buffers = new BufferRing(ctx, { entries: 4, size: 8 });
    const chunks = ctx.recvMultishot(fd, buffers);
    const first = chunks.next();
    for (let part = 0; part < 50; part++) {
      peer.write(`part ${part};`);
      await sleep(1);
    }
    peer.end();
    let text = (await first).value.toString();
    await until(() => ctx.inFlight === 0);
    for await (const part of chunks) {
      text += part;
      await sleep(1);
    }
    expect(text).toBe(Array.from({ length: 50 }, (_, part) => `part ${part};`).join(''));
    ctx.closeFdSync(fd);
  });

  test('two streams share a ring of buffers', async () => {
    const one = await connection(ctx);
    const two = await connection(ctx);
    const buffers = new BufferRing(ctx, { entries: 2, size: 16 });
    one.peer.end('a'.repeat(5000));
    two.peer.end('b'.repeat(5000));
    const read = async (fd) => {
      let text = '';
      for await (const part of ctx.recvMultishot(fd, buffers)) text += part;
      return text;
    };
    const texts = await Promise.all([read(one.fd), read(two.fd)]);
    expect(texts).toEqual(['a'.repeat(5000), 'b'.repeat(5000)]);
    [one.fd, two.fd].forEach((fd) => ctx.closeFdSync(fd));
  });

  test('the buffers can be closed only when no operation may use them', async () => {
    const { fd, peer } = await connection(ctx);
    const buffers = new BufferRing(ctx, { entries: 2, size: 16 });
    const chunks = ctx.recvMultishot(fd, buffers);
    const next = chunks.next();
    await ctx.nop();
    expect(() => buffers.close()).toThrow(code('EBUSY'));
    peer.write('x');
    expect((await next).value.toString()).toBe('x');
    await chunks.return();
    buffers.close();
    expect(() => ctx.recvMultishot(fd, buffers)).toThrow(expect.objectContaining({ detail: 'closed' }));
    peer.destroy();
    ctx.closeFdSync(fd);
  });

  test('an abort ends it with the reason; data that came before is gone with it', async () => {
    const { fd, peer } = await connection(ctx);
    const controller = new AbortController();
    const chunks = ctx.recvMultishot(fd, new BufferRing(ctx), 0, { signal: controller.signal });
    const next = chunks.next();
    await ctx.nop();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(ctx.inFlight).toBe(0);
    expect(await chunks.next()).toEqual({ value: undefined, done: true });
    const again = ctx.timeoutMultishot(1, { signal: controller.signal });
    await expect(again.next()).rejects.toBe(reason);
    peer.destroy();
    ctx.closeFdSync(fd);
  });

  test('close() of the ring rejects the one who waits', async () => {
    const { fd, peer } = await connection(ctx);
    const next = ctx.recvMultishot(fd, new BufferRing(ctx)).next();
    await ctx.nop();
    ctx.close();
    await expect(next).rejects.toMatchObject({ code: 'ECANCELED', operation: 'recvMultishot' });
    peer.destroy();
    fs.closeSync(fd);
  });

  test('a reset of the peer is an error after the data', async () => {
    const { fd, peer } = await connection(ctx);
    const chunks = ctx.recvMultishot(fd, new BufferRing(ctx));
    peer.write('last words');
    expect((await chunks.next()).value.toString()).toBe('last words');
    peer.resetAndDestroy();
    await expect(chunks.next()).rejects.toMatchObject({ code: 'ECONNRESET' });
    ctx.closeFdSync(fd);
  });

  test('several who wait are served in turn, and all told of the end', async () => {
    const { fd, peer } = await connection(ctx);
    const chunks = ctx.recvMultishot(fd, new BufferRing(ctx));
    const nexts = [chunks.next(), chunks.next(), chunks.next()];
    peer.write('one');
    expect((await nexts[0]).value.toString()).toBe('one');
    peer.end();
    expect(await Promise.all(nexts.slice(1))).toEqual([{ value: undefined, done: true }, { value: undefined, done: true }]);
    ctx.closeFdSync(fd);
  });
});

describe('recvmsgMultishot', () => {
  test('brings datagrams with their senders', async () => {
    const { fd, port } = await datagram(ctx);
    const sender = dgram.createSocket('udp4');
    sender.bind(0, '127.0.0.1');
    await once(sender, 'listening');
    for (const text of ['first', 'second', '']) sender.send(text, port, '127.0.0.1');
    sender.send('last', port, '127.0.0.1');
    const seen = [];
    for await (const { data, address, flags } of ctx.recvmsgMultishot(fd, new BufferRing(ctx, { size: 512 }))) {
      expect(address).toEqual({ family: 'IPv4', address: '127.0.0.1', port: sender.address().port });
      expect(flags).toBe(0);
      seen.push(data.toString());
      if (seen.at(-1) === 'last') break;
    }
    expect(seen).toEqual(['first', 'second', '', 'last']);
    sender.close();
    ctx.closeFdSync(fd);
  });

  test('ends with a stream', async () => {
    const { fd, peer } = await connection(ctx);
    peer.end('bytes');
    const seen = [];
    for await (const { data } of ctx.recvmsgMultishot(fd, new BufferRing(ctx))) seen.push(data.toString());
    expect(seen.join('')).toBe('bytes');
    ctx.closeFdSync(fd);
  });
});

describe('pollMultishot', () => {
  test('tells of events as often as they come', async () => {
    const [readFd, writeFd] = ctx.pipeSync();
    const events = ctx.pollMultishot(readFd, POLLIN);
    for (let round = 0; round < 3; round++) {
      const next = events.next();
      fs.writeSync(writeFd, 'x');
      const { value } = await next;
      expect(value & POLLIN).toBe(POLLIN);
      fs.readSync(readFd, Buffer.alloc(8));
    }
    await events.return();
    expect(ctx.inFlight).toBe(0);
    [readFd, writeFd].forEach((fd) => fs.closeSync(fd));
  });

  test('what nobody asked for yet is told together', async () => {
    const [readFd, writeFd] = ctx.pipeSync();
    const events = ctx.pollMultishot(readFd, POLLIN | POLLOUT);
    const first = events.next();
    for (let round = 0; round < 5; round++) {
      fs.writeSync(writeFd, 'x');
      await ctx.nop();
    }
    await first;
    fs.writeSync(writeFd, 'x');
    expect((await events.next()).value & POLLIN).toBe(POLLIN);
    await events.return();
    [readFd, writeFd].forEach((fd) => fs.closeSync(fd));
  });
});

describe('timeoutMultishot', () => {
  test('ticks, and counts the ticks that nobody took', async () => {
    const ticks = ctx.timeoutMultishot(2);
    let count = 0;
    while (count < 5) count += (await ticks.next()).value;
    await sleep(30);
    expect((await ticks.next()).value).toBeGreaterThan(1);
    await ticks.return();
    expect(ctx.inFlight).toBe(0);
  });

  test('keeps the process alive only while somebody runs it', async () => {
    const ticks = ctx.timeoutMultishot({ sec: 1000 });
    const next = ticks.next();
    await ctx.nop();
    expect(ctx.inFlight).toBe(1);
    await ticks.return();
    expect(await next).toEqual({ value: undefined, done: true });
    expect(ctx.inFlight).toBe(0);
  });
});

test('a full completion queue ends no stream for good', async () => {
  const small = new UringCtx({ entries: 1, cqEntries: 2 });
  const streams = Array.from({ length: 2 }, () => small.timeoutMultishot(1));
  const nexts = streams.map((stream) => stream.next());
  await sleep(50);
  await Promise.all(nexts);
  for (const stream of streams) for (let tick = 0; tick < 5; tick++) await stream.next();
  await Promise.all(streams.map((stream) => stream.return()));
  small.close();
});
