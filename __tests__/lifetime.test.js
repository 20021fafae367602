// What outlives what: operations in flight while promises and rings are dropped, closed, aborted, or
// their thread or process ends; buffers that change meanwhile; queues that run over; and after all
// that no descriptor, thread or memory is left. URING_LONG=1 repeats more often.

'use strict';

const { execFileSync } = require('node:child_process');
const { getEventListeners, setMaxListeners } = require('node:events');
const fs = require('node:fs');

const { BufferPool, UringAsync, UringCtx, constants, waitCompletionInExecutor, ...uapi } = require('..');
const { inChild, root } = require('./support/child.js');
const { bytes, eventually, file, folder, fresh } = require('./support/files.js');

const WORKERS = process.env.URING_LONG === '1' ? 1000 : 200;
const LONG = 280_000;
const { POLLIN } = constants;
const DEFER = uapi.IORING_SETUP_SINGLE_ISSUER | uapi.IORING_SETUP_DEFER_TASKRUN;
const quoted = (value) => JSON.stringify(value);

const content = bytes(20_000);
const source = file(content);
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

function ring(options) {
  const ctx = new UringCtx(options);
  endings.push(() => ctx.close());
  return ctx;
}

function open(name, flags = 'r') {
  const fd = fs.openSync(name, flags);
  endings.push(() => fs.closeSync(fd));
  return fd;
}

function makeFifos(count) {
  const names = Array.from({ length: count }, () => fresh('fifo'));
  execFileSync('mkfifo', names);
  return names;
}

/** A FIFO open at both ends: a read waits until somebody writes. */
const fifo = () => open(makeFifos(1)[0], 'r+');

/** By then what was started has been submitted, as far as there is room. */
const submitted = () => new Promise((resolve) => setImmediate(resolve));

const codeOf = (promise) => promise.then((value) => value, ({ code }) => code);

// At the start of a child's script.
const tools = `
  const { setTimeout: sleep } = require('node:timers/promises');
  const { Worker } = require('node:worker_threads');
  require('node:v8').setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  const fifos = process.env.FIFOS.split(' ').map((name) => fs.openSync(name, 'r+'));
  const collect = async () => { for (let round = 0; round < 5; round += 1) { gc(); await sleep(1); } };
  const count = (name) => fs.readdirSync('/proc/self/' + name).length;
  const usage = () => ({ fds: count('fd'), tasks: count('task') });
  // What the kernel tears down is gone a little later.
  const settled = async (before) => {
    const end = Date.now() + 20_000;
    for (;;) {
      const now = usage();
      if (now.fds <= before.fds && now.tasks <= before.tasks) return 'as before';
      if (Date.now() > end) return { before, now };
      await sleep(20);
    }
  };`;

/** Runs a script with \`count\` FIFOs in a process of its own. */
const withFifos = (count, script) => inChild(tools + script, { env: { FIFOS: makeFifos(count).join(' ') } });

