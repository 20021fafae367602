// sendfileSplice and iterMultishotAccept.

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');

const { UringAsync, UringCtx, iterMultishotAccept, sendfileSplice } = require('..');
const { file } = require('./support/files.js');
const { connection, listen, receive } = require('./support/sockets.js');

const ctx = new UringCtx();
const ua = new UringAsync(ctx);
// The completion thread has descriptors of its own.
beforeAll(() => ctx.timeout(1));
afterAll(() => ctx.close());

const SIZE = 1_000_003;
const content = crypto.randomBytes(SIZE);
const source = file(content);
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

test.each([
  ['whole', {}, [0, SIZE]],
  ['from an offset', { offset: 70_000 }, [70_000, SIZE]],
  ['a part', { offset: 5, count: 200_001 }, [5, 200_006]],
  ['in small steps', { count: 10_000, chunk: 777 }, [0, 10_000]],
  ['more than there is', { offset: SIZE - 10, count: 1000 }, [SIZE - 10, SIZE]],
  ['nothing', { count: 0 }, [0, 0]],
  ['beyond the end', { offset: SIZE + 1 }, [0, 0]],
])('sendfileSplice sends a file: %s', async (_, options, [start, end]) => {
  const { fd, peer } = await connection(ctx);
  const before = descriptors();
  const fileFd = fs.openSync(source);
  const received = receive(peer);
  expect(await sendfileSplice(ua, fileFd, fd, options)).toBe(end - start);
  fs.closeSync(fileFd);
  expect(descriptors()).toBeLessThanOrEqual(before);
  ctx.shutdownSync(fd, 1);
  expect((await received).equals(content.subarray(start, end))).toBe(true);
  ctx.closeFdSync(fd);
});

test('sendfileSplice fails as splice(2), and an abort stops it', async () => {
  const { fd, peer } = await connection(ctx);
  const fileFd = fs.openSync(source);
  const before = descriptors();
  await expect(sendfileSplice(ua, 999_999, fd)).rejects.toMatchObject({ code: 'EBADF', operation: 'splice' });
  const controller = new AbortController();
  peer.pause();
  const sending = sendfileSplice(ua, fileFd, fd, { signal: controller.signal });
  const large = Array.from({ length: 20 }, () => sendfileSplice(ua, fileFd, fd, { signal: controller.signal }).catch((error) => error));
  await ctx.timeout(50);
  controller.abort();
  await Promise.all([sending.catch((error) => error), ...large]);
  expect((await Promise.all(large)).some((error) => error.name === 'AbortError')).toBe(true);
  expect(descriptors()).toBeLessThanOrEqual(before);
  fs.closeSync(fileFd);
  peer.destroy();
  ctx.closeFdSync(fd);
});

test('sendfileSplice leaves no pipe behind when its ring is closed', async () => {
  const own = new UringCtx();
  const { fd, peer } = await connection(ctx);
  peer.pause();
  const fileFd = fs.openSync(source);
  const before = descriptors();
  const sending = Array.from({ length: 20 }, () => sendfileSplice(new UringAsync(own), fileFd, fd).catch((error) => error));
  await ctx.timeout(50);
  own.close();
  expect((await Promise.all(sending)).some((error) => error.code === 'ECANCELED')).toBe(true);
  expect(descriptors()).toBeLessThanOrEqual(before);
  fs.closeSync(fileFd);
  peer.destroy();
  ctx.closeFdSync(fd);
});

test.each([
  [['ua', 0, 0], 'ERR_INVALID_ARG_TYPE'],
  [[ua, 'x', 0], 'ERR_INVALID_ARG_TYPE'],
  [[ua, 0, -1], 'ERR_OUT_OF_RANGE'],
  [[ua, 0, 0, { offset: -1 }], 'ERR_OUT_OF_RANGE'],
  [[ua, 0, 0, { count: 1.5 }], 'ERR_OUT_OF_RANGE'],
  [[ua, 0, 0, { chunk: 0 }], 'ERR_OUT_OF_RANGE'],
  [[ua, 0, 0, { signal: 1 }], 'ERR_INVALID_ARG_TYPE'],
  [[ua, 0, 0, { size: 1 }], 'ERR_INVALID_ARG_VALUE'],
])('sendfileSplice: bad arguments %#', async (args, code) => {
  await expect(sendfileSplice(...args)).rejects.toMatchObject({ code });
});

test('iterMultishotAccept yields connections', async () => {
  const { fd, port } = await listen(ctx);
  const clients = Array.from({ length: 5 }, () => net.connect(port, '127.0.0.1'));
  let count = 0;
  for await (const accepted of iterMultishotAccept(ua, fd)) {
    await ctx.closeFd(accepted);
    if (++count === clients.length) break;
  }
  clients.forEach((client) => client.destroy());
  expect(() => iterMultishotAccept(ctx, fd)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  ctx.closeFdSync(fd);
});
