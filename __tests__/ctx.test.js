// UringCtx: how a ring is made, lives and ends, its reads and writes, and what the options of one
// operation do.

'use strict';

const { execFileSync } = require('node:child_process');
const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');

const uring = require('..');
const { inChild } = require('./support/child.js');
const { bytes, eventually, file, fresh } = require('./support/files.js');

const { UringCtx, UringError } = uring;
const content = bytes(20_000);
const path = file(content);
const open = [];
const ring = (options) => {
  const ctx = new UringCtx(options);
  open.push(ctx);
  return ctx;
};
const fd = fs.openSync(path, 'r+');

/** A FIFO open at both ends, so that a read waits until somebody writes. */
function fifo() {
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  return fs.openSync(name, 'r+');
}

afterEach(() => {
  for (const ctx of open.splice(0)) ctx.close();
});
afterAll(() => fs.closeSync(fd));

describe('the constructor', () => {
  test.each([
    [{ entries: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ entries: 32769 }, 'ERR_OUT_OF_RANGE'],
    [{ entries: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ entries: '64' }, 'ERR_INVALID_ARG_TYPE'],
    [{ cqEntries: 8 }, 'ERR_OUT_OF_RANGE'],
    [{ setupFlags: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ sqThreadCpu: -2 }, 'ERR_OUT_OF_RANGE'],
    [{ sqThreadIdle: NaN }, 'ERR_OUT_OF_RANGE'],
    [{ singleThreadCheck: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ maxWorkers: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ libPath: '/lib' }, 'ERR_INVALID_ARG_VALUE'],
    [{ depth: 3 }, 'ERR_INVALID_ARG_VALUE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [7, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %j', (options, code) => {
    expect(() => new UringCtx(options)).toThrow(expect.objectContaining({ code }));
  });

  test('takes exactly the flags that are given', () => {
    expect(ring({ setupFlags: 0 }).setupFlags).toBe(0);
    const flags = uring.IORING_SETUP_SUBMIT_ALL | uring.IORING_SETUP_COOP_TASKRUN;
    expect(ring({ setupFlags: flags }).setupFlags).toBe(flags);
    expect(UringCtx.withDeferTaskrun().setupFlags & uring.IORING_SETUP_DEFER_TASKRUN).not.toBe(0);
    expect(UringCtx.withSqpoll({ entries: 4 }).setupFlags).toBe(uring.IORING_SETUP_SQPOLL);
  });

  test('says why the kernel refuses a combination', () => {
    const make = () => new UringCtx({ setupFlags: uring.IORING_SETUP_DEFER_TASKRUN });
    expect(make).toThrow(expect.objectContaining({ code: 'EINVAL', operation: 'UringCtx' }));
    expect(make).toThrow(/setupFlags 0x2000.*io_uring_setup/);
  });

  test('tells what the ring is', () => {
    const ctx = ring({ entries: 5, cqEntries: 100 });
    expect(fs.readlinkSync(`/proc/self/fd/${ctx.ringFd}`)).toContain('io_uring');
    expect([ctx.entries, ctx.cqEntries]).toEqual([8, 128]);
    expect(ctx.features & uring.IORING_FEAT_NODROP).not.toBe(0);
    expect([ctx.inFlight, ctx.closed, ctx.singleThreadCheck]).toEqual([0, false, true]);
  });
});

describe.each([['default', undefined], ['plain', 0], ['DEFER_TASKRUN', 0x3000], ['SQPOLL', 2]])(
  'reading and writing on a ring: %s',
  (_, setupFlags) => {
    test('gives what the file has', async () => {
      const ctx = ring({ setupFlags });
      expect(await ctx.read(fd, 100, 5)).toEqual(content.subarray(5, 105));
      expect(ctx.readSync(fd, 100, 5n)).toEqual(content.subarray(5, 105));
      expect(await ctx.read(fd, 30_000)).toEqual(content);
      expect(await ctx.read(fd, 10, 50_000)).toHaveLength(0);
      expect(await ctx.read(fd, 0)).toHaveLength(0);
      const own = Buffer.alloc(64);
      expect(await ctx.readInto(fd, own, 7)).toBe(64);
      expect(own).toEqual(content.subarray(7, 71));
      const shared = new Uint8Array(new SharedArrayBuffer(32));
      expect(ctx.readIntoSync(fd, shared, 1)).toBe(32);
      expect(Buffer.from(shared)).toEqual(content.subarray(1, 33));
    });

    test('batches', async () => {
      const ctx = ring({ setupFlags, entries: 4 });
      expect(await ctx.readBatch(fd, 4096, 4)).toEqual(content.subarray(0, 16_384));
      expect(await ctx.readBatch(fd, 4096, 9, 100)).toEqual(content.subarray(100));
      expect(ctx.readBatchSync(fd, 1000, 20)).toEqual(content);
      const picked = Buffer.concat([content.subarray(500, 600), content.subarray(0, 100)]);
      expect(await ctx.readOffsets(fd, 100, [500, 0])).toEqual(picked);
      expect(ctx.readOffsetsSync(fd, 100, [5, 0], { offsetBytes: false })).toEqual(picked);
      expect(await ctx.readOffsets(fd, 100, [19_950])).toEqual(
        Buffer.concat([content.subarray(19_950), Buffer.alloc(50)]),
      );
    });

    test('writes what is given', async () => {
      const ctx = ring({ setupFlags });
      const name = file('');
      const out = fs.openSync(name, 'r+');
      expect(await ctx.write(out, 'hé')).toBe(3);
      expect(ctx.writeSync(out, new Uint16Array([0x4141]), 3)).toBe(2);
      expect(await ctx.write(out, new Uint8Array([66]).buffer, 5)).toBe(1);
      fs.closeSync(out);
      expect(fs.readFileSync(name, 'utf8')).toBe('héAAB');
    });
  },
);

test('the data of a write is what it was at the call', async () => {
  const ctx = ring();
  const name = file('');
  const out = fs.openSync(name, 'r+');
  const data = Buffer.from('before');
  const written = ctx.write(out, data);
  data.fill('x');
  await written;
  expect(fs.readFileSync(name, 'utf8')).toBe('before');
  fs.closeSync(out);
});

test('an error has errno, the operation, and the line of the call', async () => {
  const ctx = ring();
  const fails = async () => {
    await ctx.read(99_999, 10);
  };
  const error = await fails().catch((reason) => reason);
  expect(error).toBeInstanceOf(UringError);
  expect(error).toMatchObject({ errno: 9, code: 'EBADF', operation: 'read', syscall: 'read' });
  expect(error.stack).toContain('ctx.test.js');
  expect(() => ctx.readSync(99_999, 10)).toThrow(expect.objectContaining({ code: 'EBADF', operation: 'read' }));
});

test.each([
  ['read', [-1, 1], 'ERR_OUT_OF_RANGE'],
  ['read', ['0', 1], 'ERR_INVALID_ARG_TYPE'],
  ['read', [0, -1], 'ERR_OUT_OF_RANGE'],
  ['read', [0, 1, 0.5], 'ERR_OUT_OF_RANGE'],
  ['read', [0, 1, 0, { depth: 1 }], 'ERR_INVALID_ARG_VALUE'],
  ['readBatch', [0, 0, 1], 'ERR_OUT_OF_RANGE'],
  ['readBatch', [0, 4096, 0], 'ERR_OUT_OF_RANGE'],
  ['readOffsets', [0, 16, 'x'], 'ERR_INVALID_ARG_TYPE'],
  ['readOffsets', [0, 16, [-1]], 'ERR_OUT_OF_RANGE'],
])('%s(...%j) rejects, and its blocking twin throws', async (name, args, code) => {
  const ctx = ring();
  await expect(ctx[name](...args)).rejects.toMatchObject({ code });
  expect(() => ctx[`${name}Sync`](...args)).toThrow(expect.objectContaining({ code }));
  expect(ctx.inFlight).toBe(0);
});

describe('more than the ring holds', () => {
  test('a thousand operations on a ring of one entry', async () => {
    const ctx = ring({ entries: 1 });
    const reads = await Promise.all(Array.from({ length: 1000 }, (_, at) => ctx.read(fd, 4, at)));
    reads.forEach((read, at) => expect(read.equals(content.subarray(at, at + 4))).toBe(true));
    expect(ctx.stats()).toMatchObject({ submitted: 1000, completed: 1000 });
  });

  test('a hundred rings at once', async () => {
    const reads = Array.from({ length: 100 }, (_, at) => ring({ entries: 2 }).read(fd, 8, at));
    (await Promise.all(reads)).forEach((read, at) => expect(read).toEqual(content.subarray(at, at + 8)));
  });
});

describe('the options of one operation', () => {
  test('signal: it rejects with the reason once the kernel let go', async () => {
    const ctx = ring();
    const reason = new Error('enough');
    const pipe = fifo();
    await expect(ctx.read(pipe, 1, 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const read = ctx.read(pipe, 1, 0, { signal: abort.signal });
    setImmediate(() => abort.abort(reason));
    await expect(read).rejects.toBe(reason);
    expect(ctx.inFlight).toBe(0);
    // Nobody reads any more: what comes now is for the next.
    fs.writeSync(pipe, 'z');
    expect((await ctx.read(pipe, 1)).toString()).toBe('z');
    fs.closeSync(pipe);
  });

  test('timeout: ETIMEDOUT, promise and blocking', async () => {
    const ctx = ring();
    const pipe = fifo();
    await expect(ctx.read(pipe, 1, 0, { timeout: 5 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(() => ctx.readSync(pipe, 1, 0, { timeout: 5 })).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(await ctx.read(fd, 4, 0, { timeout: 10_000 })).toEqual(content.subarray(0, 4));
    fs.closeSync(pipe);
  });

  test('rwFlags and sqeFlags reach the kernel', async () => {
    const ctx = ring();
    const name = file('ab');
    const out = fs.openSync(name, 'r+');
    await ctx.write(out, 'c', 0, { rwFlags: uring.constants.RWF_APPEND });
    expect(fs.readFileSync(name, 'utf8')).toBe('abc');
    await expect(ctx.read(out, 1, 0, { rwFlags: 2 ** 31 })).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    expect((await ctx.read(out, 1, 0, { sqeFlags: uring.IOSQE_ASYNC })).toString()).toBe('a');
    await expect(ctx.read(0, 1, 0, { sqeFlags: uring.IOSQE_FIXED_FILE })).rejects.toMatchObject({ code: 'EBADF' });
    await expect(ctx.read(out, 1, 0, { sqeFlags: uring.IOSQE_CQE_SKIP_SUCCESS })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
    fs.closeSync(out);
  });
});

test('a blocking call settles the promises that end meanwhile, and waits for its own', async () => {
  const ctx = ring();
  const pipe = fifo();
  let settled = false;
  const waiting = ctx.read(pipe, 4).then((data) => {
    settled = true;
    return data;
  });
  const other = ctx.read(fd, 4);
  expect(ctx.readSync(fd, 10)).toEqual(content.subarray(0, 10));
  expect(settled).toBe(false);
  expect(await other).toEqual(content.subarray(0, 4));
  fs.writeSync(pipe, 'pipe');
  expect((await waiting).toString()).toBe('pipe');
  fs.closeSync(pipe);
});

describe('registration', () => {
  test('files and buffers, a caller\'s own and of a pool', async () => {
    const ctx = ring();
    const pool = uring.BufferPool.create();
    const own = Buffer.alloc(100);
    ctx.registerFiles([fd, -1]);
    ctx.registerBuffers([own, pool.buffer(0)]);
    expect(await ctx.readFixed(0, own, 3, 0)).toBe(100);
    expect(own).toEqual(content.subarray(3, 103));
    expect(ctx.readFixedSync(0, pool.buffer(0), 0, 1)).toBe(4096);
    expect(pool.get(0)).toEqual(content.subarray(0, 4096));
    await expect(ctx.readFixed(1, own, 0, 0)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(ctx.readFixed(0, Buffer.alloc(8), 0, 0)).rejects.toMatchObject({ code: 'EFAULT' });
    expect(() => pool.resize(0, 10)).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    ctx.unregisterBuffers();
    ctx.unregisterFiles();
    await expect(ctx.readFixed(0, own, 0, 0)).rejects.toBeInstanceOf(UringError);
    pool.close();
  });

  test('refuses while in use, what is no descriptor, and what is immutable', async () => {
    const ctx = ring();
    const pipe = fifo();
    ctx.registerFiles([pipe]);
    ctx.registerBuffers([Buffer.alloc(16)]);
    const own = ctx.read(0, 1, 0, { sqeFlags: uring.IOSQE_FIXED_FILE });
    expect(() => ctx.unregisterFiles()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    expect(() => ctx.registerBuffers([Buffer.alloc(1)])).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    fs.writeSync(pipe, 'a');
    expect((await own).toString()).toBe('a');
    ctx.unregisterFiles();
    expect(() => ctx.registerFiles([])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
    expect(() => ctx.registerFiles([1.5])).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => ctx.registerFiles([99_999])).toThrow(expect.objectContaining({ code: 'EBADF' }));
    ctx.unregisterBuffers();
    expect(() => ctx.registerBuffers(['text'])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect(() => ctx.unregisterBuffers()).toThrow(expect.objectContaining({ code: 'ENXIO' }));
    fs.closeSync(pipe);
  });
});

test('the probe agrees with the module\'s', () => {
  const ctx = ring();
  const { lastOp, opcodeMask } = uring.getProbeInfo();
  expect(ctx.probeLastOp()).toBe(lastOp);
  expect(ctx.probeSupportedMask()).toEqual(opcodeMask);
  expect(ctx.probeOpcodeSupported(uring.IORING_OP_READ)).toBe(true);
  expect(ctx.probeOpcodeSupported(255)).toBe(false);
});

test('stats and the diagnostics channel count batches', async () => {
  const ctx = ring();
  const heard = [];
  const listen = (message) => void (message.ringFd === ctx.ringFd && heard.push(message));
  diagnostics.subscribe('uring:batch', listen);
  await Promise.all([ctx.read(fd, 1), ctx.read(fd, 1), ctx.read(fd, 1)]);
  diagnostics.unsubscribe('uring:batch', listen);
  expect(heard[0]).toMatchObject({ ringFd: ctx.ringFd, submitted: 3, settled: 3 });
  expect(ctx.stats()).toMatchObject({ submitted: 3, completed: 3, inline: 3, batches: 1, largestBatch: 3 });
});

describe('the end', () => {
  test('close rejects what is in flight with ECANCELED, after it returned, and frees the ring', async () => {
    const ctx = ring();
    const { ringFd } = ctx;
    const pipe = fifo();
    const reads = [ctx.read(pipe, 1), ctx.read(pipe, 1)];
    await ctx.nop();
    ctx.close();
    ctx.close();
    expect(ctx.closed).toBe(true);
    for (const read of reads) await expect(read).rejects.toMatchObject({ code: 'ECANCELED' });
    const isRing = () => fs.existsSync(`/proc/self/fd/${ringFd}`) && fs.readlinkSync(`/proc/self/fd/${ringFd}`).includes('io_uring');
    await eventually(() => ctx.inFlight === 0 && !isRing(), 'the ring is freed');
    fs.closeSync(pipe);
  });

  test('drain waits for what is in flight', async () => {
    const ctx = ring();
    const pipe = fifo();
    let done = false;
    const read = ctx.read(pipe, 1).then(() => (done = true));
    setTimeout(() => fs.writeSync(pipe, 'x'), 10);
    await ctx.drain();
    await read;
    expect(done).toBe(true);
    expect(ctx.inFlight).toBe(0);
    fs.closeSync(pipe);
  });

  test('nothing works after it', async () => {
    const ctx = ring();
    ctx.close();
    const closed = { code: 'EINVAL', detail: 'closed' };
    const calls = {
      read: [fd, 1], readInto: [fd, Buffer.alloc(1)], write: [fd, 'x'], readBatch: [fd, 1, 1],
      readOffsets: [fd, 1, [0]], nop: [], fsync: [fd], openat: ['x'], closeFd: [fd],
    };
    for (const [name, args] of Object.entries(calls)) {
      await expect(ctx[name](...args)).rejects.toMatchObject({ ...closed, operation: name });
      expect(() => ctx[`${name}Sync`](...args)).toThrow(expect.objectContaining(closed));
    }
    for (const name of ['submit', 'peekCompletion', 'waitCompletionSync', 'submitAndWaitSync', 'stats',
      'unregisterFiles', 'unregisterBuffers', 'probeSupportedMask', 'probeLastOp']) {
      expect(() => ctx[name]()).toThrow(expect.objectContaining(closed));
    }
    for (const name of ['waitCompletion', 'submitAndWait', 'drain']) {
      await expect(ctx[name]()).rejects.toMatchObject(closed);
    }
    expect(() => ctx.readAsync(fd, Buffer.alloc(1))).toThrow(expect.objectContaining(closed));
  });

  test('an idle ring keeps no process alive, an operation does, unless unref', async () => {
    const start = "const ctx = new uring.UringCtx(); const fd = fs.openSync(process.env.NAME, 'r+');";
    const run = (script) => {
      const NAME = fresh('fifo');
      execFileSync('mkfifo', [NAME]);
      return inChild(start + script, { env: { NAME } });
    };
    expect(await run('report(ctx.hasRef());')).toMatchObject({ status: 0, reported: true });
    // The byte comes from another process: nothing but the read holds this one.
    const writer = `require('child_process').spawn('sh', ['-c', 'sleep 0.2; printf x > "$NAME"'],
      { stdio: 'ignore', detached: true }).unref();`;
    const held = await run(`${writer} report((await ctx.read(fd, 1)).toString());`);
    expect(held).toMatchObject({ status: 0, reported: 'x' });
    const unheld = await run('ctx.unref(); report(ctx.hasRef()); await ctx.read(fd, 1);');
    expect(unheld).toMatchObject({ reported: false });
  });
});
