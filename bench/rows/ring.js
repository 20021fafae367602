// The ring itself: blocks read at random, from the page cache and from the disk, against the same
// offsets read by Node, Bun, pyuring, fio, and by io_uring without JavaScript (limit.rs).
//
// Figures are the seconds that a fixed number of reads take, so three quarters of another's speed are
// 1 / 0.75 of its seconds, and ten times its speed 1 / 10.

'use strict';

const { BUN, NODE, NODE_URING, PYURING, fio, limit, measured, peer } = require('../competitors.js');
const { dropFile, makeFile } = require('../scratch.js');

const BLOCK = 4096;
const SEED = 1;
const LIMIT = 'io_uring alone (Rust)';

/** What a row reads, as the JSON of reads.js. */
const asJson = (reads) => JSON.stringify({ block: BLOCK, seed: SEED, ...reads });

/** And as arguments of limit.rs. */
const asArguments = ({ depth, reads, direct, sequential }) => [
  ...['--block', BLOCK, '--seed', SEED, '--depth', depth, '--reads', reads],
  ...(direct ? ['--direct'] : []),
  ...(sequential ? ['--sequential'] : []),
];

const setup = (size) => (scratch) => {
  const context = { file: scratch.path('file') };
  makeFile(context.file, size);
  return context;
};

/** The competitors of one row, who all read the same. */
function readers(what) {
  const args = ({ file }) => [file, asJson(what)];
  return {
    by: (who, task) => peer(who, task, args),
    limit: limit(({ file }) => [file, ...asArguments(what)]),
  };
}

const count = (reads) => reads.toLocaleString('en');

function cached(size) {
  const what = { depth: 32, reads: 200_000 };
  const { by, limit: alone } = readers(what);
  const subject = 'ctx.readInto';
  return {
    name: `${count(what.reads)} random 4 KiB reads from the page cache, 32 in flight`,
    unit: 's',
    setup: setup(size),
    competitors: {
      [subject]: by(NODE, 'ringRead'),
      [LIMIT]: alone,
      'FileHandle.read': by(NODE, 'handleRead'),
      'FileHandle.read, UV_USE_IO_URING=1': by(NODE_URING, 'handleRead'),
      'fs.read with callbacks': by(NODE, 'callbackRead'),
      'fs.read with callbacks, UV_USE_IO_URING=1': by(NODE_URING, 'callbackRead'),
      'Bun FileHandle.read': by(BUN, 'handleRead'),
    },
    chart: [
      subject,
      LIMIT,
      'FileHandle.read',
      'FileHandle.read, UV_USE_IO_URING=1',
      'Bun FileHandle.read',
    ],
    goals: [
      { subject, against: LIMIT, ratio: 1 / 0.75 },
      { subject, against: 'FileHandle.read', ratio: 1 / 10 },
      { subject, against: 'FileHandle.read, UV_USE_IO_URING=1', ratio: 1 / 4 },
      { subject, against: 'Bun FileHandle.read', ratio: 1 / 1.7 },
    ],
  };
}

function oneAtATime(size) {
  const what = { depth: 1, reads: 50_000 };
  const { by, limit: alone } = readers(what);
  const subject = 'ctx.readInto';
  return {
    name: `${count(what.reads)} random 4 KiB reads from the page cache, one after the other`,
    unit: 's',
    setup: setup(size),
    competitors: {
      [subject]: by(NODE, 'ringRead'),
      [LIMIT]: alone,
      'fs.readSync': by(NODE, 'readSync'),
      'FileHandle.read': by(NODE, 'handleRead'),
      'FileHandle.read, UV_USE_IO_URING=1': by(NODE_URING, 'handleRead'),
      'Bun FileHandle.read': by(BUN, 'handleRead'),
    },
    goals: [
      { subject, against: 'FileHandle.read', ratio: 1 / 30 },
      { subject, against: LIMIT, ratio: 1 / 0.65 },
      { subject, against: 'fs.readSync', ratio: 1 / 0.75 },
    ],
  };
}

function byHand(size) {
  const what = { depth: 32, reads: 200_000 };
  const { by, limit: alone } = readers(what);
  const subject = 'ctx.readAsync, UringAsync.waitCompletion';
  return {
    name: `${count(what.reads)} random 4 KiB reads from the page cache, 32 in flight, by hand`,
    unit: 's',
    setup: setup(size),
    competitors: {
      [subject]: by(NODE, 'ringReadByHand'),
      [LIMIT]: alone,
      'pyuring read_async, UringAsync': by(PYURING, 'readByHand'),
      'pyuring, with peek_completion between': readers({ ...what, peeks: true }).by(PYURING, 'readByHand'),
    },
    goals: [
      { subject, against: LIMIT, ratio: 1 / 0.6 },
      { subject, against: 'pyuring read_async, UringAsync', ratio: 1 / 6 },
    ],
  };
}

