// The reads of the JavaScript competitors: the same file, the same offsets, as many in flight, and
// memory that begins at a page for all of them, since a copy to an odd address is slower. What a task
// is asked for comes as JSON: block, depth, reads, seed, direct, and the setup flags of a ring.

'use strict';

const fs = require('node:fs');
const fsp = require('node:fs/promises');

// Only for its own tasks: a competitor should not carry our addon.
const uring = () => require('../..');

const WASM_PAGE = 64 * 1024;
const DEFAULT_ENTRIES = 64;

/** Buffers at the beginning of a page; WebAssembly's is the only such memory that JavaScript has. */
function pages(count, size) {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((count * size) / WASM_PAGE) });
  return Array.from({ length: count }, (_, index) => Buffer.from(memory.buffer, index * size, size));
}

/** Gives one offset after the other, as limit.rs has them; exact up to 2^21 blocks. */
function offsetsOf(size, { block, seed, sequential }) {
  const blocks = Math.floor(size / block);
  if (sequential) {
    let index = 0;
    return () => (index++ % blocks) * block;
  }
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state * blocks) / 2 ** 32) * block;
  };
}

function expectBytes(bytes, wanted) {
  if (bytes !== wanted) throw new Error(`read ${bytes} bytes instead of ${wanted}`);
}

/** Loops that each start their next read when the last is done; read(index) gives a promise. */
async function inLoops({ depth, reads, block }, read, bytesOf = (result) => result) {
  let left = reads;
  const loop = async (index) => {
    while (left > 0) {
      left -= 1;
      expectBytes(bytesOf(await read(index)), block);
    }
  };
  await Promise.all(Array.from({ length: depth }, (_, index) => loop(index)));
}

const onFile = (work) => async (file, text) => {
  const options = JSON.parse(text);
  const { O_DIRECT, O_RDONLY } = fs.constants;
  const handle = await fsp.open(file, options.direct ? O_RDONLY | O_DIRECT : O_RDONLY);
  try {
    const { size } = await handle.stat();
    await work({ ...options, handle, fd: handle.fd, next: offsetsOf(size, options) });
  } finally {
    await handle.close();
  }
};

const onRing = (work) =>
  onFile(async (options) => {
    const { BufferPool, UringCtx } = uring();
    const { block, depth, setupFlags } = options;
    const ctx = new UringCtx({ entries: Math.max(DEFAULT_ENTRIES, depth), setupFlags });
    const pool = BufferPool.create({ initialCount: depth, initialSize: block });
    try {
      const buffers = Array.from({ length: depth }, (_, index) => pool.buffer(index));
      await work({ ...options, ctx, buffers });
    } finally {
      await ctx.drain();
      ctx.close();
      pool.close();
    }
  });

/** By callbacks: what is started by a completion needs no promise. */
function byCallbacks({ fd, next, depth, reads, block }) {
  return new Promise((resolve, reject) => {
    let [left, done] = [reads, 0];
    const start = (buffer) => {
      if (left === 0) return;
      left -= 1;
      fs.read(fd, buffer, 0, block, next(), (error, bytes) => {
        if (error) reject(error);
        else if (bytes !== block) reject(new Error(`read ${bytes} bytes`));
        else if (++done === reads) resolve();
        else start(buffer);
      });
    };
    pages(depth, block).forEach(start);
  });
}

async function byHand({ ctx, fd, buffers, next, reads, block }) {
  const { UringAsync } = uring();
  const completions = new UringAsync(ctx);
  let started = Math.min(buffers.length, reads);
  for (let index = 0; index < started; index++) ctx.readAsync(fd, buffers[index], next(), index);
  for (let done = 0; done < reads; done++) {
    const [index, bytes] = await completions.waitCompletion();
    expectBytes(bytes, block);
    if (started++ < reads) ctx.readAsync(fd, buffers[index], next(), index);
  }
  completions.close();
}

module.exports = {
  ringRead: onRing(({ ctx, fd, buffers, next, ...options }) =>
    inLoops(options, (index) => ctx.readInto(fd, buffers[index], next())),
  ),
  ringReadByHand: onRing(byHand),
  ringReadIntoSync: onRing(({ ctx, fd, buffers: [buffer], next, reads, block }) => {
    for (let i = 0; i < reads; i++) expectBytes(ctx.readIntoSync(fd, buffer, next()), block);
  }),
  ringReadSync: onRing(({ ctx, fd, next, reads, block }) => {
    for (let i = 0; i < reads; i++) expectBytes(ctx.readSync(fd, block, next()).length, block);
  }),
  // As many blocks a call as `depth` says.
  ringReadOffsets: onRing(async ({ ctx, fd, next, reads, depth, block }) => {
    for (let i = 0; i < reads; i += depth) {
      const read = await ctx.readOffsets(fd, block, Array.from({ length: depth }, next));
      expectBytes(read.length, depth * block);
    }
  }),
  ringReadBatch: onRing(async ({ ctx, fd, next, reads, depth, block }) => {
    for (let i = 0; i < reads; i += depth) {
      const start = next();
      for (let skipped = 1; skipped < depth; skipped++) next();
      expectBytes((await ctx.readBatch(fd, block, depth, start)).length, depth * block);
    }
  }),
  ringNop: onRing(({ ctx, ...options }) => inLoops({ ...options, block: undefined }, () => ctx.nop())),

  handleRead: onFile(({ handle, next, ...options }) => {
    const { depth, block } = options;
    const buffers = pages(depth, block);
    const bytesOf = ({ bytesRead }) => bytesRead;
    return inLoops(options, (index) => handle.read(buffers[index], 0, block, next()), bytesOf);
  }),
  callbackRead: onFile(byCallbacks),
  readSync: onFile(({ fd, next, reads, block }) => {
    const [buffer] = pages(1, block);
    for (let i = 0; i < reads; i++) expectBytes(fs.readSync(fd, buffer, 0, block, next()), block);
  }),
};
