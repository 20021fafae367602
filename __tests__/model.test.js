// Random sequences of calls, on a ring and with node:fs, in two folders side by side: the same
// results, the same errors, and the same files at the end.

'use strict';

const crypto = require('node:crypto');
const fc = require('fast-check');
const fs = require('node:fs');
const path = require('node:path');

const { UringCtx, availability, constants } = require('..');
const { dir } = require('./support/files.js');
const { howMany, limit, seedOf } = require('./support/random.js');

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH } = constants;
const { AT_REMOVEDIR, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } = constants;

const seed = seedOf(__filename);
const KNOWN_MOST = 1 << 20;

/** One side: its folder, and the descriptors that the sequence opened. */
class Side {
  constructor(name, at) {
    this.root = path.join(at, name);
    fs.mkdirSync(this.root);
    this.fds = [];
  }

  at(name) {
    return `${this.root}/${name}`;
  }
}

/** What a file is, as far as two files made in the same way are the same. */
const shown = ({ mode, nlink, size, uid, gid }) => ({ mode, nlink, size: (mode & 0o170000) === 0o040000 ? undefined : size, uid, gid });

// Short, whatever it is of: a difference of long texts takes minutes to be told.
const digest = (data) => crypto.createHash('sha1').update(data).digest('hex');

/** The names below a folder; links are not followed. */
const below = (at, prefix = '') =>
  fs.readdirSync(at, { withFileTypes: true }).flatMap((one) => [
    prefix + one.name,
    ...(one.isDirectory() ? below(path.join(at, one.name), `${prefix}${one.name}/`) : []),
  ]);

/** All that is below a folder. A file too large to be read is known by its size. */
function tree(at) {
  return Object.fromEntries(
    below(at).sort().map((name) => {
      const full = path.join(at, name);
      const stat = fs.lstatSync(full);
      const content = () => {
        if (stat.isSymbolicLink()) return fs.readlinkSync(full);
        return stat.isFile() && stat.size <= KNOWN_MOST ? digest(fs.readFileSync(full)) : undefined;
      };
      return [name, { ...shown(stat), content: content() }];
    }),
  );
}

// What can be done: how the arguments are chosen, `model` with node:fs, `ring` with `call`, which
// calls a method in the way that was chosen: as a promise, or blocking.

const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'd', 'd/a', 'l') },
  { weight: 1, arbitrary: fc.constantFrom('d/e', 'd/e/f', 'l/a', 'a/', 'd/', '.', 'missing/a', 'a\0b', 'n'.repeat(256)) },
);
const targets = fc.constantFrom('a', 'd', 'l', '.', 'missing');
const slots = fc.nat(5);
const offsets = fc.oneof({ weight: 9, arbitrary: fc.nat(100_000) }, { weight: 1, arbitrary: fc.constantFrom(2 ** 44, Number.MAX_SAFE_INTEGER) });
const lengths = fc.integer({ min: 1, max: 9000 });
const modes = fc.constantFrom(0o644, 0o600, 0o755, 0o777, ...(process.getuid() === 0 ? [0o000] : []));
const opening = fc
  .tuple(fc.constantFrom(O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_PATH), fc.subarray([O_CREAT, O_CREAT * 2, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW]))
  .map(([access, more]) => more.reduce((flags, flag) => flags | (flag === O_CREAT * 2 ? O_EXCL | O_CREAT : flag), access));
const creating = fc.constantFrom(O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_APPEND, O_RDWR | O_CREAT | O_TRUNC);
const flagsOfOpen = fc.oneof(opening, creating);

/** Bytes that tell where they come from. */
const pattern = (length, salt) => Buffer.from(Array.from({ length }, (_, index) => (index * 7 + salt) & 255));
const texts = fc.tuple(lengths, fc.nat(255)).map(([length, salt]) => ({ length, salt }));
const parts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });

/** Zeros where a file of the model has bytes now, also where `fd` writes at its end alone. */
function punch(fd, offset, length) {
  const end = Math.min(offset + length, fs.fstatSync(fd).size);
  if (end <= offset) return;
  const again = fs.openSync(`/proc/self/fd/${fd}`, 'r+');
  fs.writeSync(again, Buffer.alloc(end - offset), 0, end - offset, offset);
  fs.closeSync(again);
}

const COMMANDS = {
  open: {
    weight: 6,
    args: { name: names, flags: flagsOfOpen, mode: modes },
    model: (side, { name, flags, mode }) => side.fds.push(fs.openSync(side.at(name), flags, mode)),
    ring: async (side, call, { name, flags, mode }) => side.fds.push(await call('openat', [side.path(name), flags, mode], side.options)),
  },
  close: {
    args: { slot: slots },
    model: (side, { slot }) => fs.closeSync(side.fds.splice(slot, 1)[0]),
    ring: (side, call, { slot }) => call('closeFd', [side.fds.splice(slot, 1)[0]]),
  },
  write: {
    weight: 4,
    args: { slot: slots, text: texts, offset: offsets },
    model: (side, { slot, text, offset }) => fs.writeSync(side.fds[slot], pattern(text.length, text.salt), 0, text.length, offset),
    ring: (side, call, { slot, text, offset }) => call('write', [side.fds[slot], pattern(text.length, text.salt), offset]),
  },
  writev: {
    args: { slot: slots, parts, offset: offsets },
    model: (side, { slot, parts, offset }) => fs.writevSync(side.fds[slot], parts.map(pattern), offset),
    ring: (side, call, { slot, parts, offset }) => call('writev', [side.fds[slot], parts.map(pattern), offset]),
  },
  read: {
    weight: 3,
    args: { slot: slots, length: lengths, offset: offsets },
    model(side, { slot, length, offset }) {
      const buffer = Buffer.alloc(length);
      return digest(buffer.subarray(0, fs.readSync(side.fds[slot], buffer, 0, length, offset)));
    },
    ring: async (side, call, { slot, length, offset }) => digest(await call('read', [side.fds[slot], length, offset])),
  },
  readInto: {
    args: { slot: slots, length: lengths, offset: offsets },
    model(side, { slot, length, offset }) {
      const buffer = Buffer.alloc(length, 'unread');
      return [fs.readSync(side.fds[slot], buffer, 0, length, offset), digest(buffer)];
    },
    async ring(side, call, { slot, length, offset }) {
      const buffer = Buffer.alloc(length, 'unread');
      return [await call('readInto', [side.fds[slot], buffer, offset]), digest(buffer)];
    },
  },
  readv: {
    args: { slot: slots, parts, offset: offsets },
    model(side, { slot, parts, offset }) {
      const buffers = parts.map((length) => Buffer.alloc(length, 'unread'));
      return [fs.readvSync(side.fds[slot], buffers, offset), digest(Buffer.concat(buffers))];
    },
    async ring(side, call, { slot, parts, offset }) {
      const buffers = parts.map((length) => Buffer.alloc(length, 'unread'));
      return [await call('readv', [side.fds[slot], buffers, offset]), digest(Buffer.concat(buffers))];
    },
  },
  truncate: {
    weight: 2,
    opcode: 'IORING_OP_FTRUNCATE',
    args: { slot: slots, length: offsets },
    model: (side, { slot, length }) => fs.ftruncateSync(side.fds[slot], length),
    ring: (side, call, { slot, length }) => call('ftruncate', [side.fds[slot], length]),
  },
  fsync: {
    // As slow as the disk.
    weight: 0.1,
    args: { slot: slots, datasync: fc.boolean() },
    model: (side, { slot, datasync }) => (datasync ? fs.fdatasyncSync : fs.fsyncSync)(side.fds[slot]),
    ring: (side, call, { slot, datasync }) => call('fsync', [side.fds[slot]], { datasync }),
  },
  fallocate: {
    args: { slot: slots, offset: fc.nat(50_000), length: fc.integer({ min: 1, max: 50_000 }), how: fc.constantFrom('extend', 'keep', 'punch') },
    // Only where writing nothing is allowed: node:fs can't ask for room.
    model(side, { slot, offset, length, how }) {
      const fd = side.fds[slot];
      fs.writeSync(fd, '');
      if (how === 'extend') fs.ftruncateSync(fd, Math.max(fs.fstatSync(fd).size, offset + length));
      if (how === 'punch') punch(fd, offset, length);
    },
    async ring(side, call, { slot, offset, length, how }) {
      const mode = { extend: 0, keep: FALLOC_FL_KEEP_SIZE, punch: FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE }[how];
      await call('fallocate', [side.fds[slot], mode, offset, length]);
    },
  },
  stat: {
    weight: 2,
    args: { name: names, follows: fc.boolean() },
    model: (side, { name, follows }) => shown((follows ? fs.statSync : fs.lstatSync)(side.at(name))),
    ring: async (side, call, { name, follows }) =>
      shown(await call('statx', [side.path(name)], { ...side.options, flags: follows ? 0 : AT_SYMLINK_NOFOLLOW })),
  },
  fstat: {
    args: { slot: slots },
    model: (side, { slot }) => shown(fs.fstatSync(side.fds[slot])),
    ring: async (side, call, { slot }) => shown(await call('statx', [''], { dirFd: side.fds[slot], flags: AT_EMPTY_PATH })),
  },
  rename: {
    weight: 2,
    args: { from: names, to: names },
    model: (side, { from, to }) => fs.renameSync(side.at(from), side.at(to)),
    ring: (side, call, { from, to }) => call('renameat', [side.path(from), side.path(to)], side.both),
  },
  unlink: {
    args: { name: names },
    model: (side, { name }) => fs.unlinkSync(side.at(name)),
    ring: (side, call, { name }) => call('unlinkat', [side.path(name)], side.options),
  },
  rmdir: {
    args: { name: names },
    model: (side, { name }) => fs.rmdirSync(side.at(name)),
    ring: (side, call, { name }) => call('unlinkat', [side.path(name)], { ...side.options, flags: AT_REMOVEDIR }),
  },
  mkdir: {
    weight: 2,
    args: { name: names, mode: fc.constantFrom(0o755, 0o700, 0o777) },
    model: (side, { name, mode }) => fs.mkdirSync(side.at(name), { mode }),
    ring: (side, call, { name, mode }) => call('mkdirat', [side.path(name), mode], side.options),
  },
  link: {
    args: { from: names, to: names },
    model: (side, { from, to }) => fs.linkSync(side.at(from), side.at(to)),
    ring: (side, call, { from, to }) => call('linkat', [side.path(from), side.path(to)], side.both),
  },
  symlink: {
    args: { target: targets, name: names },
    model: (side, { target, name }) => fs.symlinkSync(target, side.at(name)),
    ring: (side, call, { target, name }) => call('symlinkat', [target, side.path(name)], side.newOnly),
  },
};