const direct = (depth) => (size) => {
  const what = { depth, reads: 50_000, direct: true };
  const { by, limit: alone } = readers(what);
  const subject = 'ctx.readInto';
  const fioArguments = ({ file }) => [
    ...['--name=reads', `--filename=${file}`, '--readonly', '--rw=randread', `--bs=${BLOCK}`],
    ...['--ioengine=io_uring', '--direct=1', `--iodepth=${depth}`, '--registerfiles', '--fixedbufs'],
    ...[`--io_size=${what.reads * BLOCK}`, '--norandommap', '--output-format=json'],
  ];
  return {
    name: `${count(what.reads)} random 4 KiB reads with O_DIRECT, ${depth} in flight`,
    unit: 's',
    setup: setup(size),
    before: ({ file }) => dropFile(file),
    competitors: {
      [subject]: by(NODE, 'ringRead'),
      [LIMIT]: alone,
      'fio, ioengine=io_uring': fio(what.reads, fioArguments),
      'FileHandle.read': by(NODE, 'handleRead'),
      'FileHandle.read, UV_USE_IO_URING=1': by(NODE_URING, 'handleRead'),
      'Bun FileHandle.read': by(BUN, 'handleRead'),
    },
    goals: [
      { subject, against: LIMIT, ratio: 1 / 0.95 },
      { subject, against: 'fio, ioengine=io_uring', ratio: 1 / 0.95 },
      { subject, against: 'FileHandle.read', ratio: 1 / 2 },
    ],
  };
};

const batch = (subject, task, sequential) => (size) => {
  const what = { depth: 1024, reads: 200 * 1024, sequential };
  const { by, limit: alone } = readers(what);
  return {
    name: `200 batches of 1,024 ${sequential ? 'contiguous' : 'random'} 4 KiB reads from the page cache`,
    unit: 's',
    setup: setup(size),
    competitors: {
      [subject]: by(NODE, task),
      [LIMIT]: alone,
      'ctx.readInto': by(NODE, 'ringRead'),
      'fs.readSync': by(NODE, 'readSync'),
    },
    goals: [{ subject, against: LIMIT, ratio: 1 / 0.8 }],
  };
};

function blocking(size) {
  const what = { depth: 1, reads: 200_000 };
  const { by } = readers(what);
  return {
    name: `${count(what.reads)} random 4 KiB reads from the page cache, blocking`,
    unit: 's',
    setup: setup(size),
    competitors: {
      'ctx.readIntoSync': by(NODE, 'ringReadIntoSync'),
      'ctx.readSync': by(NODE, 'ringReadSync'),
      'fs.readSync': by(NODE, 'readSync'),
    },
    goals: ['ctx.readIntoSync', 'ctx.readSync'].map((subject) => ({
      subject,
      against: 'fs.readSync',
      ratio: 1 / 0.8,
    })),
  };
}

function nothing(size) {
  const what = { depth: 32, reads: 500_000 };
  return {
    name: `${count(what.reads)} operations that do nothing, 32 in flight`,
    unit: 's',
    setup: setup(size),
    competitors: {
      'ctx.nop': readers(what).by(NODE, 'ringNop'),
      [LIMIT]: limit(() => ['--nop', ...asArguments(what)]),
    },
  };
}

/** What reads flat out leave to the rest of the process. */
const responsive = (figure, name) => (size) => {
  const what = asJson({ depth: 32, reads: 1_000_000 });
  const inFreshNode = (task) => measured('delay.js', ({ file }) => [figure, task, file, what]);
  return {
    name: `${name} while 32 reads from the page cache are in flight`,
    unit: 'ms',
    setup: setup(size),
    competitors: {
      'ctx.readInto': inFreshNode('ringRead'),
      'idle Node': inFreshNode('idle'),
      'FileHandle.read': inFreshNode('handleRead'),
    },
    goals: [{ subject: 'ctx.readInto', against: 'idle Node', above: 5 }],
  };
};

const growth = (figure, name, above) => (size) => {
  const few = asJson({ depth: 32, reads: 100_000 });
  const many = 9_900_000;
  const inFreshNode = (task) => measured('growth.js', ({ file }) => [figure, task, file, few, many]);
  return {
    name: `growth of the ${name} in 10 million reads, after the first 100,000`,
    unit: 'MiB',
    rounds: 3,
    setup: setup(size),
    competitors: { 'ctx.readInto': inFreshNode('ringRead'), 'idle Node': inFreshNode('idle') },
    goals: [{ subject: 'ctx.readInto', against: 'idle Node', above }],
  };
};

const ROWS = [
  cached,
  oneAtATime,
  byHand,
  direct(32),
  direct(128),
  batch('ctx.readOffsets', 'ringReadOffsets', false),
  batch('ctx.readBatch', 'ringReadBatch', true),
  blocking,
  nothing,
  responsive('p99', 'event-loop delay p99'),
  responsive('interval', 'the mean interval of a 1 ms setInterval'),
  growth('heapUsed', 'heap', 1),
  // V8's young generation may take its full size only later.
  growth('rss', 'resident memory', 16),
];

module.exports = (size) => ROWS.map((row) => row(size / 4));
