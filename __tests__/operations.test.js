// Each operation of the table in both its forms: what it does, seen from outside the ring; an error of
// the kernel; arguments it refuses; and where it can block, how it is stopped. Those that wait, the
// addresses, statx and the attributes have files of their own as well.

'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { operationTable } = require('../binding.js');
const { BufferPool, UringCtx, constants, ...uapi } = require('..');
const { root } = require('./support/child.js');
const { bytes, file, folder, fresh } = require('./support/files.js');

const {
  AF_INET, AF_UNIX, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, O_CREAT, O_DIRECTORY, O_EXCL, O_NONBLOCK,
  O_RDWR, O_WRONLY, POLLHUP, POLLIN, POLLOUT, RENAME_EXCHANGE, RENAME_NOREPLACE, RESOLVE_BENEATH,
  RESOLVE_IN_ROOT, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM,
} = constants;

const table = new Map(operationTable().map((row) => [row.name, row]));
const ctx = new UringCtx();
const content = bytes(10_000);
const source = file(content);
const endings = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(() => ctx.close());

// What is opened here is closed after the test

const close = (fd) => fs.existsSync(`/proc/self/fd/${fd}`) && fs.closeSync(fd);
function keep(fd) {
  endings.push(() => close(fd));
  return fd;
}
const open = (name, flags = 'r') => keep(fs.openSync(name, flags));

/** A FIFO's name, and its reading and writing end, which block. */
function fifo() {
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  const both = fs.openSync(name, 'r+');
  const ends = { name, readFd: open(name, 'r'), writeFd: open(name, 'w') };
  fs.closeSync(both);
  return ends;
}

/** The writing end of a FIFO that takes no more. */
function full() {
  const { name, writeFd } = fifo();
  const eager = open(name, O_WRONLY | O_NONBLOCK);
  expect(() => {
    for (;;) fs.writeSync(eager, Buffer.alloc(4096));
  }).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  return writeFd;
}

const silent = () => fifo().readFd;

/** A socket of the ring, connected to one of node:net. */
async function connected(at = { path: fresh('socket') }, options = {}) {
  const server = net.createServer({ allowHalfOpen: true, ...options });
  endings.push(() => server.close());
  await new Promise((resolve) => server.listen(at, resolve));
  const fd = keep(ctx.socketSync(at.path === undefined ? AF_INET : AF_UNIX, SOCK_STREAM));
  const peer = once(server, 'connection');
  await ctx.connect(fd, at.path === undefined ? server.address() : at);
  const [socket] = await peer;
  endings.push(() => socket.destroy());
  return { fd, socket };
}

/** A listening socket of the ring. */
function listening(backlog = 8) {
  const at = { path: fresh('socket') };
  const fd = keep(ctx.socketSync(AF_UNIX, SOCK_STREAM));
  ctx.bindSync(fd, at);
  ctx.listenSync(fd, backlog);
  return { fd, at };
}

async function udp() {
  const socket = dgram.createSocket('udp4');
  endings.push(() => socket.close());
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

const registered = (fds, buffers) => {
  ctx.registerFiles(fds);
  endings.push(() => ctx.unregisterFiles());
  ctx.registerBuffers(buffers);
  endings.push(() => ctx.unregisterBuffers());
};

/** The flags with which the descriptor is open. */
const openFlags = (fd) => parseInt(/^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))[1], 8);

// What is asked of each operation

/** Describes an operation, and what else it takes; where the kernel lacks one it says so. */
function operation(name, ...rest) {
  const body = rest.pop();
  const lacking = [name, ...rest].find((one) => !ctx.probeOpcodeSupported(table.get(one).opcode));
  if (lacking === undefined) return describe(name, () => body(name));
  const reason = `skipped: this kernel has no ${lacking}, which Linux ${table.get(lacking).since} brought`;
  describe.skip(`${name} (${reason})`, () => body(name));
}

/** The same test of both forms, each as a function that returns a promise. */
const inBothForms = (name) =>
  test.each([
    [name, (...args) => ctx[name](...args)],
    [`${name}Sync`, async (...args) => ctx[`${name}Sync`](...args)],
  ]);

const thrownBy = (call) => {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
};

/** An error that the kernel really gives. */
function fails(name, code, make, more = () => ({})) {
  test(`${name} fails with ${code}`, async () => {
    const args = await make();
    const errno = os.constants.errno[code] ?? expect.any(Number);
    const error = { name: 'UringError', code, errno, operation: name, syscall: name, ...more(args) };
    await expect(ctx[name](...args)).rejects.toMatchObject(error);
    expect(thrownBy(() => ctx[`${name}Sync`](...args))).toMatchObject(error);
    expect(ctx.inFlight).toBe(0);
  });
}

/** Arguments that are refused: by a rejection, and thrown by the blocking form. */
function refuses(name, ...cases) {
  test.each(cases)(`${name}(...%j) is refused: %s`, async (args, code) => {
    const error = { name: code === 'ERR_OUT_OF_RANGE' ? 'RangeError' : 'TypeError', code };
    const promise = ctx[name](...args);
    await expect(promise).rejects.toMatchObject(error);
    expect(thrownBy(() => ctx[`${name}Sync`](...args))).toMatchObject(error);
    expect(ctx.inFlight).toBe(0);
  });
}

/** An operation that would wait for ever ends by its signal, and by its timeout. */
function stops(name, make) {
  test(`${name} is stopped by its signal and by its timeout`, async () => {
    const args = await make();
    const reason = new Error('enough');
    const controller = new AbortController();
    const promise = ctx[name](...args, { signal: controller.signal });
    const settled = jest.fn();
    promise.then(settled, settled);
    await ctx.nop();
    expect(settled).not.toHaveBeenCalled();
    controller.abort(reason);
    await expect(promise).rejects.toBe(reason);
    expect(ctx.inFlight).toBe(0);
    await expect(ctx[name](...args, { signal: controller.signal })).rejects.toBe(reason);
    expect(thrownBy(() => ctx[`${name}Sync`](...args, { signal: controller.signal }))).toBe(reason);
    const late = { code: 'ETIMEDOUT', operation: name };
    await expect(ctx[name](...args, { timeout: 5 })).rejects.toMatchObject(late);
    expect(thrownBy(() => ctx[`${name}Sync`](...args, { timeout: 5 }))).toMatchObject(late);
    expect(ctx.inFlight).toBe(0);
  });
}

describe('the table', () => {
  const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
  const [types, page] = [read('lib/operations.d.ts'), read('docs/operations.md')];
  const tests = fs
    .readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => read(`__tests__/${name}`))
    .join('\n');

  test('has rows', () => expect(table.size).toBeGreaterThanOrEqual(54));

  test.each([...table.keys()])('%s has its methods, types, a line on its page, and a test', (name) => {
    expect(typeof UringCtx.prototype[name]).toBe('function');
    const { isStream } = table.get(name);
    expect(typeof UringCtx.prototype[`${name}Sync`]).toBe(isStream ? 'undefined' : 'function');
    expect(types).toMatch(new RegExp(`^  ${name}\\(.*\\): ${isStream ? 'AsyncIterableIterator' : 'Promise'}<`, 'm'));
    if (!isStream) expect(types).toMatch(new RegExp(`^  ${name}Sync\\(`, 'm'));
    expect(page).toMatch(new RegExp(`^\\| \`${name}\\(`, 'm'));
    expect(page).toContain(` | ${table.get(name).since} | ${table.get(name).man} | `);
    expect(tests).toMatch(new RegExp(`\\.${name}\\(|\\b${name}Sync\\(|'${name}'`));
  });

  test('nothing in the types or on the page is not in it', () => {
    const typed = [...types.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name.replace(/Sync$/, ''));
    const told = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name);
    expect(new Set(typed)).toEqual(new Set(table.keys()));
    expect(told).toEqual([...table.keys()]);
  });
});

operation('nop', (name) => {
  inBothForms(name)('%s goes to the kernel and back', async (_, nop) => {
    const { submitted, completed } = ctx.stats();
    expect(await nop()).toBeUndefined();
    expect(ctx.stats()).toMatchObject({ submitted: submitted + 1, completed: completed + 1 });
  });
  fails(name, 'EINVAL', () => [{ sqeFlags: 128 }]);
  refuses(name, [['x'], 'ERR_INVALID_ARG_TYPE'], [[{ depth: 1 }], 'ERR_INVALID_ARG_VALUE']);
});