describe('garbage collection', () => {
  test('promises wait for the kernel though their ring was dropped', async () => {
    const ran = await withFifos(20, `
      const start = () => {
        const ctx = new uring.UringCtx();
        return fifos.map((fd, at) => at % 2 ? ctx.read(fd, 1000) : ctx.readInto(fd, Buffer.alloc(1000)));
      };
      const reads = start();
      await collect();
      fifos.forEach((fd) => fs.writeSync(fd, Buffer.alloc(500, 7)));
      const values = await Promise.all(reads);
      report(values.every((value, at) => at % 2 ? value.equals(Buffer.alloc(500, 7)) : value === 500));
      await collect();`);
    expect(ran).toMatchObject({ status: 0, signal: null, reported: true });
    expect(ran.stderr.match(/URING_UNCLOSED/g)).toHaveLength(1);
  });

  test('nothing is written to memory that is another\'s, though promise, buffer and ring were dropped', async () => {
    const ran = await withFifos(50, `
      const start = () => {
        const ctx = new uring.UringCtx();
        const pool = uring.BufferPool.create({ initialCount: 10, initialSize: 4096 });
        fifos.forEach((fd, at) => {
          if (at % 5 === 0) ctx.read(fd, 4096);
          else if (at % 5 === 1) ctx.readInto(fd, Buffer.alloc(4096));
          else if (at % 5 === 2) ctx.readInto(fd, pool.buffer((at - 2) / 5));
          else if (at % 5 === 3) ctx.readv(fd, [new Uint8Array(2048), new ArrayBuffer(2048)]);
          else ctx.readAsync(fd, new Uint8Array(4096), 0, at);
        });
        ctx.submit();
      };
      start();
      await collect();
      const others = Array.from({ length: 2000 }, () => Buffer.alloc(4096, 1));
      const pool = uring.BufferPool.create({ initialCount: 100 });
      const ctx = new uring.UringCtx();
      fifos.forEach((fd) => fs.writeSync(fd, Buffer.alloc(4096, 255)));
      for (let round = 0; round < 20; round += 1) { await ctx.nop(); await sleep(1); }
      await collect();
      const clean = others.every((one) => one.equals(Buffer.alloc(4096, 1)));
      const zeros = Array.from({ length: 100 }, (_, at) => pool.get(at)).every((one) => one.equals(Buffer.alloc(4096)));
      ctx.close();
      report([clean, zeros]);`);
    expect(ran).toMatchObject({ status: 0, signal: null, reported: [true, true] });
  });

  test('rings that were dropped give back what they had', async () => {
    const ran = await withFifos(1, `
      const start = async () => { await new uring.UringCtx().nop(); };
      await start();
      await collect();
      const before = usage();
      for (let round = 0; round < 50; round += 1) await start();
      const more = count('fd') > before.fds;
      let after;
      for (let round = 0; round < 100; round += 1) {
        await collect();
        after = count('fd');
        if (after <= before.fds) break;
      }
      report([more, after <= before.fds]);`);
    expect(ran).toMatchObject({ status: 0, reported: [true, true] });
  });
});

describe('close() with operations in flight', () => {
  test.each([['as it is by default', undefined], ['plain', 0], ['DEFER_TASKRUN', DEFER]])(
    'each rejects with ECANCELED, after it returned; the ring %s',
    async (_, setupFlags) => {
      const ctx = ring({ setupFlags, entries: 8 });
      const fds = Array.from({ length: 4 }, fifo);
      const settled = jest.fn();
      const started = fds.flatMap((fd) => [
        ctx.read(fd, 10), ctx.readInto(fd, Buffer.alloc(10)), ctx.readv(fd, [Buffer.alloc(5)]),
        ctx.pollAdd(fd, POLLIN), ctx.timeout({ sec: 1000 }), ctx.read(fd, 10, 0, { timeout: 1e9 }),
        ctx.read(fd, 10, 0, { signal: new AbortController().signal, userData: fd }),
      ]);
      const codes = started.map(codeOf);
      codes.forEach((one) => one.then(settled));
      await submitted();
      // And one that nobody has submitted yet.
      codes.push(codeOf(ctx.read(fds[0], 1)));
      ctx.close();
      expect(settled).not.toHaveBeenCalled();
      expect(await Promise.all(codes)).toEqual(Array(codes.length).fill('ECANCELED'));
      expect(ctx.inFlight).toBe(0);
      // Nobody reads any more: what comes now is for the next.
      fs.writeSync(fds[0], 'next');
      expect(fs.readSync(fds[0], Buffer.alloc(10))).toBe(4);
    },
  );

  test('from inside of a callback of one of them', async () => {
    const ctx = ring();
    const pipe = fifo();
    const waiting = codeOf(ctx.read(pipe, 1));
    const closing = ctx.nop().then(() => ctx.close());
    await closing;
    expect(await waiting).toBe('ECANCELED');
  });
});

