// What programs on sockets do again and again: a file to a socket through a pipe, without a copy in
// this process, and the connections of a listening socket.

'use strict';

const fs = require('node:fs');

const check = require('./arguments.js');
const { UringAsync } = require('./async.js');

/** What a pipe holds. */
const PIPE_BYTES = 64 * 1024;
const PAGE = 4096;

function ctxOf(ua) {
  if (ua instanceof UringAsync) return ua.ctx;
  throw check.invalidArgType('ua', 'an instance of UringAsync', ua);
}

async function sendfileSplice(ua, fileFd, sockFd, options) {
  const ctx = ctxOf(ua);
  check.fd(fileFd, 'fileFd');
  check.fd(sockFd, 'sockFd');
  const given = check.options(options, ['offset', 'count', 'chunk', 'signal']);
  const { offset = 0, count = Infinity, chunk = PIPE_BYTES, signal } = given;
  check.integer(offset, 'options.offset', 0);
  if (count !== Infinity) check.integer(count, 'options.count', 0);
  check.integer(chunk, 'options.chunk', 1, 2 ** 30);
  check.signal(signal);
  const pipe = await ctx.pipe(0, { signal });
  try {
    let sent = 0;
    while (sent < count) {
      // A pipe holds pages: what begins inside one leaves room for less.
      const room = PIPE_BYTES - ((offset + sent) % PAGE);
      const length = Math.min(chunk, room, count - sent);
      const moved = await moveOnce(ctx, [fileFd, offset + sent], pipe, sockFd, length, signal);
      if (moved === 0) break;
      sent += moved;
    }
    return sent;
  } finally {
    // Not by the ring, which may have been closed meanwhile.
    for (const fd of pipe) fs.closeSync(fd);
  }
}

/** From the file into the pipe, and on: one submission where the file has as much as was asked for. */
async function moveOnce(ctx, [fileFd, at], [readFd, writeFd], sockFd, length, signal) {
  const [filled, emptied] = await ctx.link(
    () => {
      ctx.splice(fileFd, at, writeFd, -1, length);
      ctx.splice(readFd, -1, sockFd, -1, length);
    },
    { signal },
  );
  if (filled.status === 'rejected') throw filled.reason;
  if (emptied.status === 'rejected' && emptied.brokenBy === undefined) throw emptied.reason;
  let left = filled.value - (emptied.value ?? 0);
  while (left > 0) left -= await ctx.splice(readFd, -1, sockFd, -1, left, 0, { signal });
  return filled.value;
}

function iterMultishotAccept(ua, listenFd, options) {
  return ctxOf(ua).acceptMultishot(listenFd, 0, options);
}

module.exports = { iterMultishotAccept, sendfileSplice };