const outcome = async (body) => {
  try {
    return { value: await body() };
  } catch ({ code, errno }) {
    return { code, errno: Math.abs(errno) };
  }
};

/** The ring's side: by paths from the root, or from a descriptor of the folder. */
class RingSide extends Side {
  constructor(name, at) {
    super(name, at);
    this.dirFd = fs.openSync(this.root, 'r');
  }

  choose({ relative, asBuffer }) {
    const found = (name) => (relative ? name : this.at(name));
    this.path = (name) => (asBuffer ? Buffer.from(found(name)) : found(name));
    const { dirFd } = this;
    this.options = relative ? { dirFd } : {};
    this.both = relative ? { oldDirFd: dirFd, newDirFd: dirFd } : {};
    this.newOnly = relative ? { newDirFd: dirFd } : {};
  }
}

const BY_HAND = { write: 'writeAsync', readInto: 'readAsync' };

/** Reads and writes of a descriptor can be done by hand too, with an errno for an error. */
async function byHand(ctx, method, args) {
  const userData = 77;
  ctx[BY_HAND[method]](...args, userData);
  const [found, result] = await ctx.waitCompletion();
  if (found !== userData) throw new Error(`a completion of another: ${found}`);
  if (result < 0) throw Object.assign(new Error('by hand'), { code: codes.get(-result), errno: -result });
  return result;
}
const codes = new Map(Object.entries(require('node:os').constants.errno).map(([code, errno]) => [errno, code]));

