// Sockets of a ring on the loopback, and their peers in node:net.

'use strict';

const net = require('node:net');
const { once } = require('node:events');

const { constants } = require('../..');

const { AF_INET, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR } = constants;
const SETSOCKOPT = 3;

/** A port that nobody listens on. */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A listening socket of `ctx`. */
async function listen(ctx) {
  const port = await freePort();
  const fd = ctx.socketSync(AF_INET, SOCK_STREAM);
  ctx.cmdSockSync(SETSOCKOPT, fd, SOL_SOCKET, SO_REUSEADDR, 1);
  ctx.bindSync(fd, { address: '127.0.0.1', port });
  ctx.listenSync(fd, 512);
  return { fd, port };
}

/** A datagram socket of `ctx`. */
async function datagram(ctx) {
  const port = await freePort();
  const fd = ctx.socketSync(AF_INET, SOCK_DGRAM);
  ctx.bindSync(fd, { address: '127.0.0.1', port });
  return { fd, port };
}

/** A connection: its end as a descriptor of `ctx`, and the other as a `net.Socket`. */
async function connection(ctx) {
  const { fd: listening, port } = await listen(ctx);
  const peer = net.connect(port, '127.0.0.1');
  peer.on('error', () => {});
  const { fd } = await ctx.accept(listening);
  ctx.closeFdSync(listening);
  return { fd, peer };
}

/** What a `net.Socket` receives until it has `length` bytes, or all if none is given. */
function receive(peer, length = Infinity) {
  const parts = [];
  let have = 0;
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['end', 'close', 'error']) peer.off(event, done);
      peer.off('data', take).pause();
      resolve(Buffer.concat(parts));
    };
    const take = (part) => {
      parts.push(part);
      have += part.length;
      if (have >= length) done();
    };
    for (const event of ['end', 'close', 'error']) peer.on(event, done);
    peer.on('data', take);
    if (peer.readableEnded || peer.destroyed) done();
  });
}

module.exports = { connection, datagram, freePort, listen, receive };
