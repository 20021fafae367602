// A static file server: HTTP/1.1 GET, whose bodies go from the file to the socket inside the kernel.
//
//     node examples/file-server.js FOLDER PORT

'use strict';

const fs = require('node:fs');

const { BufferRing, UringAsync, UringCtx, constants, iterMultishotAccept, sendfileSplice } = require('..');

const { AF_INET, RESOLVE_IN_ROOT, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, MSG_MORE } = constants;
const SETSOCKOPT = 3;
const LONGEST_HEAD = 16 * 1024;
const AT_EMPTY_PATH = 0x1000;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

const ctx = new UringCtx({ entries: 256 });
const ua = new UringAsync(ctx);
const buffers = new BufferRing(ctx, { entries: 256, size: 2048 });

/** The heads of requests, one after the other. */
async function* requests(fd) {
  let text = '';
  for await (const data of ctx.recvMultishot(fd, buffers)) {
    text += data.toString('latin1');
    for (let end; (end = text.indexOf('\r\n\r\n')) !== -1; text = text.slice(end + 4)) yield text.slice(0, end);
    if (text.length > LONGEST_HEAD) return;
  }
}

const head = (status, length) => `HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\n\r\n`;

/** The file of a request and its size; null where there is none. `..` and links end at the folder. */
async function fileOf(request, folder) {
  const path = /^GET ([^ ?]*)/.exec(request)?.[1];
  if (path === undefined) return null;
  let fd;
  try {
    fd = await ctx.openat2(decodeURIComponent(path), { resolve: RESOLVE_IN_ROOT }, { dirFd: folder });
    const { mode, size } = await ctx.statx('', { dirFd: fd, flags: AT_EMPTY_PATH });
    if ((mode & S_IFMT) === S_IFREG) return { fd, size };
  } catch {
    // No such file, or no such name.
  }
  if (fd !== undefined) await ctx.closeFd(fd);
  return null;
}

async function answer(fd, request, folder) {
  const file = await fileOf(request, folder);
  if (file === null) {
    await ctx.send(fd, head('404 Not Found', 0));
    return;
  }
  try {
    await ctx.send(fd, head('200 OK', file.size), file.size > 0 ? MSG_MORE : 0);
    if (file.size > 0) await sendfileSplice(ua, file.fd, fd, { count: file.size });
  } finally {
    await ctx.closeFd(file.fd);
  }
}

async function serve(fd, folder) {
  try {
    for await (const request of requests(fd)) await answer(fd, request, folder);
  } catch (error) {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
  } finally {
    await ctx.closeFd(fd);
  }
}

async function main(path, port) {
  const folder = fs.openSync(path, fs.constants.O_DIRECTORY);
  const listening = await ctx.socket(AF_INET, SOCK_STREAM);
  await ctx.cmdSock(SETSOCKOPT, listening, SOL_SOCKET, SO_REUSEADDR, 1);
  await ctx.bind(listening, { address: '127.0.0.1', port });
  await ctx.listen(listening, 511);
  console.log(`listening on ${port}`);
  for await (const fd of iterMultishotAccept(ua, listening)) serve(fd, folder);
}

main(process.argv[2], Number(process.argv[3]));
