// Sockets, and their addresses in both directions, against node:net and node:dgram.

'use strict';

const fs = require('node:fs');
const net = require('node:net');

const { UringCtx } = require('..');
const { decode, encode } = require('../lib/address.js');
const { fresh } = require('./support/files.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());
const AF = { UNIX: 1, INET: 2, INET6: 10 };
const [STREAM, DGRAM] = [1, 2];

test.each([
  { family: 'IPv4', address: '127.0.0.1', port: 80 },
  { family: 'IPv6', address: '2001:db8::ff00:42:8329', port: 65535 },
  { family: 'IPv6', address: '::', port: 0 },
  { family: 'IPv6', address: '::ffff:10.0.0.1', port: 1 },
  { path: '/run/socket' },
  { path: '\0abstract' },
])('%j goes there and back', (address) => {
  expect(decode(encode(address))).toEqual(address);
});

test('addresses that are none', () => {
  const code = (value) => expect.objectContaining({ code: value });
  expect(() => encode('x')).toThrow(code('ERR_INVALID_ARG_TYPE'));
  expect(() => encode({ address: 'localhost' })).toThrow(code('ERR_INVALID_ARG_VALUE'));
  expect(() => encode({ address: '::1', family: 'IPv4' })).toThrow(code('ERR_INVALID_ARG_VALUE'));
  expect(() => encode({ address: '::1', port: 65536 })).toThrow(code('ERR_OUT_OF_RANGE'));
  expect(() => encode({ path: 'x'.repeat(108) })).toThrow(code('ERR_OUT_OF_RANGE'));
});

test('socket, bind, listen, accept; send, recv, shutdown', async () => {
  const path = fresh('socket');
  const server = await ctx.socket(AF.UNIX, STREAM);
  await ctx.bind(server, { path });
  await ctx.listen(server, 5);
  const client = net.connect(path);
  const { fd, address } = await ctx.accept(server);
  expect(address).toEqual({ path: '' });
  expect(await ctx.send(fd, 'hello')).toBe(5);
  expect(String(await new Promise((resolve) => client.once('data', resolve)))).toBe('hello');
  client.write('answer');
  const buffer = Buffer.alloc(10);
  expect(await ctx.recv(fd, buffer)).toBe(6);
  expect(buffer.toString('utf8', 0, 6)).toBe('answer');
  const ended = new Promise((resolve) => client.once('end', resolve).resume());
  await ctx.shutdown(fd, 1);
  await ended;
  const abort = new AbortController();
  const late = ctx.accept(server, 0, { signal: abort.signal });
  setImmediate(() => abort.abort());
  await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  for (const one of [fd, server]) fs.closeSync(one);
  await expect(ctx.send(fd, 'x')).rejects.toMatchObject({ code: 'EBADF' });
});

test('connect to a server of node:net', async () => {
  const server = net.createServer((socket) => socket.end('bye'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fd = ctx.socketSync(AF.INET, STREAM);
  await ctx.connect(fd, server.address());
  const buffer = Buffer.alloc(3);
  expect(await ctx.recv(fd, buffer)).toBe(3);
  expect(String(buffer)).toBe('bye');
  fs.closeSync(fd);
  await new Promise((resolve) => server.close(resolve));
});

test('sendto, sendmsg and recvmsg of datagrams', async () => {
  const [one, two] = [ctx.socketSync(AF.UNIX, DGRAM), ctx.socketSync(AF.UNIX, DGRAM)];
  const [from, to] = [{ path: fresh('one') }, { path: fresh('two') }];
  ctx.bindSync(one, from);
  ctx.bindSync(two, to);
  expect(await ctx.sendto(one, 'first', to)).toBe(5);
  expect(await ctx.sendmsg(one, ['sec', 'ond'], 0, to)).toBe(6);
  const buffers = [Buffer.alloc(2), Buffer.alloc(3)];
  expect(await ctx.recvmsg(two, buffers, 0, { full: true })).toEqual({ bytes: 5, flags: 0, address: from });
  expect(Buffer.concat(buffers).toString()).toBe('first');
  expect(ctx.recvmsgSync(two, buffers)).toBe(5);
  expect(Buffer.concat(buffers).toString()).toBe('secon');
  await expect(ctx.sendto(one, 'x', { path: fresh() })).rejects.toMatchObject({ code: 'ENOENT' });
  for (const fd of [one, two]) fs.closeSync(fd);
});
