// What filesystems can spare a copy: the holes of a sparse file, and all of it where blocks can be
// shared between files.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BUN, NODE, command, peer } = require('../competitors.js');
const { makeFile, settle } = require('../scratch.js');
const { human } = require('../markdown.js');

const ends = ({ from, to }) => [from, to];
const uring = (options) =>
  peer(NODE, 'uringCopy', (context) => [...ends(context), JSON.stringify(options)]);

function before({ to }) {
  fs.rmSync(to, { force: true });
  settle();
}

function checkSize({ from, to }, name) {
  if (fs.statSync(to).size !== fs.statSync(from).size) throw new Error(`${name} changed the size`);
}

const sparse = (size) => ({
  name: `copy a sparse ${human(size)}, one MiB in 16 is data`,
  unit: 's',
  setup(scratch) {
    const context = { from: scratch.path('from'), to: scratch.path('to') };
    makeFile(context.from, size, { isData: (mib) => mib % 16 === 0 });
    return context;
  },
  before,
  check: checkSize,
  competitors: {
    'uring copy': uring({}),
    "uring copy, sparse: 'never'": uring({ sparse: 'never' }),
    'cp --reflink=never': command('cp', (context) => ['--reflink=never', ...ends(context)]),
    'fs.promises.copyFile': peer(NODE, 'copyFile', ends),
    'Bun fs.promises.copyFile': peer(BUN, 'copyFile', ends),
  },
});

const reflink = (type) => (size) => ({
  name: `copy ${human(size)} on ${type}, which shares blocks`,
  unit: 's',
  needs: ['root', type],
  setup(scratch) {
    const folder = scratch.mount(type, 4 * size + 2 ** 30);
    const context = { from: path.join(folder, 'from'), to: path.join(folder, 'to') };
    makeFile(context.from, size);
    return context;
  },
  before,
  check: checkSize,
  competitors: {
    'uring copy': uring({}),
    "uring copy, reflink: 'never'": uring({ reflink: 'never' }),
    'cp --reflink=always': command('cp', (context) => ['--reflink=always', ...ends(context)]),
    'cp --reflink=never': command('cp', (context) => ['--reflink=never', ...ends(context)]),
    'fs.promises.copyFile, COPYFILE_FICLONE': peer(NODE, 'copyFileClone', ends),
    'fs.promises.copyFile': peer(NODE, 'copyFile', ends),
  },
});

module.exports = (size) => [sparse, reflink('xfs'), reflink('btrfs')].map((row) => row(size));