const caller = (ctx, how) => (method, args, options) => {
  if (how === 'by hand' && BY_HAND[method] !== undefined) return byHand(ctx, method, args);
  const complete = options === undefined ? args : [...args, options];
  return how === 'blocking' ? ctx[`${method}Sync`](...complete) : ctx[method](...complete);
};

/** A descriptor that the sequence did not open is one that nobody did. */
const NOBODYS = 99_999;

async function runSequence(ctx, at, sequence) {
  const [model, side] = [new Side('model', at), new RingSide('ring', at)];
  try {
    for (const [index, { command, args, ways }] of sequence.entries()) {
      const { model: ofModel, ring } = COMMANDS[command];
      const slot = args.slot === undefined || model.fds.length === 0 ? 0 : args.slot % model.fds.length;
      if (args.slot !== undefined && model.fds.length === 0) for (const each of [model, side]) each.fds.push(NOBODYS);
      const chosen = { ...args, ...(args.slot === undefined ? {} : { slot }) };
      side.choose(ways);
      const wanted = await outcome(() => ofModel(model, chosen));
      const found = await outcome(() => ring(side, caller(ctx, ways.how), chosen));
      expect({ index, command, ...found }).toEqual({ index, command, ...wanted });
      for (const each of [model, side]) each.fds = each.fds.filter((fd) => fd !== NOBODYS);
    }
    expect(tree(side.root)).toEqual(tree(model.root));
    expect(ctx.inFlight).toBe(0);
  } finally {
    for (const fd of [...model.fds, ...side.fds, side.dirFd]) if (fd !== NOBODYS) fs.closeSync(fd);
    fs.rmSync(model.root, { recursive: true });
    fs.rmSync(side.root, { recursive: true });
  }
}

const ring = availability();
const ctx = ring.available ? new UringCtx() : undefined;
afterAll(() => ctx?.close());

const uring = require('..');
const ways = fc.record({ how: fc.constantFrom('promise', 'blocking', 'by hand'), relative: fc.boolean(), asBuffer: fc.boolean() });
const commands = Object.entries(COMMANDS)
  .filter(([, { opcode }]) => opcode === undefined || ctx?.probeOpcodeSupported(uring[opcode]))
  .map(([command, { weight = 1, args }]) => ({ weight: 10 * weight, arbitrary: fc.record({ command: fc.constant(command), args: fc.record(args), ways }) }));
const first = fc.record({ command: fc.constant('open'), args: fc.record({ name: fc.constantFrom('a', 'b'), flags: creating, mode: modes }), ways });
const sequences = fc.tuple(first, fc.array(fc.oneof(...commands), { maxLength: 40, size: 'max' })).map(([open, rest]) => [open, ...rest]);

const many = howMany(500, 20_000);
(ring.available ? test : test.skip)(`${many} sequences: as node:fs does (URING_SEED=${seed})${ring.available ? '' : ` (skipped: ${ring.reason})`}`, async () => {
  // Each part has a seed of its own, and repeats as the first one of it.
  for (let done = 0; done < many; done += 500) {
    await fc.assert(fc.asyncProperty(sequences, (sequence) => runSequence(ctx, dir, sequence)), { seed: seed + done, numRuns: 500 });
    await new Promise(setImmediate);
  }
}, limit);
