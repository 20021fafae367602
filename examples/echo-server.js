// A TCP server that sends back what it receives: one operation accepts all connections, one for each
// connection receives all its data, into buffers that the kernel chooses from one ring.
//
//     node examples/echo-server.js PORT

'use strict';

const { BufferRing, UringCtx, constants } = require('..');

const { AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, MSG_WAITALL } = constants;
const SETSOCKOPT = 3;

const ctx = new UringCtx({ entries: 256 });
const buffers = new BufferRing(ctx, { entries: 1024, size: 4096 });

async function echo(fd) {
  try {
    for await (const data of ctx.recvMultishot(fd, buffers)) await ctx.send(fd, data, MSG_WAITALL);
  } catch (error) {
    // The peer went away.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
  } finally {
    await ctx.closeFd(fd);
  }
}

async function main(port) {
  const listening = await ctx.socket(AF_INET, SOCK_STREAM);
  await ctx.cmdSock(SETSOCKOPT, listening, SOL_SOCKET, SO_REUSEADDR, 1);
  await ctx.bind(listening, { address: '127.0.0.1', port });
  await ctx.listen(listening, 511);
  console.log(`listening on ${port}`);
  for await (const fd of ctx.acceptMultishot(listening)) echo(fd);
}

main(Number(process.argv[2]));