describe('the end of the process', () => {
  const pending = `
    const ctx = new uring.UringCtx();
    for (const fd of fifos) {
      ctx.read(fd, 100_000).catch(() => {});
      ctx.readInto(fd, Buffer.alloc(300_000)).catch(() => {});
      ctx.pollAdd(fd, 1).catch(() => {});
      ctx.read(fd, 10, 0, { sqeFlags: uring.IOSQE_ASYNC }).catch(() => {});
    }`;

  test.each([
    ['process.exit() in the same tick', 'process.exit(3);', 3, null],
    ['process.exit() later', 'await ctx.nop(); await sleep(5); process.exit(3);', 3, null],
    ['process.exit() after close()', 'await ctx.nop(); ctx.close(); process.exit(3);', 3, null],
    ['process.exit() in an exit handler', "process.on('exit', () => process.exit(4)); await ctx.nop(); process.exit(3);", 4, null],
    ['an error that nobody catches', "await ctx.nop(); setImmediate(() => { throw new Error('of the caller'); });", 1, null],
    ['SIGTERM', "await ctx.nop(); process.kill(process.pid, 'SIGTERM'); await sleep(60_000);", null, 'SIGTERM'],
    ['an unref()', 'await ctx.nop(); ctx.unref();', 0, null],
  ])('by %s', async (_, end, status, signal) => {
    expect(await withFifos(10, pending + end)).toMatchObject({ status, signal });
  });

  test('by itself, after close()', async () => {
    const ran = await withFifos(10, `
      const ctx = new uring.UringCtx();
      for (const fd of fifos) ctx.read(fd, 100_000).catch(() => {});
      await ctx.nop();
      ctx.close();`);
    expect(ran).toMatchObject({ status: 0, signal: null });
  });
});

describe('worker threads', () => {
  test(`${WORKERS} that are terminated with reads in flight leave nothing`, async () => {
    const ran = await withFifos(4, `
      const code = \`const uring = require(${quoted(root)});
        const { parentPort, workerData } = require('node:worker_threads');
        const ctx = new uring.UringCtx();
        const pool = uring.BufferPool.create();
        for (const fd of workerData) {
          ctx.read(fd, 100);
          ctx.readInto(fd, Buffer.alloc(5000));
          ctx.readInto(fd, pool.buffer(fd % 8));
        }
        ctx.nop().then(() => parentPort.postMessage('begun'));\`;
      const one = async () => {
        const worker = new Worker(code, { eval: true, workerData: fifos });
        const failed = new Promise((_, reject) => worker.once('error', reject));
        await Promise.race([new Promise((resolve) => worker.once('message', resolve)), failed]);
        await worker.terminate();
      };
      for (let round = 0; round < 5; round += 1) await one();
      await sleep(100);
      const before = usage();
      for (let round = 0; round < ${WORKERS}; round += 5) await Promise.all([one(), one(), one(), one(), one()]);
      const after = await settled(before);
      // Nobody reads any more.
      for (const fd of fifos) fs.writeSync(fd, 'left');
      await sleep(20);
      report([after, fifos.map((fd) => fs.readSync(fd, Buffer.alloc(10)))]);`);
    expect(ran).toMatchObject({ status: 0, signal: null, reported: ['as before', [4, 4, 4, 4]] });
  }, LONG);

  test('one that is terminated while it blocks', async () => {
    const ran = await withFifos(1, `
      const code = \`const uring = require(${quoted(root)});
        const { parentPort, workerData } = require('node:worker_threads');
        parentPort.postMessage('begun');
        new uring.UringCtx().readSync(workerData, 100);\`;
      const worker = new Worker(code, { eval: true, workerData: fifos[0] });
      await new Promise((resolve) => worker.once('message', resolve));
      await sleep(20);
      report(await worker.terminate());`);
    expect(ran).toMatchObject({ status: 0, signal: null, reported: 1 });
  });
});

