// Files that only a ring knows, by their places in its table: made there, used there, moved and closed.

'use strict';

const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');

const { IOSQE_FIXED_FILE, IORING_FIXED_FD_NO_CLOEXEC, UringCtx, constants } = require('..');
const { file, fresh } = require('./support/files.js');
const { listen, receive } = require('./support/sockets.js');

const { AF_INET, SOCK_STREAM, O_CREAT, O_WRONLY, O_RDWR } = constants;
const fixed = { sqeFlags: IOSQE_FIXED_FILE };
const code = (value) => expect.objectContaining({ code: value });
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

// The completion thread has descriptors of its own.
beforeAll(async () => {
  const first = new UringCtx();
  await first.timeout(1);
  first.close();
});

let ctx;
beforeEach(() => {
  ctx = new UringCtx();
  ctx.registerFiles([-1, -1, -1, -1]);
});
afterEach(() => ctx.close());

describe.each([
  ['promises', (name, ...args) => ctx[name](...args)],
  ['blocking', async (name, ...args) => ctx[`${name}Sync`](...args)],
])('%s', (_, call) => {
  test('openatDirect at an index, or at one that the kernel chooses; read, write, stat by it', async () => {
    const before = descriptors();
    const name = fresh();
    expect(await call('openatDirect', name, O_CREAT | O_RDWR, 0o600, 2)).toBe(2);
    expect(fs.statSync(name).mode & 0o777).toBe(0o600);
    const chosen = await call('openatDirect', file('chosen'));
    expect([0, 1, 3]).toContain(chosen);
    expect(await call('write', 2, 'data', 0, fixed)).toBe(4);
    expect((await call('read', chosen, 99, 0, fixed)).toString()).toBe('chosen');
    expect((await call('read', 2, 99, 0, fixed)).toString()).toBe('data');
    await call('fsync', 2, fixed);
    await call('ftruncate', 2, 2, fixed);
    expect(fs.readFileSync(name, 'utf8')).toBe('da');
    expect(descriptors()).toBeLessThanOrEqual(before);
  });

  test('openatDirect fails as open(2), and where there is no place', async () => {
    const missing = fresh('missing');
    await expect(call('openatDirect', missing)).rejects.toMatchObject({ code: 'ENOENT', path: missing });
    await expect(call('openatDirect', file('x'), 0, 0, 9)).rejects.toMatchObject({ code: 'EINVAL' });
    for (let place = 0; place < 4; place++) await call('openatDirect', file('x'));
    await expect(call('openatDirect', file('x'))).rejects.toMatchObject({ code: 'ENFILE' });
    await expect(call('openatDirect', file('x'), 0, 0, -1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('closeDirect empties a place', async () => {
    await call('openatDirect', file('x'), 0, 0, 1);
    expect(await call('closeDirect', 1)).toBeUndefined();
    await expect(call('read', 1, 1, 0, fixed)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(call('closeDirect', 1)).rejects.toMatchObject({ code: 'EBADF', operation: 'closeDirect' });
    await expect(call('closeDirect')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('filesUpdate replaces files and empties places', async () => {
    const fd = fs.openSync(file('updated'));
    expect(await call('filesUpdate', [fd, fd], 1)).toBe(2);
    expect((await call('read', 2, 99, 0, fixed)).toString()).toBe('updated');
    fs.closeSync(fd);
    expect((await call('read', 1, 99, 0, fixed)).toString()).toBe('updated');
    expect(await call('filesUpdate', [-1], 1)).toBe(1);
    await expect(call('read', 1, 1, 0, fixed)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(call('filesUpdate', [0], 9)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(call('filesUpdate', [])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    await expect(call('filesUpdate', ['x'])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('fixedFdInstall makes a descriptor, closed on exec unless told otherwise', async () => {
    const name = file('installed');
    await call('openatDirect', name, 0, 0, 3);
    const fd = await call('fixedFdInstall', 3);
    expect(fs.readlinkSync(`/proc/self/fd/${fd}`)).toBe(name);
    const flags = (of) => Number.parseInt(/flags:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${of}`, 'utf8'))[1], 8);
    expect(flags(fd) & constants.O_CLOEXEC).toBe(constants.O_CLOEXEC);
    const inherited = await call('fixedFdInstall', 3, IORING_FIXED_FD_NO_CLOEXEC);
    expect(flags(inherited) & constants.O_CLOEXEC).toBe(0);
    fs.closeSync(fd);
    fs.closeSync(inherited);
    await expect(call('fixedFdInstall', 1)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(call('fixedFdInstall', -1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('sockets and connections without descriptors', async () => {
    const before = descriptors();
    expect(await call('socketDirect', AF_INET, SOCK_STREAM, 0, 1)).toBe(1);
    const chosen = await call('socketDirectAlloc', AF_INET, SOCK_STREAM);
    expect([0, 2, 3]).toContain(chosen);
    const server = net.createServer((socket) => socket.end('from the server')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A blocking connect keeps this thread from accepting, but the kernel completes it all the same.
    await call('connect', 1, { address: '127.0.0.1', port: server.address().port }, fixed);
    const memory = Buffer.alloc(64);
    expect(await ctx.recv(1, memory, 0, fixed)).toBe(15);
    expect(memory.toString('utf8', 0, 15)).toBe('from the server');
    server.close();
    await call('closeDirect', 1);
    await call('closeDirect', chosen);
    expect(descriptors()).toBeLessThanOrEqual(before + 1);
    await expect(call('socketDirect', 999, SOCK_STREAM, 0, 1)).rejects.toMatchObject({ code: 'EAFNOSUPPORT' });
    await expect(call('socketDirectAlloc', 'x', 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('acceptDirect', async () => {
    const { fd, port } = await listen(ctx);
    const peers = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
    await Promise.all(peers.map((peer) => once(peer, 'connect')));
    expect(await call('acceptDirect', fd, 2)).toBe(2);
    const chosen = await call('acceptDirect', fd);
    expect([0, 1, 3]).toContain(chosen);
    await call('send', 2, 'hello', 0, fixed);
    await call('shutdown', 2, 1, fixed);
    await call('shutdown', chosen, 1, fixed);
    const texts = await Promise.all(peers.map((peer) => receive(peer)));
    expect(texts.map(String).sort()).toEqual(['', 'hello']);
    peers.forEach((peer) => peer.destroy());
    await expect(call('acceptDirect', 999_999)).rejects.toMatchObject({ code: 'EBADF' });
    ctx.closeFdSync(fd);
  });

  test('pipeDirect', async () => {
    expect(await call('pipeDirect', 0, 1)).toEqual([1, 2]);
    const [readIndex, writeIndex] = await call('pipeDirect');
    expect([readIndex, writeIndex].sort()).toEqual([0, 3]);
    await call('write', 2, 'one', 0, fixed);
    await call('write', writeIndex, 'other', 0, fixed);
    expect((await call('read', 1, 99, 0, fixed)).toString()).toBe('one');
    expect((await call('read', readIndex, 99, 0, fixed)).toString()).toBe('other');
    await expect(call('pipeDirect', 0, 3)).rejects.toMatchObject({ operation: 'pipeDirect' });
    await expect(call('pipeDirect', 'x')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

test('msgRingFd and msgRingFdAlloc put a file into the table of another ring', async () => {
  const other = new UringCtx();
  other.registerFiles([-1, -1]);
  await ctx.openatDirect(file('shared'), 0, 0, 0);
  expect(await ctx.msgRingFd(other.ringFd, 0, 1, 77)).toBeUndefined();
  expect(other.waitCompletionSync()).toEqual([77n, 0]);
  expect(ctx.msgRingFdAllocSync(other.ringFd, 0, 78)).toBe(0);
  expect(other.waitCompletionSync()[0]).toBe(78n);
  await ctx.closeDirect(0);
  for (const index of [0, 1]) expect(other.readSync(index, 99, 0, fixed).toString()).toBe('shared');
  await expect(ctx.msgRingFd(other.ringFd, 3, 1, 1)).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => ctx.msgRingFdAllocSync(0, 0, 1)).toThrow(expect.objectContaining({ operation: 'msgRingFdAlloc' }));
  expect(() => ctx.msgRingFdSync(other.ringFd, 0, -1, 1)).toThrow(code('ERR_OUT_OF_RANGE'));
  other.close();
});

test('msgRingCqeFlags sends flags too', async () => {
  const other = new UringCtx();
  await ctx.msgRingCqeFlags(other.ringFd, 5, 79, 0, 0x30000);
  expect(other.waitCompletionSync()).toEqual([79n, 5, 0x30000]);
  ctx.msgRingCqeFlagsSync(other.ringFd, -1 >>> 0, 2n ** 62n);
  expect(await other.waitCompletion()).toEqual([2n ** 62n, -1]);
  await expect(ctx.msgRingCqeFlags(999_999, 1, 1)).rejects.toMatchObject({ code: 'EBADF' });
  other.close();
});

test('a place that arrives after the abort of its operation is given back', async () => {
  const { fd } = await listen(ctx);
  const controller = new AbortController();
  const accepting = ctx.acceptDirect(fd, 1, 0, { signal: controller.signal });
  await ctx.nop();
  controller.abort();
  await expect(accepting).rejects.toMatchObject({ name: 'AbortError' });
  await ctx.drain();
  expect(await ctx.openatDirect(file('x'), O_WRONLY, 0, 1)).toBe(1);
  ctx.closeFdSync(fd);
});

test('operations that this kernel lacks say with which Linux they came', async () => {
  for (const [name, since, args] of [['nop128', '6.19', []], ['uringCmd128', '6.19', [0, 0]]]) {
    if (ctx.probeOpcodeSupported(name === 'nop128' ? 63 : 64)) continue;
    const error = { code: 'EOPNOTSUPP', operation: name, detail: `this kernel has no ${name}: it came with Linux ${since}` };
    await expect(ctx[name](...args)).rejects.toMatchObject(error);
    expect(() => ctx[`${name}Sync`](...args)).toThrow(expect.objectContaining(error));
  }
});

test('recvZc without a queue of a network card is EINVAL', async () => {
  const { fd } = await listen(ctx);
  await expect(ctx.recvZc(fd)).rejects.toMatchObject({ code: 'EINVAL', operation: 'recvZc' });
  expect(() => ctx.recvZcSync(fd, 0, 0, 1)).toThrow(code('EINVAL'));
  await expect(ctx.recvZc('x')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  ctx.closeFdSync(fd);
});
