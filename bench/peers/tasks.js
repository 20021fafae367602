// The work of the JavaScript competitors: one function each, on the same files and sizes, and each
// written as its users write it. Arguments are text, since they come over a pipe.

'use strict';

const fs = require('node:fs');
const fsp = require('node:fs/promises');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const reads = require('./reads.js');

// Only for its own tasks: a competitor should not carry our addon.
const uring = () => require('../..');

const BLOCK = 256 * 1024;
const MIB = 2 ** 20;

// Made once, before the samples that count: nobody's time is spent on filling a buffer.
const buffers = new Map();
function bufferOf(size) {
  if (!buffers.has(size)) buffers.set(size, Buffer.alloc(size, 'uring'));
  return buffers.get(size);
}

async function sync(file) {
  const handle = await fsp.open(file, 'r+');
  await handle.sync();
  await handle.close();
}

// As many at once as uring is given.
async function inParallel(names, limit, work) {
  const queue = names.values();
  const worker = async () => {
    for (const name of queue) await work(name);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

const copyAll = (copy) => async (from, to, limit) => {
  const names = await fsp.readdir(from);
  await inParallel(names, Number(limit), (name) => copy(path.join(from, name), path.join(to, name)));
};

module.exports = {
  ...reads,

  // Copy one file.
  uringCopy: (from, to, options) => uring().copy(from, to, JSON.parse(options)),
  copyFile: (from, to) => fsp.copyFile(from, to),
  copyFileClone: (from, to) => fsp.copyFile(from, to, fs.constants.COPYFILE_FICLONE),
  copyFileCallback: (from, to) =>
    new Promise((resolve, reject) => {
      fs.copyFile(from, to, (error) => (error ? reject(error) : resolve()));
    }),
  streamCopy: (from, to) =>
    pipeline(
      fs.createReadStream(from, { highWaterMark: BLOCK }),
      fs.createWriteStream(to, { highWaterMark: BLOCK }),
    ),
  bunCopy: (from, to) => Bun.write(to, Bun.file(from)),
  async copyFileSync(from, to) {
    await fsp.copyFile(from, to);
    await sync(to);
  },

  // Write one file of so many MiB.
  uringWrite: (to, options) => uring().write(to, JSON.parse(options)),
  async handleWrite(to, mib) {
    const buffer = bufferOf(BLOCK);
    const handle = await fsp.open(to, 'w');
    for (let left = Number(mib) * MIB; left > 0; left -= BLOCK) await handle.write(buffer);
    await handle.close();
  },
  async streamWrite(to, mib) {
    const buffer = bufferOf(BLOCK);
    function* blocks() {
      for (let left = Number(mib) * MIB; left > 0; left -= BLOCK) yield buffer;
    }
    await pipeline(blocks, fs.createWriteStream(to, { highWaterMark: BLOCK }));
  },

  // Write many files of so many MiB.
  uringWriteMany: (folder, options) => uring().writeMany(folder, JSON.parse(options)),
  async writeFileAll(folder, count, mib) {
    const data = bufferOf(Number(mib) * MIB);
    const names = Array.from({ length: Number(count) }, (_, index) => `file_${index}.dat`);
    await Promise.all(names.map((name) => fsp.writeFile(path.join(folder, name), data)));
  },

  // Copy a folder of small files, so many at once.
  uringCopyAll: copyAll((from, to) => uring().copy(from, to)),
  copyFileAll: copyAll((from, to) => fsp.copyFile(from, to)),
};