describe('an abort', () => {
  const reason = new Error('enough');
  const aborted = () => {
    const controller = new AbortController();
    return { controller, signal: controller.signal, abort: () => controller.abort(reason) };
  };

  test('before the call: nothing is queued', async () => {
    const ctx = ring();
    const before = ctx.stats().submitted;
    const target = file('before');
    const write = ctx.write(open(target, 'r+'), 'x', 0, { signal: AbortSignal.abort(reason) });
    await expect(write).rejects.toBe(reason);
    await ctx.nop();
    expect(ctx.stats().submitted).toBe(before + 1);
    expect(fs.readFileSync(target, 'utf8')).toBe('before');
  });

  test('in the same tick: it takes nothing from the pipe', async () => {
    const ctx = ring();
    const pipe = fifo();
    const { signal, abort } = aborted();
    const reads = [ctx.read(pipe, 4, 0, { signal }), ctx.readInto(pipe, Buffer.alloc(4), 0, { signal })];
    abort();
    for (const read of reads) await expect(read).rejects.toBe(reason);
    expect(ctx.inFlight).toBe(0);
    fs.writeSync(pipe, 'left');
    expect(fs.readSync(pipe, Buffer.alloc(10))).toBe(4);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('in the same tick, of what does not wait: done or aborted, and the file tells which', async () => {
    const ctx = ring();
    for (let round = 0; round < 100; round += 1) {
      const target = file('');
      const { signal, abort } = aborted();
      const write = ctx.write(open(target, 'r+'), 'x', 0, { signal });
      abort();
      const outcome = await write.catch((error) => error);
      expect([1, reason]).toContain(outcome);
      expect(fs.readFileSync(target, 'utf8')).toBe(outcome === 1 ? 'x' : '');
    }
    expect(ctx.inFlight).toBe(0);
  });

  test('in flight, many at once by one signal', async () => {
    const ctx = ring({ entries: 4 });
    const pipe = fifo();
    const { signal, abort } = aborted();
    setMaxListeners(200, signal);
    const reads = Array.from({ length: 200 }, () => ctx.read(pipe, 1, 0, { signal }).catch((error) => error));
    await submitted();
    abort();
    expect(new Set(await Promise.all(reads))).toEqual(new Set([reason]));
    expect(ctx.inFlight).toBe(0);
  });

  test('after completion: it changes nothing, and nobody listens', async () => {
    const ctx = ring();
    const { signal, abort } = aborted();
    const read = ctx.read(open(source), 10, 0, { signal });
    expect(await read).toEqual(content.subarray(0, 10));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    abort();
    expect(await read).toEqual(content.subarray(0, 10));
    expect(await ctx.read(open(source), 10)).toEqual(content.subarray(0, 10));
  });

  test('while its bytes arrive: each byte is read once, by a read or by who comes after', async () => {
    const ctx = ring();
    const pipe = fifo();
    for (let round = 0; round < 100; round += 1) {
      const { signal, abort } = aborted();
      const read = ctx.read(pipe, 1, 0, { signal });
      if (round % 2) await ctx.nop();
      fs.writeSync(pipe, Buffer.of(round));
      abort();
      const outcome = await read.catch((error) => error);
      if (outcome === reason) expect(await ctx.read(pipe, 1)).toEqual(Buffer.of(round));
      else expect(outcome).toEqual(Buffer.of(round));
    }
  });
});

describe('buffers', () => {
  const detached = { code: 'EFAULT', detail: expect.stringContaining('detached') };
  const transfers = [['structuredClone', (buffer) => structuredClone(buffer, { transfer: [buffer] })]];
  if (ArrayBuffer.prototype.transfer !== undefined) transfers.push(['transfer()', (buffer) => buffer.transfer()]);
  else test.skip('ArrayBuffer.prototype.transfer (skipped: this Node has none)', () => {});

  describe.each(transfers)('that are detached by %s', (_, transfer) => {
    test('while a read is in flight: EFAULT, and the moved memory is untouched', async () => {
      const ctx = ring();
      const [one, two] = [fifo(), fifo()];
      const own = new Uint8Array(16);
      const parts = [new Uint8Array(2), new Uint8Array(8)];
      const reads = [ctx.readInto(one, own), ctx.readv(two, parts)];
      await ctx.nop();
      const moved = transfer(own.buffer);
      transfer(parts[1].buffer);
      fs.writeSync(one, 'data');
      fs.writeSync(two, 'data');
      for (const read of reads) await expect(read).rejects.toMatchObject(detached);
      expect(Buffer.from(moved)).toEqual(Buffer.alloc(16));
      expect(ctx.inFlight).toBe(0);
    });

    test('before the call: they are empty', async () => {
      const ctx = ring();
      const own = new Uint8Array(16);
      transfer(own.buffer);
      expect(await ctx.readInto(open(source), own)).toBe(0);
      expect(ctx.readIntoSync(open(source), own)).toBe(0);
      expect(await ctx.write(open(file(''), 'r+'), own)).toBe(0);
    });

    test('after a write began: it writes what was there', async () => {
      const ctx = ring();
      const target = file('');
      const own = new Uint8Array(content.subarray(0, 5000));
      const written = ctx.write(open(target, 'r+'), own);
      transfer(own.buffer);
      expect(await written).toBe(5000);
      expect(fs.readFileSync(target)).toEqual(content.subarray(0, 5000));
    });

    test('though they are registered', async () => {
      const ctx = ring();
      const own = new Uint8Array(16);
      const pipe = fifo();
      ctx.registerFiles([pipe]);
      ctx.registerBuffers([own]);
      const read = ctx.readFixed(0, own, 0, 0);
      await ctx.nop();
      transfer(own.buffer);
      fs.writeSync(pipe, 'data');
      await expect(read).rejects.toMatchObject(detached);
      ctx.unregisterBuffers();
    });
  });

  test('that shrink while a read is in flight: EFAULT, unless what came fits; that grow: filled', async () => {
    const ctx = ring();
    const pipe = fifo();
    const inFlight = async (length, text) => {
      const own = new ArrayBuffer(16, { maxByteLength: 64 });
      const read = ctx.readInto(pipe, new Uint8Array(own));
      await ctx.nop();
      own.resize(length);
      fs.writeSync(pipe, text);
      return [await codeOf(read), Buffer.from(own).toString()];
    };
    expect(await inFlight(2, 'data')).toEqual(['EFAULT', '\0\0']);
    expect(await inFlight(5, 'data')).toEqual([4, 'data\0']);
    expect(await inFlight(0, 'data')).toEqual(['EFAULT', '']);
    const [bytesRead, text] = await inFlight(64, 'data');
    expect([bytesRead, text.replace(/\0+$/, '')]).toEqual([4, 'data']);
  });

  test('over shared memory, of a fixed length and growing', async () => {
    const ctx = ring();
    const target = file('');
    for (const memory of [new SharedArrayBuffer(32), new SharedArrayBuffer(32, { maxByteLength: 64 })]) {
      const view = new Uint8Array(memory);
      expect(await ctx.readInto(open(source), view, 3)).toBe(32);
      expect(Buffer.from(memory)).toEqual(content.subarray(3, 35));
      expect(await ctx.readv(open(source), [view.subarray(0, 4)], 100)).toBe(4);
      expect(Buffer.from(memory, 0, 4)).toEqual(content.subarray(100, 104));
      expect(await ctx.write(open(target, 'r+'), view)).toBe(32);
      expect(fs.readFileSync(target)).toEqual(Buffer.from(memory));
    }
  });

  test('of no length', async () => {
    const ctx = ring();
    const target = file('as it was');
    const [from, to] = [open(source), open(target, 'r+')];
    for (const empty of [Buffer.alloc(0), new ArrayBuffer(0), new Float64Array(0), new DataView(new ArrayBuffer(8), 8)]) {
      expect(await ctx.readInto(from, empty)).toBe(0);
      expect(ctx.readIntoSync(from, empty)).toBe(0);
      expect(await ctx.write(to, empty)).toBe(0);
      expect(ctx.writeSync(to, empty)).toBe(0);
      expect(await ctx.readv(from, [empty, empty])).toBe(0);
      expect(await ctx.writev(to, [empty])).toBe(0);
    }
    expect(await ctx.readv(from, [])).toBe(0);
    expect(await ctx.writev(to, [])).toBe(0);
    expect(await ctx.write(to, '')).toBe(0);
    expect(fs.readFileSync(target, 'utf8')).toBe('as it was');
  });
});

describe('queues that are too small', () => {
  test('a thousand operations of all kinds on a ring of one entry', async () => {
    const ctx = ring({ entries: 1 });
    const target = file('');
    const [from, to] = [open(source), open(target, 'r+')];
    const started = [];
    for (let at = 0; at < 250; at += 1) {
      started.push(ctx.write(to, content.subarray(at * 4, at * 4 + 4), at * 4), ctx.read(from, 4, at), ctx.nop());
      ctx.readAsync(from, Buffer.alloc(4), at, at);
      if (at % 50 === 0) expect(ctx.readSync(from, 10, at)).toEqual(content.subarray(at, at + 10));
    }
    const results = await Promise.all(started);
    for (let at = 0; at < 250; at += 1) {
      expect(results.slice(at * 3, at * 3 + 3)).toEqual([4, content.subarray(at, at + 4), undefined]);
    }
    expect(fs.readFileSync(target)).toEqual(content.subarray(0, 1000));
    const seen = new Set();
    while (seen.size < 250) seen.add((await ctx.waitCompletion())[0]);
    expect(ctx.inFlight).toBe(0);
    expect(ctx.stats()).toMatchObject({ submitted: 1005, completed: 1005 });
  });

  describe.each([['as it is by default', undefined], ['plain', 0], ['DEFER_TASKRUN', DEFER]])('the ring %s', (_, setupFlags) => {
    const small = () => ring({ setupFlags, entries: 1, cqEntries: 2 });

    const hasMessages = ring().probeOpcodeSupported(uapi.IORING_OP_MSG_RING);
    endings.splice(0).forEach((end) => end());
    const messages = hasMessages ? test : test.skip;
    messages(`a hundred messages to a completion queue of two${hasMessages ? '' : ' (skipped: this kernel has no msgRing, which Linux 5.18 brought)'}`, async () => {
      const [sender, receiver] = [ring(), small()];
      expect(receiver.cqEntries).toBe(2);
      await Promise.all(Array.from({ length: 100 }, (_, at) => sender.msgRing(receiver.ringFd, at, 1000 + at)));
      const pipe = fifo();
      const own = receiver.read(pipe, 3);
      const got = [];
      while (got.length < 100) got.push(await receiver.waitCompletion());
      expect(got.map(([data, len]) => [Number(data), len])).toEqual(Array.from({ length: 100 }, (_, at) => [1000 + at, at]));
      expect(receiver.peekCompletion()).toBeNull();
      fs.writeSync(pipe, 'own');
      expect(String(await own)).toBe('own');
      expect(receiver.stats().overflow).toBeGreaterThan(0);
    });

    test('a hundred reads that end at once', async () => {
      const ctx = small();
      const pipe = fifo();
      const reads = Array.from({ length: 100 }, () => ctx.read(pipe, 1));
      await submitted();
      fs.writeSync(pipe, Buffer.from(Array.from({ length: 100 }, (_, at) => at)));
      const got = (await Promise.all(reads)).map(([byte]) => byte);
      expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at));
      expect(ctx.inFlight).toBe(0);
      expect(ctx.readSync(open(source), 4)).toEqual(content.subarray(0, 4));
    });

    test('a close with all of it in flight', async () => {
      const ctx = small();
      const pipe = fifo();
      const reads = Array.from({ length: 100 }, () => codeOf(ctx.read(pipe, 1)));
      await submitted();
      ctx.close();
      expect(await Promise.all(reads)).toEqual(Array(100).fill('ECANCELED'));
    });
  });
});

