// The helpers at the package's root: copy, write and writeMany with their presets, and the native
// pipelines without. Arguments are checked here, completely, before a file is touched.

'use strict';

const os = require('node:os');

const { NativeJob } = require('../binding.js');
const { onAbort } = require('./abort.js');
const check = require('./arguments.js');
const { callSite } = require('./errors.js');
const { run } = require('./job.js');
const { isFallbackForced } = require('./probe.js');
const { COPY_SYNC, MIB, MODES, WRITE_SYNC, forCopy, forWrite } = require('./tuning.js');

const GIB = 1024 * MIB;
const MOST_MB = Math.floor(Number.MAX_SAFE_INTEGER / MIB);
const MOST_FILES = 2 ** 31 - 1;

// Defaults of the reference.
const COPY_SHAPE = { qd: 32, blockSize: MIB };
const WRITE_SHAPE = { qd: 256, blockSize: 4096 };

// Each option of these functions: how it is checked, and what it is when left out.
const flag = (value, name) => (value === undefined ? false : check.boolean(value, name));
const callback = (value, name) => (value === undefined ? undefined : check.func(value, name));
const choice = (choices) => (value, name) =>
  value === undefined ? choices[0] : check.oneOf(value, name, choices);
const count = (min, max, preset) => (value, name) =>
  value === undefined && preset !== undefined ? preset : check.integer(value, name, min, max);
const bytes = (min, max, preset) => (value, name) =>
  value === undefined ? preset : check.int64(value, name, min, max);

const shapeOptions = ({ qd, blockSize }) => ({
  qd: count(1, 4096, qd),
  blockSize: bytes(1, GIB, blockSize),
});
const callbacks = { bufferSizeCb: callback, progressCb: callback };
const oneFile = { totalMb: count(1, MOST_MB) };
const manyFiles = { nfiles: count(1, MOST_FILES), mbPerFile: count(1, MOST_MB) };

const OPTIONS = {
  copy: {
    ...shapeOptions(COPY_SHAPE),
    ...callbacks,
    mode: choice(MODES),
    fsync: flag,
    syncPolicy: choice(Object.keys(COPY_SYNC)),
    signal: check.signal,
    exclusive: flag,
    reflink: choice(['auto', 'always', 'never']),
    sparse: choice(['auto', 'never']),
    preserve: preserveOption,
    atomic: flag,
  },
  copyPath: { ...shapeOptions(COPY_SHAPE), signal: check.signal },
  copyPathDynamic: {
    ...shapeOptions(COPY_SHAPE),
    ...callbacks,
    fsync: flag,
    signal: check.signal,
  },
  write: {
    ...oneFile,
    ...shapeOptions(WRITE_SHAPE),
    ...callbacks,
    mode: choice(MODES),
    fsync: flag,
    dsync: flag,
    syncPolicy: choice(Object.keys(WRITE_SYNC)),
    signal: check.signal,
  },
  writeNewfile: {
    ...oneFile,
    ...shapeOptions(WRITE_SHAPE),
    fsync: flag,
    dsync: flag,
    signal: check.signal,
  },
  writeNewfileDynamic: {
    ...oneFile,
    ...shapeOptions(WRITE_SHAPE),
    ...callbacks,
    fsync: flag,
    dsync: flag,
    signal: check.signal,
  },
  writeMany: {
    ...manyFiles,
    ...shapeOptions(WRITE_SHAPE),
    mode: choice(MODES),
    fsyncEnd: flag,
    syncPolicy: choice(Object.keys(COPY_SYNC)),
    signal: check.signal,
  },
  writeManyfiles: {
    ...manyFiles,
    ...shapeOptions(WRITE_SHAPE),
    fsyncEnd: flag,
    signal: check.signal,
  },
};

function preserveOption(value, name) {
  const given = check.options(value, ['timestamps', 'xattrs'], name);
  return {
    timestamps: flag(given.timestamps, `${name}.timestamps`),
    xattrs: flag(given.xattrs, `${name}.xattrs`),
  };
}

/** The options of `operation`, checked and complete. */
function readOptions(operation, given) {
  const checks = OPTIONS[operation];
  const known = check.options(given, Object.keys(checks));
  const read = {};
  for (const [name, test] of Object.entries(checks)) read[name] = test(known[name], `options.${name}`);
  return read;
}

async function copy(src, dst, options) {
  const site = callSite(copy);
  const ends = readEnds(src, dst);
  const read = readOptions('copy', options);
  const shape = forCopy(read.mode, read, {
    sizesAreAsked: read.bufferSizeCb !== undefined,
    isExplicit: options?.qd !== undefined || options?.blockSize !== undefined,
  });
  const whole = { ...read, ...shape, ...COPY_SYNC[read.syncPolicy] };
  return startCopy(ends, whole, { operation: 'copy', site });
}

async function copyPath(src, dst, options) {
  const site = callSite(copyPath);
  const ends = readEnds(src, dst);
  return startCopy(ends, readOptions('copyPath', options), { operation: 'copyPath', site });
}

