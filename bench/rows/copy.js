// One large file: from the page cache, and from the disk with fsync.

'use strict';

const fs = require('node:fs');
const { BUN, ENGINE, NODE, NODE_URING, PYURING, command, node, peer } = require('../competitors.js');
const { dropCaches, makeFile, run, settle } = require('../scratch.js');
const { human } = require('../markdown.js');

const ends = ({ from, to }) => [from, to];
const withOptions = (options) => (context) => [...ends(context), JSON.stringify(options)];
const shell = (script) => command('sh', (context) => ['-ec', script, 'sh', ...ends(context)]);

const setup = (size) => (scratch) => {
  const context = { size, from: scratch.path('from'), to: scratch.path('to') };
  makeFile(context.from, size);
  return context;
};

function checkSize({ size, to }, name) {
  const found = fs.statSync(to).size;
  if (found !== size) throw new Error(`${name} copied ${found} bytes of ${size}`);
}

function checkBytes({ from, to }) {
  run('cmp', [from, to]);
}

const warm = (size) => ({
  name: `copy ${human(size)}, in the page cache`,
  unit: 's',
  setup: setup(size),
  before({ to }) {
    fs.rmSync(to, { force: true });
    settle();
  },
  check(context, name) {
    // The one that starts a process, to show what of the commands' time is theirs.
    if (name === 'sh -c true') return;
    checkSize(context, name);
    checkBytes(context);
  },
  competitors: {
    'uring copy': peer(NODE, 'uringCopy', withOptions({})),
    'uring copy, whole process': node(
      'require(process.argv[1]).copy(process.argv[2], process.argv[3])',
      ends,
    ),
    'engine alone (Rust)': peer(ENGINE, 'copy', (context) => [...ends(context), '']),
    'cp --reflink=never': command('cp', (context) => ['--reflink=never', ...ends(context)]),
    cp: command('cp', ends),
    'dd bs=256K': command('dd', ({ from, to }) => [`if=${from}`, `of=${to}`, 'bs=256K', 'status=none']),
    'sh -c true': command('sh', () => ['-c', 'true']),
    'fs.copyFile': peer(NODE, 'copyFileCallback', ends),
    'fs.promises.copyFile': peer(NODE, 'copyFile', ends),
    'fs.promises.copyFile, UV_USE_IO_URING=1': peer(NODE_URING, 'copyFile', ends),
    'createReadStream to createWriteStream': peer(NODE, 'streamCopy', ends),
    'Bun fs.promises.copyFile': peer(BUN, 'copyFile', ends),
    'Bun.write(file)': peer(BUN, 'bunCopy', ends),
    'pyuring copy': peer(PYURING, 'copy', (context) => [...ends(context), '']),
  },
  chart: [
    'uring copy',
    'cp --reflink=never',
    'dd bs=256K',
    'fs.promises.copyFile',
    'createReadStream to createWriteStream',
    'Bun fs.promises.copyFile',
    'pyuring copy',
  ],
  goals: [
    { subject: 'uring copy', against: 'cp --reflink=never', ratio: 1.0 },
    { subject: 'uring copy', against: 'fs.promises.copyFile', ratio: 0.9 },
    { subject: 'uring copy', against: 'engine alone (Rust)', ratio: 1.05 },
  ],
});

const cold = (size) => ({
  name: `copy ${human(size)} from the disk, with fsync`,
  unit: 's',
  needs: ['root'],
  setup: setup(size),
  before({ to }) {
    fs.rmSync(to, { force: true });
    dropCaches();
    // The commands themselves may be in the cache: only the file is to come from the disk.
    for (const file of ['sh', 'cp', 'sync', 'dd']) run(file, file === 'sh' ? ['-c', ':'] : ['--version']);
  },
  check: checkSize,
  competitors: {
    'uring copy': peer(NODE, 'uringCopy', withOptions({ fsync: true })),
    'engine alone (Rust)': peer(ENGINE, 'copy', (context) => [...ends(context), 'fsync']),
    'cp, then sync FILE': shell('cp --reflink=never "$1" "$2"; sync "$2"'),
    'dd bs=256K conv=fsync': command('dd', ({ from, to }) => [
      `if=${from}`,
      `of=${to}`,
      'bs=256K',
      'conv=fsync',
      'status=none',
    ]),
    'fs.promises.copyFile, then sync': peer(NODE, 'copyFileSync', ends),
    'Bun fs.promises.copyFile, then sync': peer(BUN, 'copyFileSync', ends),
    'pyuring copy': peer(PYURING, 'copy', (context) => [...ends(context), 'fsync']),
  },
  chart: [
    'uring copy',
    'cp, then sync FILE',
    'dd bs=256K conv=fsync',
    'fs.promises.copyFile, then sync',
    'pyuring copy',
  ],
  goals: [{ subject: 'uring copy', against: 'cp, then sync FILE', ratio: 0.7 }],
});

module.exports = (size) => [warm(size), cold(size)];