test('blocking calls amid promises: each gets its own', async () => {
  const ctx = ring();
  const pipes = Array.from({ length: 20 }, fifo);
  const settled = [];
  const waiting = pipes.map((pipe, at) => ctx.read(pipe, 10).then((data) => settled.push([at, String(data)])));
  const quick = [];
  pipes.forEach((pipe, at) => {
    quick.push(ctx.read(open(source), 8, at));
    fs.writeSync(pipe, `to ${at}`);
    expect(ctx.readSync(open(source), 8, 100 + at)).toEqual(content.subarray(100 + at, 108 + at));
    expect(ctx.writeSync(pipe, '!')).toBe(1);
  });
  // JavaScript has not had its turn yet.
  expect(settled).toEqual([]);
  (await Promise.all(quick)).forEach((data, at) => expect(data).toEqual(content.subarray(at, at + 8)));
  await Promise.all(waiting);
  expect(settled.sort(([a], [b]) => a - b)).toEqual(
    pipes.map((_, at) => [at, expect.stringMatching(new RegExp(`^to ${at}!?$`))]),
  );
});

test('a hundred rings at once, with reads in flight, on one pipe each and all on one', async () => {
  const [own, shared] = [makeFifos(100).map((name) => open(name, 'r+')), fifo()];
  const rings = own.map(() => ring({ entries: 2 }));
  const reads = rings.map((ctx, at) => ctx.read(own[at], 4));
  const ofAll = rings.map((ctx) => ctx.read(shared, 1));
  await Promise.all(rings.map((ctx) => ctx.nop()));
  own.forEach((pipe, at) => fs.writeSync(pipe, String(at).padStart(4, '0')));
  fs.writeSync(shared, Buffer.from(Array.from({ length: 100 }, (_, at) => at)));
  expect((await Promise.all(reads)).map(String)).toEqual(rings.map((_, at) => String(at).padStart(4, '0')));
  const got = (await Promise.all(ofAll)).map(([byte]) => byte);
  expect(got.sort((a, b) => a - b)).toEqual(rings.map((_, at) => at));
});

