// How a ring is best made for one thread: the same reads on rings of other setup flags.

'use strict';

const { NODE, peer } = require('../competitors.js');
const { dropFile, makeFile } = require('../scratch.js');

// IORING_SETUP_*, io_uring_setup(2)
const SQPOLL = 1 << 1;
const COOP_TASKRUN = 1 << 8;
const TASKRUN_FLAG = 1 << 9;
const SINGLE_ISSUER = 1 << 12;
const DEFER_TASKRUN = 1 << 13;

const FLAGS = {
  'the default': undefined,
  none: 0,
  COOP_TASKRUN,
  'SINGLE_ISSUER, DEFER_TASKRUN': SINGLE_ISSUER | DEFER_TASKRUN,
  'SINGLE_ISSUER, DEFER_TASKRUN, TASKRUN_FLAG': SINGLE_ISSUER | DEFER_TASKRUN | TASKRUN_FLAG,
  SQPOLL,
};

const READS = { block: 4096, seed: 1, depth: 32 };

function setupFlags(size, { name, before, ...more }) {
  const reader = (flags) =>
    peer(NODE, 'ringRead', ({ file }) => [file, JSON.stringify({ ...READS, ...more, setupFlags: flags })]);
  return {
    name: `setup flags: random 4 KiB reads ${name}, 32 in flight`,
    unit: 's',
    setup(scratch) {
      const context = { file: scratch.path('file') };
      makeFile(context.file, size);
      return context;
    },
    before,
    competitors: Object.fromEntries(Object.entries(FLAGS).map(([flags, bits]) => [flags, reader(bits)])),
  };
}

module.exports = (size) => [
  setupFlags(size / 4, { name: 'from the page cache', reads: 200_000 }),
  setupFlags(size / 4, {
    name: 'with O_DIRECT',
    reads: 50_000,
    direct: true,
    before: ({ file }) => dropFile(file),
  }),
];