async function copyPathDynamic(src, dst, options) {
  const site = callSite(copyPathDynamic);
  const ends = readEnds(src, dst);
  const read = readOptions('copyPathDynamic', options);
  return startCopy(ends, read, { operation: 'copyPathDynamic', site });
}

async function write(dst, options) {
  const site = callSite(write);
  const path = check.path(dst, 'dst');
  const read = readOptions('write', options);
  const sync = WRITE_SYNC[read.syncPolicy] ?? { fsync: read.fsync, dsync: read.dsync };
  const sizesAreAsked = read.bufferSizeCb !== undefined;
  const shape = forWrite(read.mode, read, { sizesAreAsked, dsync: sync.dsync });
  return startFill(path, { ...read, ...shape, ...sync }, { operation: 'write', site });
}

async function writeNewfile(dst, options) {
  const site = callSite(writeNewfile);
  const path = check.path(dst, 'dst');
  return startFill(path, readOptions('writeNewfile', options), { operation: 'writeNewfile', site });
}

async function writeNewfileDynamic(dst, options) {
  const site = callSite(writeNewfileDynamic);
  const path = check.path(dst, 'dst');
  const read = readOptions('writeNewfileDynamic', options);
  return startFill(path, read, { operation: 'writeNewfileDynamic', site });
}

async function writeMany(dir, options) {
  const site = callSite(writeMany);
  const path = check.path(dir, 'dir');
  const read = readOptions('writeMany', options);
  const { fsync } = COPY_SYNC[read.syncPolicy] ?? { fsync: read.fsyncEnd };
  const shape = forWrite(read.mode, read, { sizesAreAsked: false, dsync: false });
  // One file is one core's work; 'safe' stays with one.
  const lanes = read.mode === 'safe' ? 1 : Math.min(os.availableParallelism(), 4);
  return startMany(path, { ...read, ...shape, fsync }, lanes, { operation: 'writeMany', site });
}

async function writeManyfiles(dir, options) {
  const site = callSite(writeManyfiles);
  const path = check.path(dir, 'dir');
  const read = readOptions('writeManyfiles', options);
  const whole = { ...read, fsync: read.fsyncEnd };
  return startMany(path, whole, 1, { operation: 'writeManyfiles', site });
}

const readEnds = (src, dst) => ({ src: check.path(src, 'src'), dst: check.path(dst, 'dst') });

function startCopy({ src, dst }, options, failure) {
  options.signal?.throwIfAborted();
  const job = NativeJob.copy({
    from: Buffer.from(src),
    to: Buffer.from(dst),
    depth: options.qd,
    block: options.blockSize,
    fsync: options.fsync ?? false,
    watched: options.progressCb !== undefined,
    asks: options.bufferSizeCb !== undefined,
    exclusive: options.exclusive ?? false,
    atomic: options.atomic ?? false,
    reflink: options.reflink ?? 'never',
    sparse: options.sparse !== 'never',
    timestamps: options.preserve?.timestamps ?? false,
    xattrs: options.preserve?.xattrs ?? false,
    plain: isFallbackForced(),
  });
  return run(job, options, { ...failure, info: { path: src, dest: dst } });
}

function startFill(path, options, failure) {
  options.signal?.throwIfAborted();
  const job = NativeJob.fill({
    path: Buffer.from(path),
    length: options.totalMb * MIB,
    depth: options.qd,
    block: options.blockSize,
    fsync: options.fsync,
    dsync: options.dsync ?? false,
    watched: options.progressCb !== undefined,
    asks: options.bufferSizeCb !== undefined,
    plain: isFallbackForced(),
  });
  return run(job, options, { ...failure, info: { path } });
}

/** Writes the files in order, `lanes` at a time. The first failure stops the others too. */
async function startMany(dir, options, lanes, failure) {
  options.signal?.throwIfAborted();
  const stop = new AbortController();
  const unheard = options.signal && onAbort(options.signal, () => stop.abort(options.signal.reason));
  const each = { ...options, totalMb: options.mbPerFile, signal: stop.signal };
  let next = 0;
  let total = 0;
  const lane = async () => {
    while (next < options.nfiles) {
      const path = fileIn(dir, `file_${String(next++).padStart(6, '0')}.dat`);
      const written = await startFill(path, each, failure);
      total += written;
    }
  };
  const running = Array.from({ length: Math.min(lanes, options.nfiles) }, lane);
  try {
    await Promise.all(running);
  } finally {
    unheard?.();
    stop.abort();
    await Promise.allSettled(running);
  }
  return total;
}

function fileIn(dir, name) {
  const slash = dir.length > 0 ? '/' : '';
  return typeof dir === 'string' ? dir + slash + name : Buffer.concat([dir, Buffer.from(slash + name)]);
}

module.exports = {
  copy,
  copyPath,
  copyPathDynamic,
  write,
  writeMany,
  writeManyfiles,
  writeNewfile,
  writeNewfileDynamic,
};
