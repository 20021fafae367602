// The commands as data: what each takes, what it says of itself, and what it calls. The addon is
// loaded by those that need it, so that help is to be had without.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { startProgress } = require('./progress.js');

/** Bad usage: exit status 2 and a hint at the help. */
class UsageError extends Error {}

const MODE = { type: 'string', choices: ['auto', 'safe', 'fast'] };

const commands = {
  cp: {
    summary: 'copy a file',
    positionals: ['SRC', 'DST'],
    options: {
      fsync: { type: 'boolean' },
      mode: MODE,
      reflink: { type: 'string', choices: ['auto', 'always', 'never'] },
      atomic: { type: 'boolean' },
    },
    help: `Usage: uring cp SRC DST [--fsync] [--mode M] [--reflink W] [--atomic]

Copies the file SRC to DST, or into DST if that is a directory.

  --fsync        return only when the data is on the disk
  --mode M       auto (default), safe (less memory) or fast (more in flight)
  --reflink W    share blocks on filesystems that can: auto (default), always or never
  --atomic       replace DST only when the copy is complete

When interrupted it leaves no partial file: with --atomic an old DST stays as it was.
`,
    run: copyFile,
  },

  write: {
    summary: 'write a file of a given size, to try a disk',
    positionals: ['DST'],
    options: { mb: { type: 'string' }, mode: MODE, fsync: { type: 'boolean' } },
    help: `Usage: uring write DST --mb N [--mode M] [--fsync]

Fills the file DST with N MiB of a fixed pattern.

  --mb N         size in MiB, a whole number from 1
  --mode M       auto (default), safe (less memory) or fast (more in flight)
  --fsync        return only when the data is on the disk

When interrupted it leaves no partial file.
`,
    run: writeFile,
  },

  probe: {
    summary: 'say what this kernel offers, and why not if not',
    positionals: [],
    options: {},
    help: `Usage: uring probe

Says whether io_uring can be used here, if not why and what to change, and which operations this
kernel has.
`,
    run: probe,
  },

  bench: {
    summary: 'measure against cp, dd and node:fs',
    options: {},
    passesOn: true,
    help: `Usage: uring bench [ARGUMENTS]

Runs the benchmark of a clone of the source, bench/, and hands it the arguments. The installed package
has none.
`,
    run: bench,
  },
};

async function copyFile([source, destination], { fsync, mode, reflink, atomic }, signal) {
  const { copy } = require('..');
  const into = stateOf(destination)?.isDirectory() ? path.join(destination, path.basename(source)) : destination;
  await make(into, signal, (progressCb) => copy(source, into, given({ fsync, mode, reflink, atomic, progressCb, signal })));
}

async function writeFile([destination], { mb, mode, fsync }, signal) {
  if (mb === undefined) throw new UsageError('expected --mb N');
  const totalMb = /^\d+$/.test(mb) ? Number(mb) : 0;
  if (totalMb < 1) throw new UsageError(`--mb is a whole number from 1, not '${mb}'`);
  const { write } = require('..');
  await make(destination, signal, (progressCb) => write(destination, given({ totalMb, mode, fsync, progressCb, signal })));
}

/** Leaves out the options that the command line did not give, for the API's defaults to hold. */
function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Makes a file with a progress bar, if anybody is watching, and leaves no half of it when stopped. */
async function make(file, signal, work) {
  const before = stateOf(file);
  const progress = startProgress(process.stderr);
  try {
    await work(progress?.update);
    progress?.finish();
  } catch (error) {
    progress?.clear();
    if (signal.aborted) removeIfChanged(file, before);
    throw error;
  }
}

/**
 * The API removes what it created. A file that was there before is emptied on opening: its old bytes
 * are gone, and the new ones are not all there, so it goes too, unless it was not touched yet.
 */
function removeIfChanged(file, before) {
  const now = stateOf(file);
  if (before?.isFile() && now?.ino === before.ino && now.ctimeNs !== before.ctimeNs) {
    fs.rmSync(fs.realpathSync(file), { force: true });
  }
}

/** What it is and when it changed; nothing if it can't be seen, which the API is to say, and why. */
function stateOf(file) {
  try {
    return fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function probe() {
  const uring = require('..');
  const { available, code, reason, hint } = uring.availability();
  const lines = [`kernel     ${os.type()} ${os.release()} ${os.arch()}`];
  if (available) {
    lines.push('io_uring   yes', '', ...operations(uring));
  } else {
    lines.push(`io_uring   no: ${code === null ? reason : `${code}: ${reason}`}`, `remedy     ${hint}`);
    lines.push('', 'copy, write and writeMany do the same job with plain system calls.');
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** A row for each opcode that this package or the kernel knows, in the kernel's order. */
function operations(uring) {
  const { lastOp, opcodeMask } = uring.getProbeInfo();
  const names = new Map();
  for (const name of uring.UAPI_CONSTANT_NAMES) {
    if (name.startsWith('IORING_OP_') && name !== 'IORING_OP_LAST') names.set(uring[name], name);
  }
  const count = Math.max(lastOp, ...names.keys()) + 1;
  return Array.from({ length: count }, (_, op) => {
    const name = names.get(op) ?? '(newer than this package)';
    return `${String(op).padStart(3)}  ${name.padEnd(32)}${opcodeMask[op] === 1 ? 'yes' : 'no'}`;
  });
}

function bench(args) {
  const program = path.join(__dirname, '../bench/run.js');
  if (!fs.existsSync(program)) {
    throw new Error('the benchmark is in bench/ of the source, and is not installed with the package');
  }
  const { status } = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

module.exports = { UsageError, commands };