describe('after close()', () => {
  const closed = (operation) => ({ name: 'UringError', code: 'EINVAL', errno: 22, detail: 'closed', operation });
  const methodsOf = (prototype) => {
    const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    const methods = own.filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor').map(([name]) => name);
    const parent = Object.getPrototypeOf(prototype);
    return parent === Object.prototype ? methods : [...methods, ...methodsOf(parent)];
  };

  /** What a call ends with, whether it throws, rejects, or is an iterator that does. */
  const errorOf = async (call) => {
    try {
      const made = call();
      await (typeof made?.[Symbol.asyncIterator] === 'function' ? made[Symbol.asyncIterator]().next() : made);
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };

  const HARMLESS = ['close', 'ref', 'unref', 'hasRef'];
  const ARGUMENTS = {
    probeOpcodeSupported: [0],
    readBatch: [0, 1, 1], readBatchSync: [0, 1, 1], readOffsets: [0, 1, [0]], readOffsetsSync: [0, 1, [0]],
  };
  const ofCtx = [...new Set(methodsOf(UringCtx.prototype))].filter((name) => !HARMLESS.includes(name));
  const ctx = new UringCtx();
  ctx.close();

  test('there are methods', () => expect(ofCtx.length).toBeGreaterThan(120));

  test.each(ofCtx)('ctx.%s says so', async (name) => {
    const call = () => ctx[name](...(ARGUMENTS[name] ?? []));
    expect(await errorOf(call)).toMatchObject(closed(expect.any(String)));
    if (name.endsWith('Sync')) expect(call).toThrow(expect.objectContaining(closed(name.slice(0, -4))));
  });

  test('the rest of a ring does no harm', () => {
    expect(ctx.closed).toBe(true);
    expect(ctx.inFlight).toBe(0);
    ctx.close();
    expect(ctx.ref()).toBe(ctx);
    expect(ctx.unref()).toBe(ctx);
    expect(typeof ctx.hasRef()).toBe('boolean');
    for (const name of ['ringFd', 'entries', 'cqEntries', 'setupFlags', 'features']) expect(typeof ctx[name]).toBe('number');
    if (Symbol.dispose !== undefined) ctx[Symbol.dispose]();
  });

  test('UringAsync, closed itself or with its ring', async () => {
    expect(() => new UringAsync(ctx)).toThrow(expect.objectContaining(closed('UringAsync')));
    await expect(waitCompletionInExecutor(ctx)).rejects.toMatchObject(closed('waitCompletionInExecutor'));
    const own = ring();
    const ended = new UringAsync(own);
    ended.close();
    ended.close();
    expect(await errorOf(() => ended.waitCompletion())).toMatchObject(closed('waitCompletion'));
    expect(await ended[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect([ended.closed, ended.ctx, ended.ringFd]).toEqual([true, own, own.ringFd]);
    const left = new UringAsync(own);
    own.close();
    expect(await errorOf(() => left.waitCompletion())).toMatchObject(closed('waitCompletion'));
    expect(await left[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  const pool = BufferPool.create();
  pool.close();
  test.each(methodsOf(BufferPool.prototype).filter((name) => name !== 'close'))('pool.%s says so', async (name) => {
    expect(await errorOf(() => pool[name](0, 1))).toMatchObject(closed(name));
  });
  test('the rest of a pool does no harm', () => {
    pool.close();
    expect([pool.closed, pool.length]).toEqual([true, 0]);
  });
});

describe('what is left', () => {
  test('no descriptor, no thread and no memory of rings that were used and closed', async () => {
    const rounds = 600;
    const ran = await withFifos(4, `
      const own = fs.openSync(${quoted(source)});
      const round = async () => {
        const ctx = new uring.UringCtx();
        const pool = uring.BufferPool.create({ initialCount: 2, initialSize: 65536 });
        const pending = fifos.map((fd) => ctx.read(fd, 100_000).catch((error) => error.code));
        ctx.registerFiles([own]);
        ctx.registerBuffers([Buffer.alloc(65536), pool.buffer(0)]);
        await ctx.readFixed(0, pool.buffer(0), 0, 1);
        await ctx.read(own, 200_000);
        await ctx.openat(${quoted(source)}).then((fd) => ctx.closeFd(fd));
        await ctx.read(own, 10, 0, { signal: new AbortController().signal, timeout: 1000, userData: 1 });
        ctx.readSync(own, 100_000);
        ctx.unregisterBuffers();
        ctx.close();
        for (const code of await Promise.all(pending)) if (code !== 'ECANCELED') throw new Error(code);
        pool.close();
      };
      for (let at = 0; at < 30; at += 1) await round();
      await collect();
      await sleep(200);
      const before = usage();
      const rss = process.memoryUsage.rss();
      for (let at = 0; at < ${rounds}; at += 1) await round();
      const after = await settled(before);
      // Once the kernel has let go of all of it, a collection gives it back.
      let grown;
      for (let at = 0; at < 50; at += 1) {
        await collect();
        grown = (process.memoryUsage.rss() - rss) / 2 ** 20;
        if (grown < 64) break;
        await sleep(20);
      }
      report([after, grown < 64 ? 'little' : grown]);`);
    expect(ran).toMatchObject({ status: 0, signal: null, stderr: '', reported: ['as before', 'little'] });
  }, LONG);

  test('here: as many descriptors as before', async () => {
    const count = () => fs.readdirSync('/proc/self/fd').length;
    await ring().nop();
    endings.splice(0).forEach((end) => end());
    const at = folder();
    const before = count();
    const rings = Array.from({ length: 20 }, () => new UringCtx());
    expect(count()).toBeGreaterThanOrEqual(before + 20);
    await Promise.all(rings.map((ctx, index) => ctx.mkdirat(`${at}/${index}`)));
    rings.forEach((ctx) => ctx.close());
    await eventually(() => count() <= before, 'the rings are freed');
  });
});
