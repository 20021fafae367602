// cmdSock: the options of a socket, and what lies in its queues; cmdGetsockname; uringCmd.

'use strict';

const os = require('node:os');

const uring = require('..');
const { connection, listen } = require('./support/sockets.js');

const { UringCtx, constants } = uring;
const { SOL_SOCKET, SO_REUSEADDR, SO_TYPE, SOCK_STREAM, SO_RCVBUF } = constants;
const [SIOCINQ, SIOCOUTQ, GET, SET] = [0, 1, 2, 3];

const ctx = new UringCtx();
afterAll(() => ctx.close());

test('the numbers are those of the package', () => {
  const { SOCKET_URING_OP_SIOCINQ, SOCKET_URING_OP_SIOCOUTQ, SOCKET_URING_OP_GETSOCKOPT, SOCKET_URING_OP_SETSOCKOPT } = uring;
  expect([SOCKET_URING_OP_SIOCINQ, SOCKET_URING_OP_SIOCOUTQ]).toEqual([SIOCINQ, SIOCOUTQ]);
  expect([SOCKET_URING_OP_GETSOCKOPT, SOCKET_URING_OP_SETSOCKOPT]).toEqual([GET, SET]);
});

test('gets and sets an option, in both forms', async () => {
  const { fd } = await listen(ctx);
  expect((await ctx.cmdSock(GET, fd, SOL_SOCKET, SO_TYPE)).readInt32LE()).toBe(SOCK_STREAM);
  expect(ctx.cmdSockSync(GET, fd, SOL_SOCKET, SO_TYPE, 4)).toHaveLength(4);
  expect(await ctx.cmdSock(SET, fd, SOL_SOCKET, SO_REUSEADDR, 0)).toBeUndefined();
  expect(ctx.cmdSockSync(GET, fd, SOL_SOCKET, SO_REUSEADDR).readInt32LE()).toBe(0);
  const size = Buffer.alloc(4);
  size.writeInt32LE(65536);
  ctx.cmdSockSync(SET, fd, SOL_SOCKET, SO_RCVBUF, size);
  expect(ctx.cmdSockSync(GET, fd, SOL_SOCKET, SO_RCVBUF).readInt32LE()).toBe(2 * 65536);
  ctx.closeFdSync(fd);
});

test('tells how much waits in the queues', async () => {
  const { fd, peer } = await connection(ctx);
  peer.write('12345');
  while ((await ctx.cmdSock(SIOCINQ, fd)) < 5) await ctx.nop();
  expect(ctx.cmdSockSync(SIOCINQ, fd)).toBe(5);
  expect(ctx.cmdSockSync(SIOCOUTQ, fd)).toBe(0);
  expect(await ctx.uringCmd(SIOCINQ, fd)).toBe(5);
  expect(ctx.uringCmdSync(SIOCOUTQ, fd)).toBe(0);
  peer.destroy();
  ctx.closeFdSync(fd);
});

test('fails as getsockopt(2) does, and on what is no socket', async () => {
  const { fd } = await listen(ctx);
  await expect(ctx.cmdSock(GET, fd, SOL_SOCKET, 9999)).rejects.toMatchObject({ code: 'ENOPROTOOPT', operation: 'cmdSock' });
  await expect(ctx.cmdSock(99, fd)).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  await expect(ctx.uringCmd(99, fd)).rejects.toMatchObject({ code: 'EOPNOTSUPP', operation: 'uringCmd' });
  ctx.closeFdSync(fd);
  await expect(ctx.cmdSock(GET, fd, SOL_SOCKET, SO_TYPE)).rejects.toMatchObject({ code: 'EBADF' });
  const [readFd, writeFd] = ctx.pipeSync();
  await expect(ctx.uringCmd(SIOCINQ, readFd)).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  [readFd, writeFd].forEach((each) => ctx.closeFdSync(each));
});

test.each([
  [[GET, 'fd'], 'ERR_INVALID_ARG_TYPE'],
  [[GET, 0, SOL_SOCKET, SO_TYPE, 'x'], 'ERR_INVALID_ARG_TYPE'],
  [[GET, 0, SOL_SOCKET, SO_TYPE, 0], 'ERR_OUT_OF_RANGE'],
  [[SET, 0, SOL_SOCKET, SO_TYPE], 'ERR_INVALID_ARG_TYPE'],
  [[SET, 0, SOL_SOCKET, SO_TYPE, 1.5], 'ERR_OUT_OF_RANGE'],
  [[-1, 0], 'ERR_OUT_OF_RANGE'],
])('bad arguments %#', async (args, code) => {
  await expect(ctx.cmdSock(...args)).rejects.toMatchObject({ code });
  expect(() => ctx.cmdSockSync(...args)).toThrow(expect.objectContaining({ code }));
});

describe('cmdGetsockname', () => {
  const [major, minor] = os.release().split('.').map(Number.parseFloat);
  const isThere = major > 6 || (major === 6 && minor >= 19);

  (isThere ? test : test.skip)('tells the address, and that of the peer (skipped before Linux 6.19)', async () => {
    const { fd, peer } = await connection(ctx);
    expect(await ctx.cmdGetsockname(fd)).toMatchObject({ port: peer.remotePort });
    expect(ctx.cmdGetsocknameSync(fd, { peer: true })).toMatchObject({ port: peer.localPort });
    peer.destroy();
    ctx.closeFdSync(fd);
  });

  (isThere ? test.skip : test)('names the Linux that brought it on an older one', async () => {
    const { fd } = await listen(ctx);
    const error = { code: 'EOPNOTSUPP', detail: 'this kernel has no cmdGetsockname: it came with Linux 6.19' };
    await expect(ctx.cmdGetsockname(fd)).rejects.toMatchObject(error);
    expect(() => ctx.cmdGetsocknameSync(fd)).toThrow(expect.objectContaining(error));
    ctx.closeFdSync(fd);
  });
});
