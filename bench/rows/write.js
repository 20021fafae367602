// New files, filled: one large, and many.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BUN, ENGINE, NODE, NODE_URING, PYURING, command, peer } = require('../competitors.js');
const { settle } = require('../scratch.js');
const { MIB, human } = require('../markdown.js');

const COUNT = 64;

function one(size) {
  const totalMb = Math.max(1, size / MIB / 4);
  const plain = ({ to }) => [to, totalMb];
  return {
    name: `write ${human(totalMb * MIB)}`,
    unit: 's',
    setup: (scratch) => ({ to: scratch.path('to') }),
    before({ to }) {
      fs.rmSync(to, { force: true });
      settle();
    },
    check({ to }, name) {
      const found = fs.statSync(to).size;
      if (found !== totalMb * MIB) throw new Error(`${name} wrote ${found} bytes`);
    },
    competitors: {
      'uring write, fast': peer(NODE, 'uringWrite', ({ to }) => [
        to,
        JSON.stringify({ totalMb, mode: 'fast' }),
      ]),
      'uring write, auto': peer(NODE, 'uringWrite', ({ to }) => [to, JSON.stringify({ totalMb })]),
      'engine alone (Rust), fast': peer(ENGINE, 'write', ({ to }) => [to, totalMb, 256, 64 * 1024]),
      'dd bs=256K': command('dd', ({ to }) => [
        'if=/dev/zero',
        `of=${to}`,
        'bs=256K',
        `count=${totalMb * 4}`,
        'status=none',
      ]),
      'FileHandle.write': peer(NODE, 'handleWrite', plain),
      'FileHandle.write, UV_USE_IO_URING=1': peer(NODE_URING, 'handleWrite', plain),
      createWriteStream: peer(NODE, 'streamWrite', plain),
      'Bun FileHandle.write': peer(BUN, 'handleWrite', plain),
      'pyuring write, fast': peer(PYURING, 'write', ({ to }) => [to, totalMb, 'fast']),
    },
    chart: [
      'uring write, fast',
      'dd bs=256K',
      'FileHandle.write',
      'createWriteStream',
      'Bun FileHandle.write',
      'pyuring write, fast',
    ],
    goals: [{ subject: 'uring write, fast', against: 'dd bs=256K', ratio: 1.1 }],
  };
}

function many(size) {
  const mbPerFile = Math.max(1, Math.round(size / MIB / 256));
  const plain = ({ to }) => [to, COUNT, mbPerFile];
  return {
    name: `write ${COUNT} files of ${human(mbPerFile * MIB)}`,
    unit: 's',
    setup: (scratch) => ({ to: scratch.path('many') }),
    before({ to }) {
      fs.rmSync(to, { recursive: true, force: true });
      fs.mkdirSync(to);
      settle();
    },
    check({ to }, name) {
      const sizes = fs.readdirSync(to).map((file) => fs.statSync(path.join(to, file)).size);
      if (sizes.length !== COUNT || sizes.some((found) => found !== mbPerFile * MIB)) {
        throw new Error(`${name} did not write all of its files`);
      }
    },
    competitors: {
      'uring writeMany': peer(NODE, 'uringWriteMany', ({ to }) => [
        to,
        JSON.stringify({ nfiles: COUNT, mbPerFile }),
      ]),
      'engine alone (Rust)': peer(ENGINE, 'writeMany', plain),
      'Promise.all of fsp.writeFile': peer(NODE, 'writeFileAll', plain),
      'Promise.all of fsp.writeFile, UV_USE_IO_URING=1': peer(NODE_URING, 'writeFileAll', plain),
      'Bun, Promise.all of fsp.writeFile': peer(BUN, 'writeFileAll', plain),
      'pyuring write_many': peer(PYURING, 'writeMany', plain),
    },
    chart: [
      'uring writeMany',
      'Promise.all of fsp.writeFile',
      'Bun, Promise.all of fsp.writeFile',
      'pyuring write_many',
    ],
    goals: [{ subject: 'uring writeMany', against: 'Promise.all of fsp.writeFile', ratio: 1.0 }],
  };
}

module.exports = (size) => [one(size), many(size)];