operation('readv', (name) => {
  const shapes = () => [Buffer.alloc(7), new Uint16Array(50), new DataView(new ArrayBuffer(300), 100), new ArrayBuffer(5), Buffer.alloc(0)];
  const told = (list) => Buffer.concat(list.map((one) => Buffer.from(one.buffer ?? one, one.byteOffset ?? 0, one.byteLength)));

  inBothForms(name)('%s fills the same bytes as fs.readvSync', async (_, readv) => {
    const fd = open(source);
    for (const offset of [0, 1, 4095n, content.length - 10, content.length, content.length + 5]) {
      const [ours, theirs] = [shapes(), shapes()];
      const views = theirs.map((one) => (ArrayBuffer.isView(one) ? one : new Uint8Array(one)));
      expect(await readv(fd, ours, offset)).toBe(fs.readvSync(fd, views, Number(offset)));
      expect(told(ours)).toEqual(told(theirs));
    }
  });
  inBothForms(name)('%s takes as many buffers as the kernel', async (_, readv) => {
    const list = Array.from({ length: 1024 }, () => Buffer.alloc(3));
    expect(await readv(open(source), list)).toBe(3072);
    expect(Buffer.concat(list)).toEqual(content.subarray(0, 3072));
  });
  inBothForms(name)('%s fills the slots of a pool', async (_, readv) => {
    const pool = BufferPool.create({ initialCount: 2, initialSize: 10 });
    expect(await readv(open(source), [pool.buffer(1), pool.buffer(0)], 3)).toBe(20);
    expect(Buffer.concat([pool.get(1), pool.get(0)])).toEqual(content.subarray(3, 23));
    pool.close();
  });
  fails(name, 'EBADF', () => [open(file(''), 'a'), [Buffer.alloc(1)]]);
  fails(name, 'EISDIR', () => [open(folder()), [Buffer.alloc(1)]]);
  refuses(name,
    [[0, Buffer.alloc(1)], 'ERR_INVALID_ARG_TYPE'], [[0, ['x']], 'ERR_INVALID_ARG_TYPE'],
    [[0, Array(1025).fill(Buffer.alloc(1))], 'ERR_OUT_OF_RANGE'], [[0, [], -1], 'ERR_OUT_OF_RANGE'],
    [[0, [], 0, { rwFlags: -1 }], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [silent(), [Buffer.alloc(4)], 0]);
});

operation('writev', (name) => {
  inBothForms(name)('%s writes the same bytes as fs.writevSync', async (_, writev) => {
    const parts = [Buffer.from('a'), new Uint16Array([1, 2, 3]), new DataView(new ArrayBuffer(9), 4), Buffer.alloc(0)];
    const [ours, theirs] = [file(''), file('')];
    expect(await writev(open(ours, 'r+'), parts, 5n)).toBe(fs.writevSync(open(theirs, 'r+'), parts, 5));
    expect(fs.readFileSync(ours)).toEqual(fs.readFileSync(theirs));
  });
  inBothForms(name)('%s writes strings and array buffers, as they were at the call', async (_, writev) => {
    const name = file('');
    const last = Buffer.from('z');
    const written = writev(open(name, 'r+'), ['hé', new Uint8Array([33]).buffer, last]);
    last.fill('x');
    expect(await written).toBe(5);
    expect(fs.readFileSync(name, 'utf8')).toBe('hé!z');
  });
  fails(name, 'EBADF', () => [open(source), ['x']]);
  fails(name, 'ENOSPC', () => [open('/dev/full', 'w'), ['x']]);
  refuses(name,
    [[0, 'x'], 'ERR_INVALID_ARG_TYPE'], [[0, [1]], 'ERR_INVALID_ARG_TYPE'], [[-1, ['x']], 'ERR_OUT_OF_RANGE'],
    [[0, ['x'], 0, { rwFlags: '1' }], 'ERR_INVALID_ARG_TYPE']);
  stops(name, () => [full(), ['x'], 0]);
});

operation('fsync', (name) => {
  inBothForms(name)('%s, of all or of the data only, changes no byte', async (_, fsync) => {
    const dirty = file(content);
    expect(await fsync(open(dirty, 'r+'))).toBeUndefined();
    expect(await fsync(open(dirty, 'r+'), { datasync: true })).toBeUndefined();
    expect(fs.readFileSync(dirty)).toEqual(content);
  });
  fails(name, 'EINVAL', () => [silent()]);
  fails(name, 'EBADF', () => [1 << 20]);
  refuses(name, [['1'], 'ERR_INVALID_ARG_TYPE'], [[0, { datasync: 1 }], 'ERR_INVALID_ARG_TYPE']);
});

operation('readFixed', (name) => {
  inBothForms(name)('%s fills a part of a registered buffer, and only that', async (_, readFixed) => {
    const pool = BufferPool.create({ initialCount: 1, initialSize: 64 });
    const own = Buffer.alloc(100);
    registered([-1, open(source)], [own, pool.buffer(0)]);
    expect(await readFixed(1, own.subarray(10, 30), 7n, 0)).toBe(20);
    expect(own).toEqual(Buffer.concat([Buffer.alloc(10), content.subarray(7, 27), Buffer.alloc(70)]));
    expect(await readFixed(1, pool.buffer(0).subarray(60), 9, 1)).toBe(4);
    expect(pool.get(0)).toEqual(Buffer.concat([Buffer.alloc(60), content.subarray(9, 13)]));
    ctx.unregisterBuffers();
    ctx.registerBuffers([own]);
    pool.close();
  });
  const buffer = Buffer.alloc(8);
  fails(name, 'EBADF', () => [registered([-1], [buffer]) ?? 0, buffer, 0, 0]);
  fails(name, 'EFAULT', () => [registered([0], [buffer]) ?? 0, buffer, 0, 1]);
  refuses(name,
    [[0, 'x', 0, 0], 'ERR_INVALID_ARG_TYPE'], [[-1, buffer, 0, 0], 'ERR_OUT_OF_RANGE'],
    [[0, buffer, 0, 65536], 'ERR_OUT_OF_RANGE'], [[0, buffer, 0], 'ERR_INVALID_ARG_TYPE']);
  stops(name, () => [registered([silent()], [buffer]) ?? 0, buffer, 0, 0]);
});

operation('writeFixed', (name) => {
  inBothForms(name)('%s writes what is in the registered buffer at the call', async (_, writeFixed) => {
    const [out, own] = [file(''), bytes(100)];
    const before = Buffer.from(own);
    registered([open(out, 'r+')], [own]);
    const written = writeFixed(0, own.subarray(50), 3, 0);
    expect(await written).toBe(50);
    own.fill(0);
    expect(fs.readFileSync(out)).toEqual(Buffer.concat([Buffer.alloc(3), before.subarray(50)]));
  });
  const buffer = Buffer.alloc(8);
  fails(name, 'EBADF', () => [registered([open(source)], [buffer]) ?? 0, buffer, 0, 0]);
  fails(name, 'EFAULT', () => [registered([open(file(''), 'w')], [Buffer.alloc(8)]) ?? 0, buffer, 0, 0]);
  refuses(name,
    [[0, 7, 0, 0], 'ERR_INVALID_ARG_TYPE'], [[0, buffer, -1, 0], 'ERR_OUT_OF_RANGE'], [[0, buffer, 0, 1.5], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [registered([full()], [buffer]) ?? 0, buffer, 0, 0]);
});

operation('readvFixed', (name) => {
  inBothForms(name)('%s fills parts of one registered buffer, in the order of the list', async (_, readvFixed) => {
    const own = Buffer.alloc(30);
    registered([open(source)], [own]);
    expect(await readvFixed(0, [own.subarray(20), own.subarray(0, 5)], 11, 0)).toBe(15);
    expect(own).toEqual(Buffer.concat([content.subarray(21, 26), Buffer.alloc(15), content.subarray(11, 21)]));
  });
  const buffer = Buffer.alloc(8);
  fails(name, 'EBADF', () => [registered([-1], [buffer]) ?? 0, [buffer], 0, 0]);
  fails(name, 'EFAULT', () => [registered([open(source)], [buffer]) ?? 0, [buffer, Buffer.alloc(8)], 0, 0]);
  refuses(name, [[0, buffer, 0, 0], 'ERR_INVALID_ARG_TYPE'], [[0, ['x'], 0, 0], 'ERR_INVALID_ARG_TYPE'], [[0, [], 0, -1], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [registered([silent()], [buffer]) ?? 0, [buffer], 0, 0]);
});

operation('writevFixed', (name) => {
  inBothForms(name)('%s writes parts of one registered buffer, in the order of the list', async (_, writevFixed) => {
    const [out, own] = [file(''), bytes(30)];
    registered([open(out, 'r+')], [own]);
    expect(await writevFixed(0, [own.subarray(20), own.subarray(0, 5)], 2, 0)).toBe(15);
    expect(fs.readFileSync(out)).toEqual(Buffer.concat([Buffer.alloc(2), own.subarray(20), own.subarray(0, 5)]));
  });
  const buffer = Buffer.alloc(8);
  fails(name, 'EBADF', () => [registered([open(source)], [buffer]) ?? 0, [buffer], 0, 0]);
  fails(name, 'EFAULT', () => [registered([open(file(''), 'w')], [buffer]) ?? 0, [Buffer.alloc(8)], 0, 0]);
  refuses(name, [[0, buffer, 0, 0], 'ERR_INVALID_ARG_TYPE'], [['0', [buffer], 0, 0], 'ERR_INVALID_ARG_TYPE'], [[0, [], -1, 0], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [registered([full()], [buffer]) ?? 0, [buffer], 0, 0]);
});

operation('fallocate', (name) => {
  const { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } = constants;

  inBothForms(name)('%s reserves, with and without a longer file', async (_, fallocate) => {
    const long = file('x');
    const fd = open(long, 'r+');
    expect(await fallocate(fd, 0, 0, 100_000n)).toBeUndefined();
    expect(fs.statSync(long).size).toBe(100_000);
    expect(fs.statSync(long).blocks * 512).toBeGreaterThanOrEqual(100_000);
    await fallocate(fd, FALLOC_FL_KEEP_SIZE, 100_000, 300_000);
    expect(fs.statSync(long).size).toBe(100_000);
    expect(fs.statSync(long).blocks * 512).toBeGreaterThanOrEqual(400_000);
  });
  inBothForms(name)('%s punches a hole', async (_, fallocate) => {
    const holed = file(Buffer.alloc(65536, 'x'));
    await fallocate(open(holed, 'r+'), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 32768);
    const expected = Buffer.alloc(65536, 'x').fill(0, 4096, 4096 + 32768);
    expect(fs.readFileSync(holed).equals(expected)).toBe(true);
  });
  fails(name, 'EBADF', () => [open(source), 0, 0, 1]);
  fails(name, 'EFBIG', () => [open(file(''), 'r+'), 0, 2n ** 62n, 1n]);
  fails(name, 'EINVAL', () => [open(file(''), 'r+'), 0, 0, 0]);
  fails(name, 'ESPIPE', () => [fifo().writeFd, 0, 0, 1]);
  refuses(name, [[0, 'x', 0, 1], 'ERR_INVALID_ARG_TYPE'], [[0, 0, 0, -1], 'ERR_OUT_OF_RANGE'], [[0, 0, 2n ** 63n, 1], 'ERR_OUT_OF_RANGE']);
});

operation('ftruncate', (name) => {
  inBothForms(name)('%s does what fs.ftruncateSync does', async (_, ftruncate) => {
    const [ours, theirs] = [file(content), file(content)];
    for (const length of [100, 0n, 5000]) {
      expect(await ftruncate(open(ours, 'r+'), length)).toBeUndefined();
      fs.ftruncateSync(open(theirs, 'r+'), Number(length));
      expect(fs.readFileSync(ours)).toEqual(fs.readFileSync(theirs));
    }
    await ftruncate(open(ours, 'r+'), 2n ** 32n + 1n);
    expect(fs.statSync(ours).size).toBe(2 ** 32 + 1);
  });
  test('fails as fs.ftruncateSync does', async () => {
    for (const make of [() => open(source), silent, () => open(folder()), () => 1 << 20]) {
      const fd = make();
      const { code } = thrownBy(() => fs.ftruncateSync(fd, 1));
      await expect(ctx.ftruncate(fd, 1)).rejects.toMatchObject({ code });
    }
  });
  fails(name, 'EINVAL', () => [open(source), 1]);
  refuses(name, [[0, -1], 'ERR_OUT_OF_RANGE'], [[0, '1'], 'ERR_INVALID_ARG_TYPE'], [[0], 'ERR_INVALID_ARG_TYPE']);
});

operation('syncFileRange', (name) => {
  inBothForms(name)('%s writes back, and changes nothing', async (_, syncFileRange) => {
    const dirty = file(content);
    const all = [1, 2, 4].reduce((flags, flag) => flags | flag);
    expect(await syncFileRange(open(dirty, 'r+'), 4096, 0, all)).toBeUndefined();
    expect(await syncFileRange(open(dirty, 'r+'), 0)).toBeUndefined();
    expect(fs.readFileSync(dirty)).toEqual(content);
  });
  fails(name, 'ESPIPE', () => [silent(), 1]);
  fails(name, 'EINVAL', () => [open(source), 1, 0, 1 << 20]);
  refuses(name, [[0, -1], 'ERR_OUT_OF_RANGE'], [[0, 2 ** 32], 'ERR_OUT_OF_RANGE'], [[0, 1, 'x'], 'ERR_INVALID_ARG_TYPE']);
});

operation('fadvise', (name) => {
  const { POSIX_FADV_DONTNEED, POSIX_FADV_WILLNEED } = constants;
  const cached = (name) => Number(execFileSync('fincore', ['-n', '-r', '-o', 'PAGES', name]));
  const drops = (() => {
    try {
      const name = file(content);
      execFileSync('dd', [`of=${name}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
      return cached(name) === 0 ? '' : 'this filesystem keeps its cache';
    } catch (error) {
      return error.message;
    }
  })();

  (drops === '' ? inBothForms(name) : inBothFormsSkipped(name, drops))('%s takes pages out of the cache', async (_, fadvise) => {
    const name = file(content);
    const fd = open(name, 'r+');
    fs.fsyncSync(fd);
    expect(cached(name)).toBe(3);
    expect(await fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)).toBeUndefined();
    expect(cached(name)).toBe(0);
    await fadvise(fd, 0n, 4096n, POSIX_FADV_WILLNEED);
    expect(fs.readFileSync(name)).toEqual(content);
  });
  fails(name, 'ESPIPE', () => [silent(), 0, 0, POSIX_FADV_DONTNEED]);
  fails(name, 'EINVAL', () => [open(source), 0, 0, 99]);
  refuses(name, [[0, 0, 0], 'ERR_INVALID_ARG_TYPE'], [[0, -1, 0, 0], 'ERR_OUT_OF_RANGE'], [[0, 0, 2n ** 63n, 0], 'ERR_OUT_OF_RANGE']);
});

function inBothFormsSkipped(name, reason) {
  return (title, body) => test.skip.each([[name], [`${name}Sync`]])(`${title} (skipped: ${reason.split('\n')[0]})`, body);
}

operation('madvise', (name) => {
  const { MADV_DONTNEED, MADV_WILLNEED } = constants;

  inBothForms(name)('%s empties the whole pages of a slot', async (_, madvise) => {
    const pool = BufferPool.create({ initialCount: 1, initialSize: 8192 });
    pool.buffer(0).fill(1);
    expect(await madvise(pool.buffer(0), MADV_WILLNEED)).toBeUndefined();
    await madvise(pool.buffer(0).subarray(4096), MADV_DONTNEED);
    expect(pool.get(0)).toEqual(Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(4096)]));
    pool.close();
  });
  const pool = BufferPool.create({ initialCount: 1 });
  afterAll(() => pool.close());
  fails(name, 'EINVAL', () => [pool.buffer(0), 9999]);
  fails(name, 'EFAULT', () => [Buffer.alloc(4096), MADV_DONTNEED]);
  refuses(name, [['x', 0], 'ERR_INVALID_ARG_TYPE'], [[Buffer.alloc(1), 0.5], 'ERR_OUT_OF_RANGE']);
});

operation('openat', (name) => {
  inBothForms(name)('%s opens what fs.openSync opens', async (_, openat) => {
    const fd = keep(await openat(source));
    expect(fs.readlinkSync(`/proc/self/fd/${fd}`)).toBe(fs.realpathSync(source));
    expect(fs.readFileSync(fd)).toEqual(content);
    expect(openFlags(fd) & 3).toBe(0);
    const bytesOfPath = keep(await openat(Buffer.from(source), O_RDWR));
    expect(openFlags(bytesOfPath) & 3).toBe(O_RDWR);
    const url = keep(await openat(new URL(`file://${source}`)));
    expect(fs.fstatSync(url).ino).toBe(fs.statSync(source).ino);
  });
  inBothForms(name)('%s creates, with a mode that the umask cuts', async (_, openat) => {
    const [ours, theirs, preset] = [fresh(), fresh(), fresh()];
    keep(await openat(ours, O_CREAT | O_WRONLY, 0o777));
    open(theirs, 'w');
    keep(await openat(preset, O_CREAT | O_WRONLY));
    expect(fs.statSync(ours).mode & 0o777).toBe(0o777 & ~process.umask());
    expect(fs.statSync(preset).mode & 0o777).toBe(0o644 & ~process.umask());
  });
  inBothForms(name)('%s starts from a folder', async (_, openat) => {
    const at = folder();
    fs.writeFileSync(path.join(at, 'inner'), 'in');
    const dirFd = open(at, O_DIRECTORY);
    expect(fs.readFileSync(keep(await openat('inner', 0, 0, { dirFd })), 'utf8')).toBe('in');
    expect(fs.readFileSync(keep(await openat(source, 0, 0, { dirFd })))).toEqual(content);
    const relative = path.relative(process.cwd(), source);
    expect(fs.readFileSync(keep(await openat(relative, 0, 0, { dirFd: AT_FDCWD })))).toEqual(content);
  });
  fails(name, 'ENOENT', () => [fresh('nothing')], ([path]) => ({ path }));
  fails(name, 'ENOENT', () => [''], () => ({ path: '' }));
  fails(name, 'EEXIST', () => [source, O_CREAT | O_EXCL | O_WRONLY], () => ({ path: source }));
  fails(name, 'ENOTDIR', () => ['x', 0, 0, { dirFd: open(source) }]);
  fails(name, 'EBADF', () => ['x', 0, 0, { dirFd: 1 << 20 }]);
  fails(name, 'ENAMETOOLONG', () => ['x'.repeat(300)]);
  refuses(name,
    [['a\0b'], 'ERR_INVALID_ARG_VALUE'], [[7], 'ERR_INVALID_ARG_TYPE'], [['x', 'r'], 'ERR_INVALID_ARG_TYPE'],
    [['x', 0, 0, { dirFd: -101 }], 'ERR_OUT_OF_RANGE'], [['x', 0, 2 ** 33], 'ERR_OUT_OF_RANGE']);
});

operation('openat2', (name) => {
  const inside = () => {
    const at = folder();
    fs.writeFileSync(path.join(at, 'inner'), 'in');
    fs.symlinkSync('/inner', path.join(at, 'absolute'));
    fs.symlinkSync(source, path.join(at, 'out'));
    return open(at, O_DIRECTORY);
  };

  inBothForms(name)('%s opens below a folder, or with that as its root', async (_, openat2) => {
    const dirFd = inside();
    const beneath = keep(await openat2('inner', { resolve: RESOLVE_BENEATH }, { dirFd }));
    expect(fs.readFileSync(beneath, 'utf8')).toBe('in');
    const rooted = keep(await openat2('absolute', { resolve: BigInt(RESOLVE_IN_ROOT) }, { dirFd }));
    expect(fs.readFileSync(rooted, 'utf8')).toBe('in');
    const created = keep(await openat2('new', { flags: O_CREAT | O_RDWR, mode: 0o640n }, { dirFd }));
    expect(fs.fstatSync(created).mode & 0o777).toBe(0o640 & ~process.umask());
  });
  fails(name, 'EXDEV', () => ['../x', { resolve: RESOLVE_BENEATH }, { dirFd: inside() }], () => ({ path: '../x' }));
  fails(name, 'EXDEV', () => ['out', { resolve: RESOLVE_BENEATH }, { dirFd: inside() }]);
  fails(name, 'EINVAL', () => [source, { mode: 0o600 }]);
  fails(name, 'EEXIST', () => [source, { flags: O_CREAT | O_EXCL }]);
  refuses(name,
    [['x', 7], 'ERR_INVALID_ARG_TYPE'], [['x', { flags: -1 }], 'ERR_OUT_OF_RANGE'], [['x', { resolves: 1 }], 'ERR_INVALID_ARG_VALUE'],
    [['x', { mode: '7' }], 'ERR_INVALID_ARG_TYPE']);
});

operation('closeFd', (name) => {
  inBothForms(name)('%s closes the descriptor', async (_, closeFd) => {
    const fd = fs.openSync(source);
    const own = () => fs.existsSync(`/proc/self/fd/${fd}`) && fs.readlinkSync(`/proc/self/fd/${fd}`) === fs.realpathSync(source);
    expect(own()).toBe(true);
    expect(await closeFd(fd)).toBeUndefined();
    expect(own()).toBe(false);
  });
  fails(name, 'EBADF', () => [1 << 20]);
  refuses(name, [[-1], 'ERR_OUT_OF_RANGE'], [[], 'ERR_INVALID_ARG_TYPE'], [[1.5], 'ERR_OUT_OF_RANGE']);
});

operation('renameat', (name) => {
  inBothForms(name)('%s renames, between folders, and exchanges', async (_, renameat) => {
    const [at, to] = [folder(), folder()];
    const [from, other] = [file('one'), file('two')];
    expect(await renameat(from, path.join(at, 'x'))).toBeUndefined();
    expect(fs.existsSync(from)).toBe(false);
    await renameat('x', 'y', { oldDirFd: open(at), newDirFd: open(to) });
    expect(fs.readdirSync(at)).toEqual([]);
    const moved = path.join(to, 'y');
    await renameat(moved, other, { flags: RENAME_EXCHANGE });
    expect([moved, other].map((one) => fs.readFileSync(one, 'utf8'))).toEqual(['two', 'one']);
    await renameat(moved, other);
    expect(fs.readFileSync(other, 'utf8')).toBe('two');
  });
  const paths = ([path, dest]) => ({ path, dest });
  fails(name, 'EEXIST', () => [file('a'), file('b'), { flags: RENAME_NOREPLACE }], paths);
  fails(name, 'ENOENT', () => [fresh('nothing'), fresh()], paths);
  fails(name, 'ENOTEMPTY', () => {
    const filled = folder();
    fs.mkdirSync(path.join(filled, 'x'));
    return [folder(), filled];
  }, paths);
  refuses(name, [['a', 7], 'ERR_INVALID_ARG_TYPE'], [['a\0', 'b'], 'ERR_INVALID_ARG_VALUE'], [['a', 'b', { dirFd: 1 }], 'ERR_INVALID_ARG_VALUE']);
});

operation('unlinkat', (name) => {
  inBothForms(name)('%s removes a file, a link and not what it leads to, and an empty folder', async (_, unlinkat) => {
    const [gone, at, link] = [file('x'), folder(), fresh('link')];
    expect(await unlinkat(gone)).toBeUndefined();
    expect(fs.existsSync(gone)).toBe(false);
    fs.symlinkSync(source, link);
    await unlinkat(path.basename(link), { dirFd: open(path.dirname(link)) });
    expect(() => fs.lstatSync(link)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(fs.existsSync(source)).toBe(true);
    await unlinkat(at, { flags: AT_REMOVEDIR });
    expect(fs.existsSync(at)).toBe(false);
  });
  const ofPath = ([path]) => ({ path });
  fails(name, 'EISDIR', () => [folder()], ofPath);
  fails(name, 'ENOTDIR', () => [file('x'), { flags: AT_REMOVEDIR }], ofPath);
  fails(name, 'ENOENT', () => [fresh('nothing')], ofPath);
  fails(name, 'EINVAL', () => [file('x'), { flags: 1 << 20 }], ofPath);
  refuses(name, [[null], 'ERR_INVALID_ARG_TYPE'], [['x', { flags: 'x' }], 'ERR_INVALID_ARG_TYPE'], [['x', { mode: 1 }], 'ERR_INVALID_ARG_VALUE']);
});

operation('mkdirat', (name) => {
  inBothForms(name)('%s makes a folder, with a mode that the umask cuts', async (_, mkdirat) => {
    const [preset, at] = [fresh(), folder()];
    expect(await mkdirat(preset)).toBeUndefined();
    expect(fs.statSync(preset).mode & 0o777).toBe(0o755 & ~process.umask());
    await mkdirat('inner', 0o700, { dirFd: open(at) });
    expect(fs.statSync(path.join(at, 'inner')).mode).toBe(0o40700);
  });
  const ofPath = ([path]) => ({ path });
  fails(name, 'EEXIST', () => [folder()], ofPath);
  fails(name, 'ENOENT', () => [path.join(fresh('nothing'), 'x')], ofPath);
  fails(name, 'ENOTDIR', () => [path.join(source, 'x')], ofPath);
  refuses(name, [[{}], 'ERR_INVALID_ARG_TYPE'], [['x', '755'], 'ERR_INVALID_ARG_TYPE'], [['x', 0, { dirFd: 1.5 }], 'ERR_OUT_OF_RANGE']);
});

operation('symlinkat', (name) => {
  inBothForms(name)('%s makes a link to any text', async (_, symlinkat) => {
    const [link, at] = [fresh('link'), folder()];
    expect(await symlinkat(source, link)).toBeUndefined();
    expect(fs.readlinkSync(link)).toBe(source);
    expect(fs.readFileSync(link)).toEqual(content);
    await symlinkat('../nöwhere', 'inner', { newDirFd: open(at) });
    expect(fs.readlinkSync(path.join(at, 'inner'))).toBe('../nöwhere');
  });
  const paths = ([path, dest]) => ({ path, dest });
  fails(name, 'EEXIST', () => ['x', file('x')], paths);
  fails(name, 'ENOENT', () => ['', fresh()], paths);
  refuses(name, [['x'], 'ERR_INVALID_ARG_TYPE'], [['x\0', 'y'], 'ERR_INVALID_ARG_VALUE'], [['x', 'y', { dirFd: 1 }], 'ERR_INVALID_ARG_VALUE']);
});

operation('linkat', (name) => {
  inBothForms(name)('%s gives a file another name, and follows a link if asked to', async (_, linkat) => {
    const [from, link] = [file('x'), fresh('link')];
    const [plain, followed] = [fresh(), fresh()];
    const { ino } = fs.statSync(from);
    fs.symlinkSync(from, link);
    expect(await linkat(link, followed, { flags: AT_SYMLINK_FOLLOW })).toBeUndefined();
    expect(fs.lstatSync(followed).ino).toBe(ino);
    await linkat(link, plain);
    expect(fs.lstatSync(plain).isSymbolicLink()).toBe(true);
    const [at, to] = [folder(), folder()];
    fs.writeFileSync(path.join(at, 'a'), 'a');
    await linkat('a', 'b', { oldDirFd: open(at), newDirFd: open(to) });
    expect(fs.statSync(path.join(to, 'b')).nlink).toBe(2);
  });
  const paths = ([path, dest]) => ({ path, dest });
  fails(name, 'EEXIST', () => [file('a'), file('b')], paths);
  fails(name, 'ENOENT', () => [fresh('nothing'), fresh()], paths);
  fails(name, 'EXDEV', () => ['/proc/version', fresh()], paths);
  refuses(name, [['a', 'b', { flags: -1e10 }], 'ERR_OUT_OF_RANGE'], [[1, 'b'], 'ERR_INVALID_ARG_TYPE'], [['a', 'b\0'], 'ERR_INVALID_ARG_VALUE']);
});

operation('pipe', (name) => {
  inBothForms(name)('%s makes the two ends of one pipe', async (_, pipe) => {
    const [readFd, writeFd] = (await pipe()).map(keep);
    const names = [readFd, writeFd].map((fd) => fs.readlinkSync(`/proc/self/fd/${fd}`));
    expect(names[0]).toMatch(/^pipe:\[\d+\]$/);
    expect(names[1]).toBe(names[0]);
    fs.writeSync(writeFd, 'through');
    expect(fs.readSync(readFd, Buffer.alloc(100))).toBe(7);
    const ends = (await pipe(O_NONBLOCK)).map(keep);
    expect(ends.map((fd) => openFlags(fd) & O_NONBLOCK)).toEqual([O_NONBLOCK, O_NONBLOCK]);
    expect(() => fs.readSync(ends[0], Buffer.alloc(1))).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  });
  fails(name, 'EINVAL', () => [1]);
  refuses(name, [['x'], 'ERR_INVALID_ARG_TYPE'], [[2 ** 32], 'ERR_OUT_OF_RANGE']);
});

operation('splice', (name) => {
  inBothForms(name)('%s moves bytes from and to a file, at offsets', async (_, splice) => {
    const { readFd, writeFd } = fifo();
    const target = file('');
    const [from, to] = [open(source), open(target, 'r+')];
    expect(await splice(from, 100n, writeFd, -1, 1000)).toBe(1000);
    expect(await splice(readFd, -1, to, 50n, 600)).toBe(600);
    expect(await splice(readFd, -1, to, -1, 5000)).toBe(400);
    expect(fs.readFileSync(target)).toEqual(
      Buffer.concat([content.subarray(700, 1100), content.subarray(450, 700)]),
    );
    expect(await splice(from, content.length, writeFd, -1, 10)).toBe(0);
  });
  fails(name, 'EINVAL', () => [open(source), 0, open(file(''), 'r+'), 0, 1]);
  fails(name, 'ESPIPE', () => [silent(), 0, open(file(''), 'r+'), -1, 1]);
  fails(name, 'EBADF', () => [open(source), 0, 1 << 20, -1, 1]);
  refuses(name, [[0, -2, 1, -1, 1], 'ERR_OUT_OF_RANGE'], [[0, -1, 1, -1, 'x'], 'ERR_INVALID_ARG_TYPE'], [[0, -1, 1, -1, 1, 0.5], 'ERR_OUT_OF_RANGE']);
});

operation('tee', (name) => {
  inBothForms(name)('%s copies, and leaves the bytes where they were', async (_, tee) => {
    const [one, other] = [fifo(), fifo()];
    fs.writeSync(one.writeFd, 'twice');
    expect(await tee(one.readFd, other.writeFd, 3)).toBe(3);
    const read = (fd) => {
      const buffer = Buffer.alloc(100);
      return buffer.toString('utf8', 0, fs.readSync(fd, buffer));
    };
    expect(read(other.readFd)).toBe('twi');
    expect(read(one.readFd)).toBe('twice');
  });
  fails(name, 'EINVAL', () => [open(source), fifo().writeFd, 1]);
  fails(name, 'EBADF', () => [silent(), 1 << 20, 1]);
  refuses(name, [[0, 1, -1], 'ERR_OUT_OF_RANGE'], [[0, '1', 1], 'ERR_INVALID_ARG_TYPE']);
});

operation('socket', (name) => {
  inBothForms(name)('%s makes a socket of that kind', async (_, socket) => {
    const fd = keep(await socket(AF_INET, SOCK_STREAM));
    expect(fs.readlinkSync(`/proc/self/fd/${fd}`)).toMatch(/^socket:/);
    expect(openFlags(fd) & O_NONBLOCK).toBe(0);
    const eager = keep(await socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK));
    expect(openFlags(eager) & O_NONBLOCK).toBe(O_NONBLOCK);
  });
  fails(name, 'EAFNOSUPPORT', () => [45, SOCK_STREAM]);
  fails(name, 'EPROTONOSUPPORT', () => [AF_INET, SOCK_STREAM, constants.IPPROTO_UDP]);
  fails(name, 'EINVAL', () => [AF_INET, SOCK_STREAM, 0, 1]);
  refuses(name, [['inet', 1], 'ERR_INVALID_ARG_TYPE'], [[AF_INET], 'ERR_INVALID_ARG_TYPE'], [[AF_INET, 1, 0.5], 'ERR_OUT_OF_RANGE']);
});

operation('bind', 'socket', (name) => {
  const datagrams = (family = AF_INET) => keep(ctx.socketSync(family, SOCK_DGRAM));

  inBothForms(name)('%s gives a socket a path, or a port', async (_, bind) => {
    const at = fresh('socket');
    expect(await bind(datagrams(AF_UNIX), { path: at })).toBeUndefined();
    expect(fs.statSync(at).isSocket()).toBe(true);
    const reserved = await udp();
    const { port } = reserved.address();
    endings.pop();
    await new Promise((resolve) => reserved.close(resolve));
    await bind(datagrams(), { address: '127.0.0.1', port });
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    expect(fs.readFileSync('/proc/net/udp', 'utf8')).toContain(` 0100007F:${hex} `);
  });
  fails(name, 'EADDRINUSE', async () => [datagrams(), (await udp()).address()]);
  fails(name, 'EADDRNOTAVAIL', () => [datagrams(), { address: '192.0.2.1' }]);
  fails(name, 'ENOTSOCK', () => [open(source), { address: '127.0.0.1' }]);
  refuses(name, [[0, 'localhost'], 'ERR_INVALID_ARG_TYPE'], [[0, { address: '1.2.3.4', port: -1 }], 'ERR_OUT_OF_RANGE'], [[0, { path: 7 }], 'ERR_INVALID_ARG_TYPE']);
});

operation('listen', 'socket', 'bind', (name) => {
  inBothForms(name)('%s lets node:net connect', async (_, listen) => {
    const at = { path: fresh('socket') };
    const fd = keep(ctx.socketSync(AF_UNIX, SOCK_STREAM));
    await ctx.bind(fd, at);
    await expect(once(net.connect(at), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await listen(fd, 3)).toBeUndefined();
    const client = net.connect(at);
    await once(client, 'connect');
    client.destroy();
  });
  fails(name, 'EOPNOTSUPP', () => [keep(ctx.socketSync(AF_INET, SOCK_DGRAM)), 1]);
  fails(name, 'ENOTSOCK', () => [open(source), 1]);
  refuses(name, [[0], 'ERR_INVALID_ARG_TYPE'], [[0, 2 ** 40], 'ERR_OUT_OF_RANGE']);
});

operation('accept', 'socket', 'bind', 'listen', (name) => {
  inBothForms(name)('%s takes a connection of node:net, with its address', async (_, accept) => {
    const fd = keep(ctx.socketSync(AF_INET, SOCK_STREAM));
    // Any free port, as the kernel chose it.
    await ctx.listen(fd, 4);
    const inode = /\d+/.exec(fs.readlinkSync(`/proc/self/fd/${fd}`))[0];
    const line = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').find((text) => text.includes(` ${inode} `));
    const client = net.connect(parseInt(/:([0-9A-F]{4}) /.exec(line)[1], 16), '127.0.0.1');
    endings.push(() => client.destroy());
    await once(client, 'connect');
    const taken = await accept(fd, SOCK_NONBLOCK);
    keep(taken.fd);
    expect(taken.address).toEqual({ family: 'IPv4', address: '127.0.0.1', port: client.localPort });
    expect(openFlags(taken.fd) & O_NONBLOCK).toBe(O_NONBLOCK);
    fs.writeSync(taken.fd, 'hi');
    expect(String((await once(client, 'data'))[0])).toBe('hi');
  });
  fails(name, 'EINVAL', () => [keep(ctx.socketSync(AF_UNIX, SOCK_STREAM))]);
  fails(name, 'ENOTSOCK', () => [open(source)]);
  fails(name, 'EOPNOTSUPP', () => [keep(ctx.socketSync(AF_UNIX, SOCK_DGRAM))]);
  refuses(name, [['x'], 'ERR_INVALID_ARG_TYPE'], [[0, 'x'], 'ERR_INVALID_ARG_TYPE']);
  stops(name, () => [listening().fd, 0]);
});

operation('connect', 'socket', (name) => {
  inBothForms(name)('%s reaches a server of node:net', async (_, connect) => {
    const server = net.createServer();
    endings.push(() => server.close());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fd = keep(ctx.socketSync(AF_INET, SOCK_STREAM));
    const peer = once(server, 'connection');
    expect(await connect(fd, server.address())).toBeUndefined();
    const [socket] = await peer;
    endings.push(() => socket.destroy());
    fs.writeSync(fd, 'hi');
    expect(String((await once(socket, 'data'))[0])).toBe('hi');
  });
  const stream = (family) => keep(ctx.socketSync(family, SOCK_STREAM));
  fails(name, 'ENOENT', () => [stream(AF_UNIX), { path: fresh('nothing') }]);
  fails(name, 'ECONNREFUSED', async () => {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    return [stream(AF_INET), address];
  });
  fails(name, 'EISCONN', async () => [(await connected({ host: '127.0.0.1', port: 0 })).fd, { address: '127.0.0.1', port: 9 }]);
  refuses(name, [[0], 'ERR_INVALID_ARG_TYPE'], [[0, { address: 'nowhere' }], 'ERR_INVALID_ARG_VALUE'], [[0, Buffer.alloc(1)], 'ERR_OUT_OF_RANGE']);
});

operation('connect', 'socket', 'bind', 'listen', (name) => {
  // One connection that nobody takes fills a queue of none.
  stops(name, async () => {
    const { at } = listening(0);
    await ctx.connect(keep(ctx.socketSync(AF_UNIX, SOCK_STREAM)), at);
    return [keep(ctx.socketSync(AF_UNIX, SOCK_STREAM)), at];
  });
});

operation('shutdown', 'socket', (name) => {
  inBothForms(name)('%s ends one direction, then the other', async (_, shutdown) => {
    const { fd, socket } = await connected();
    const ended = once(socket.resume(), 'end');
    expect(await shutdown(fd, SHUT_WR)).toBeUndefined();
    await ended;
    socket.write('still');
    expect(fs.readSync(fd, Buffer.alloc(10))).toBe(5);
    await shutdown(fd, SHUT_RD);
    expect(fs.readSync(fd, Buffer.alloc(10))).toBe(0);
  });
  fails(name, 'ENOTCONN', () => [keep(ctx.socketSync(AF_INET, SOCK_STREAM)), SHUT_RDWR]);
  fails(name, 'EINVAL', () => [keep(ctx.socketSync(AF_UNIX, SOCK_STREAM)), 7]);
  fails(name, 'ENOTSOCK', () => [open(source), SHUT_WR]);
  refuses(name, [[0], 'ERR_INVALID_ARG_TYPE'], [[0, 'both'], 'ERR_INVALID_ARG_TYPE']);
});

const { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC } = constants;

/** A connected socket of the ring that takes no more. */
async function stuffed() {
  const { fd } = await connected(undefined, { pauseOnConnect: true });
  let error;
  while (error === undefined) await ctx.send(fd, Buffer.alloc(65536), MSG_DONTWAIT).catch((reason) => (error = reason));
  expect(error.code).toBe('EAGAIN');
  return fd;
}

operation('send', 'socket', (name) => {
  inBothForms(name)('%s sends what it says, as it was at the call', async (_, send) => {
    const { fd, socket } = await connected({ host: '127.0.0.1', port: 0 });
    const data = Buffer.from('bytes');
    const sent = send(fd, data);
    data.fill('x');
    expect(await sent).toBe(5);
    expect(await send(fd, 'ü', MSG_NOSIGNAL)).toBe(2);
    let heard = '';
    for await (const chunk of socket) if ((heard += chunk).length >= 7 || heard.includes('ü')) break;
    expect(heard).toBe('bytesü');
  });
  fails(name, 'EPIPE', async () => {
    const { fd } = await connected();
    ctx.shutdownSync(fd, SHUT_WR);
    return [fd, 'x', MSG_NOSIGNAL];
  });
  fails(name, 'EDESTADDRREQ', () => [keep(ctx.socketSync(AF_INET, SOCK_DGRAM)), 'x']);
  fails(name, 'ENOTSOCK', () => [open(source), 'x']);
  refuses(name, [[0, 7], 'ERR_INVALID_ARG_TYPE'], [[0, 'x', 'y'], 'ERR_INVALID_ARG_TYPE']);
  stops(name, async () => [await stuffed(), 'x', 0]);
});

operation('recv', 'socket', (name) => {
  inBothForms(name)('%s receives, looks ahead, and sees the end', async (_, recv) => {
    const { fd, socket } = await connected();
    await new Promise((resolve) => socket.write('hello', resolve));
    const buffer = Buffer.alloc(10);
    expect(await recv(fd, buffer.subarray(2, 4), MSG_PEEK)).toBe(2);
    expect(buffer.toString()).toBe('\0\0he\0\0\0\0\0\0');
    expect(await recv(fd, new Uint16Array(buffer.buffer, buffer.byteOffset, 5))).toBe(5);
    expect(buffer.toString('utf8', 0, 5)).toBe('hello');
    await new Promise((resolve) => socket.end(resolve));
    expect(await recv(fd, buffer)).toBe(0);
  });
  fails(name, 'EAGAIN', async () => [(await connected()).fd, Buffer.alloc(1), MSG_DONTWAIT]);
  fails(name, 'ENOTCONN', () => [keep(ctx.socketSync(AF_INET, SOCK_STREAM)), Buffer.alloc(1)]);
  fails(name, 'ENOTSOCK', () => [open(source), Buffer.alloc(1)]);
  refuses(name, [[0, 'x'], 'ERR_INVALID_ARG_TYPE'], [[0, Buffer.alloc(1), {}], 'ERR_INVALID_ARG_TYPE']);
  stops(name, async () => [(await connected()).fd, Buffer.alloc(1), 0]);
});

operation('sendto', 'socket', (name) => {
  const datagrams = () => keep(ctx.socketSync(AF_INET, SOCK_DGRAM));

  inBothForms(name)('%s reaches node:dgram', async (_, sendto) => {
    const socket = await udp();
    const heard = once(socket, 'message');
    expect(await sendto(datagrams(), 'over there', socket.address())).toBe(10);
    const [message, from] = await heard;
    expect(String(message)).toBe('over there');
    expect(from).toMatchObject({ family: 'IPv4', address: '127.0.0.1', size: 10 });
  });
  fails(name, 'EMSGSIZE', async () => [datagrams(), Buffer.alloc(70_000), (await udp()).address()]);
  fails(name, 'EAFNOSUPPORT', () => [datagrams(), 'x', { address: '::1', port: 9 }]);
  refuses(name, [[0, 'x'], 'ERR_INVALID_ARG_TYPE'], [[0, null, { path: 'x' }], 'ERR_INVALID_ARG_TYPE'], [[0, 'x', { path: 'x' }, '0'], 'ERR_INVALID_ARG_TYPE']);
});

operation('sendmsg', 'socket', (name) => {
  inBothForms(name)('%s sends several buffers as one message, to the peer or to an address', async (_, sendmsg) => {
    const socket = await udp();
    const fd = keep(ctx.socketSync(AF_INET, SOCK_DGRAM));
    const heard = once(socket, 'message');
    expect(await sendmsg(fd, ['one ', Buffer.from('two'), Buffer.alloc(0)], 0, socket.address())).toBe(7);
    expect(String((await heard)[0])).toBe('one two');
    await ctx.connect(fd, socket.address());
    const again = once(socket, 'message');
    expect(await sendmsg(fd, [new Uint8Array([65]).buffer])).toBe(1);
    expect(String((await again)[0])).toBe('A');
  });
  fails(name, 'EDESTADDRREQ', () => [keep(ctx.socketSync(AF_INET, SOCK_DGRAM)), ['x']]);
  fails(name, 'ENOTSOCK', () => [open(source), ['x']]);
  refuses(name, [[0, 'x'], 'ERR_INVALID_ARG_TYPE'], [[0, ['x'], 0, 'host'], 'ERR_INVALID_ARG_TYPE'], [[0, Array(1025).fill('x')], 'ERR_OUT_OF_RANGE']);
  stops(name, async () => [await stuffed(), ['x'], 0, undefined]);
});

operation('recvmsg', 'socket', 'connect', (name) => {
  inBothForms(name)('%s receives a message of node:dgram, its flags and its sender', async (_, recvmsg) => {
    const [socket, other] = [await udp(), await udp()];
    const fd = keep(ctx.socketSync(AF_INET, SOCK_DGRAM));
    // Its own port is known by what arrives from it.
    const heard = once(socket, 'message');
    ctx.sendtoSync(fd, 'x', socket.address());
    const [, { port }] = await heard;
    const send = (text) => new Promise((resolve) => other.send(text, port, '127.0.0.1', resolve));
    await send('in two parts');
    const buffers = [Buffer.alloc(6), Buffer.alloc(20)];
    const from = other.address();
    expect(await recvmsg(fd, buffers, 0, { full: true })).toEqual({ bytes: 12, flags: 0, address: from });
    expect(buffers.map((one) => one.toString())).toEqual(['in two', ` parts${'\0'.repeat(14)}`]);
    await send('too long');
    expect(await recvmsg(fd, [Buffer.alloc(3)], 0, { full: true })).toEqual({ bytes: 3, flags: MSG_TRUNC, address: from });
    await send('');
    expect(await recvmsg(fd, buffers)).toBe(0);
  });
  fails(name, 'EAGAIN', () => [keep(ctx.socketSync(AF_INET, SOCK_DGRAM)), [Buffer.alloc(1)], MSG_DONTWAIT]);
  fails(name, 'ENOTSOCK', () => [open(source), [Buffer.alloc(1)]]);
  refuses(name, [[0, Buffer.alloc(1)], 'ERR_INVALID_ARG_TYPE'], [[0, [], 0, { full: 1 }], 'ERR_INVALID_ARG_TYPE'], [[0, ['x']], 'ERR_INVALID_ARG_TYPE']);
  stops(name, () => [keep(ctx.socketSync(AF_INET, SOCK_DGRAM)), [Buffer.alloc(1)], 0]);
});

/** A poll that waits, as the code with which it ends. */
const ending = (promise) => promise.then((value) => value, ({ code }) => code);

operation('pollAdd', (name) => {
  inBothForms(name)('%s says which events there are', async (_, pollAdd) => {
    const { readFd, writeFd } = fifo();
    expect(await pollAdd(writeFd, POLLIN | POLLOUT)).toBe(POLLOUT);
    fs.writeSync(writeFd, 'x');
    expect(await pollAdd(readFd, POLLIN | POLLOUT)).toBe(POLLIN);
    close(writeFd);
    expect(await pollAdd(readFd, POLLIN)).toBe(POLLIN | POLLHUP);
  });
  test('is woken by another process', async () => {
    const { name, readFd } = fifo();
    const ready = ctx.pollAdd(readFd, POLLIN);
    await ctx.nop();
    expect(spawnSync('sh', ['-c', 'echo x > "$0"', name]).status).toBe(0);
    expect(await ready).toBe(POLLIN);
  });
  fails(name, 'EBADF', () => [1 << 20, POLLIN]);
  refuses(name, [[0], 'ERR_INVALID_ARG_TYPE'], [[0, 2 ** 32], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [silent(), POLLIN]);
});

operation('pollRemove', (name) => {
  inBothForms(name)('%s ends the poll of that name, and no other', async (_, pollRemove) => {
    const { readFd, writeFd } = fifo();
    const ends = [1, 2n ** 63n].map((userData) => ending(ctx.pollAdd(readFd, POLLIN, { userData })));
    expect(await pollRemove(2n ** 63n)).toBeUndefined();
    expect(await ends[1]).toBe('ECANCELED');
    expect(ctx.inFlight).toBe(1);
    fs.writeSync(writeFd, 'x');
    expect(await ends[0]).toBe(POLLIN);
  });
  fails(name, 'ENOENT', () => [77]);
  refuses(name, [[-1], 'ERR_OUT_OF_RANGE'], [['x'], 'ERR_INVALID_ARG_TYPE'], [[2n ** 64n], 'ERR_OUT_OF_RANGE']);
});

operation('pollUpdate', (name) => {
  inBothForms(name)('%s changes what a poll waits for, and its name', async (_, pollUpdate) => {
    const { readFd, writeFd } = fifo();
    const written = ending(ctx.pollAdd(writeFd, POLLHUP, { userData: 1 }));
    expect(await pollUpdate(1, { mask: POLLOUT })).toBeUndefined();
    expect(await written).toBe(POLLOUT);
    const read = ending(ctx.pollAdd(readFd, POLLIN, { userData: 1 }));
    await pollUpdate(1, { newUserData: 2n });
    await expect(ctx.pollRemove(1)).rejects.toMatchObject({ code: 'ENOENT' });
    await ctx.pollRemove(2);
    expect(await read).toBe('ECANCELED');
  });
  fails(name, 'ENOENT', () => [77, { mask: POLLIN }]);
  refuses(name, [[1, { mask: -1 }], 'ERR_OUT_OF_RANGE'], [[1, { newUserData: 'x' }], 'ERR_INVALID_ARG_TYPE'], [['x'], 'ERR_INVALID_ARG_TYPE']);
});

const NEVER = { sec: 100_000 };

operation('timeout', (name) => {
  const { IORING_TIMEOUT_ABS, IORING_TIMEOUT_REALTIME } = uapi;

  inBothForms(name)('%s waits as long as it says: from now, or until a time', async (_, timeout) => {
    const since = process.hrtime.bigint();
    expect(await timeout(3)).toBeUndefined();
    await timeout({ nsec: 2_000_000 });
    await timeout({ sec: 0n });
    expect(process.hrtime.bigint() - since).toBeGreaterThanOrEqual(5_000_000n);
    const until = process.hrtime.bigint() + 4_000_000n;
    await timeout({ sec: until / 1_000_000_000n, nsec: Number(until % 1_000_000_000n) }, { flags: IORING_TIMEOUT_ABS });
    expect(process.hrtime.bigint()).toBeGreaterThanOrEqual(until);
    await timeout({ sec: Math.floor(Date.now() / 1000) - 10 }, { flags: IORING_TIMEOUT_ABS | IORING_TIMEOUT_REALTIME });
  });
  test('ends when so many others are complete', async () => {
    const counted = ending(ctx.timeout(NEVER, { count: 3 }));
    await Promise.all([ctx.nop(), ctx.nop(), ctx.nop()]);
    expect(await counted).toBeUndefined();
  });
  fails(name, 'EINVAL', () => [1, { flags: 1 << 20 }]);
  refuses(name, [['1'], 'ERR_INVALID_ARG_TYPE'], [[{ nsec: 1e9 }], 'ERR_OUT_OF_RANGE'], [[{ ms: 1 }], 'ERR_INVALID_ARG_VALUE'], [[1, { count: -1 }], 'ERR_OUT_OF_RANGE']);
  stops(name, () => [NEVER]);
});

operation('timeoutRemove', 'timeout', (name) => {
  inBothForms(name)('%s ends the timeout of that name', async (_, timeoutRemove) => {
    const ends = [5, 6].map((userData) => ending(ctx.timeout(NEVER, { userData })));
    expect(await timeoutRemove(6)).toBeUndefined();
    expect(await ends[1]).toBe('ECANCELED');
    expect(ctx.inFlight).toBe(1);
    await timeoutRemove(5n);
    expect(await ends[0]).toBe('ECANCELED');
  });
  fails(name, 'ENOENT', () => [77]);
  refuses(name, [[], 'ERR_INVALID_ARG_TYPE'], [[1.5], 'ERR_OUT_OF_RANGE']);
});

operation('timeoutUpdate', 'timeout', (name) => {
  inBothForms(name)('%s gives a timeout another time', async (_, timeoutUpdate) => {
    const ended = ending(ctx.timeout(NEVER, { userData: 5 }));
    expect(await timeoutUpdate(5, NEVER)).toBeUndefined();
    await timeoutUpdate(5, { nsec: 1000 });
    expect(await ended).toBeUndefined();
  });
  fails(name, 'ENOENT', () => [77, 1]);
  refuses(name, [[1], 'ERR_INVALID_ARG_TYPE'], [[1, -1], 'ERR_OUT_OF_RANGE'], [[1, 1, { flags: 'x' }], 'ERR_INVALID_ARG_TYPE']);
});

operation('asyncCancel', (name) => {
  inBothForms(name)('%s ends what goes by that name, of whatever kind', async (_, asyncCancel) => {
    const ends = [
      ending(ctx.read(silent(), 1, 0, { userData: 1 })),
      ending(ctx.pollAdd(silent(), POLLIN, { userData: 2n })),
      ending(ctx.timeout(NEVER, { userData: 2n ** 64n - 1n })),
    ];
    expect(await asyncCancel(1n)).toBe(1);
    expect(await asyncCancel(2)).toBe(1);
    expect(ctx.inFlight).toBe(1);
    expect(await asyncCancel(2n ** 64n - 1n)).toBe(1);
    expect(await Promise.all(ends)).toEqual(Array(3).fill('ECANCELED'));
  });
  fails(name, 'ENOENT', () => [77]);
  fails(name, 'EINVAL', () => [77, 1 << 20]);
  refuses(name, [[null], 'ERR_INVALID_ARG_TYPE'], [[1, 'x'], 'ERR_INVALID_ARG_TYPE']);
});

operation('asyncCancelFd', (name) => {
  inBothForms(name)('%s ends one operation on a file, or all, and none on others', async (_, asyncCancelFd) => {
    const [fd, other] = [fifo(), fifo()];
    const spared = ending(ctx.read(other.readFd, 1));
    const ends = Array.from({ length: 4 }, () => ending(ctx.read(fd.readFd, 1)));
    await ctx.nop();
    expect(await asyncCancelFd(fd.readFd)).toBe(1);
    expect(ctx.inFlight).toBe(4);
    expect(await asyncCancelFd(fd.readFd, uapi.IORING_ASYNC_CANCEL_ALL)).toBe(3);
    expect(await Promise.all(ends)).toEqual(Array(4).fill('ECANCELED'));
    fs.writeSync(other.writeFd, 'x');
    expect(await spared).toEqual(Buffer.from('x'));
  });
  fails(name, 'ENOENT', () => [silent()]);
  fails(name, 'EBADF', () => [1 << 20]);
  refuses(name, [[-1], 'ERR_OUT_OF_RANGE'], [[0, null], 'ERR_INVALID_ARG_TYPE']);
});

operation('msgRing', (name) => {
  const ring = () => {
    const other = new UringCtx({ entries: 4 });
    endings.push(() => other.close());
    return other;
  };

  inBothForms(name)('%s arrives in the other ring as it was sent', async (_, msgRing) => {
    const other = ring();
    expect(await msgRing(other.ringFd, 7, 2n ** 63n - 1n)).toBeUndefined();
    expect(await msgRing(other.ringFd, 0, 0)).toBeUndefined();
    const got = [await other.waitCompletion(), other.waitCompletionSync()].map(([data, len]) => [BigInt(data), len]);
    expect(got).toEqual([[2n ** 63n - 1n, 7], [0n, 0]]);
    expect(other.peekCompletion()).toBeNull();
  });
  fails(name, 'EBADFD', () => [silent(), 1, 1]);
  fails(name, 'EBADF', () => [1 << 20, 1, 1]);
  fails(name, 'EINVAL', () => [ring().ringFd, 1, 1, 1 << 20]);
  refuses(name, [[0, 1, -1], 'ERR_OUT_OF_RANGE'], [[0, 'x', 1], 'ERR_INVALID_ARG_TYPE'], [['x', 1, 1], 'ERR_INVALID_ARG_TYPE']);
});

operation('epollCtl', (name) => {
  fails(name, 'EBADF', () => [1 << 20, silent(), constants.EPOLL_CTL_ADD, { events: POLLIN }]);
  fails(name, 'EINVAL', () => [silent(), silent(), constants.EPOLL_CTL_ADD, {}]);
  refuses(name, [[0, 0, 1, { data: -1 }], 'ERR_OUT_OF_RANGE'], [[0, 0, 1, 7], 'ERR_INVALID_ARG_TYPE'], [[0, 0, 'add'], 'ERR_INVALID_ARG_TYPE']);
});

operation('epollWait', (name) => {
  fails(name, 'EINVAL', () => [silent(), 1]);
  refuses(name, [[0], 'ERR_INVALID_ARG_TYPE'], [[0, -1], 'ERR_OUT_OF_RANGE']);
});
