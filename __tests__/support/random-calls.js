// Calls of everything public with arguments of every kind, in a process that has nothing to lose: its
// own folder, its own descriptors, no file larger than its limit. Each call is written down before it
// is made, so that one that kills or hangs is known.

'use strict';

const fc = require('fast-check');
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { inspect, types } = require('node:util');

const { numbersOf } = require('./random.js');

/** What the arguments themselves throw: not the package's to give a code. */
class Own extends Error {}
const own = new Own('of the argument');
const throwing = () => {
  throw new Own('of the argument');
};

/** These block without an end by their nature, whatever the ring: their promise twins are called. */
const BLOCKS = {
  waitCompletionSync: 'nothing may be in flight',
  submitAndWaitSync: 'as many completions may never come',
  pollAddSync: 'an event may never come',
  timeoutSync: 'the time may be long',
  linkTimeoutSync: 'the time may be long',
  futexWaitSync: 'nobody wakes it',
  futexWaitvSync: 'nobody wakes it',
};

// UringError reads the properties of what it is given, and getters of that may throw what they like.
// A drain waits for all before it, and those may wait for ever.
const EXCLUDED = new Set(['UringError', 'drains', 'hard links']);
const EXCLUDED_FLAGS = (EXCLUDED.has('drains') ? 2 : 0) | (EXCLUDED.has('hard links') ? 8 : 0);

/** Whoever asks for so much gets it: memory and time, and no finding. */
const MOST = {
  blocks: 64, blockSize: 1 << 16, length: 1 << 20, size: 1 << 20, newSize: 1 << 20, initialCount: 16, initialSize: 1 << 20,
  entries: 256, cqEntries: 1024, qd: 16, nfiles: 3, count: 64, maxEvents: 64, maxWorkers: 8, sqThreadIdle: 50,
};
const LEAST = { blockSize: 512 };

const FILES = ['a', 'b', 'd', 'd/a', 'missing/a', 'l', 'a\0b', '', 'n'.repeat(300)];
const OPTIONS = ['signal', 'timeout', 'userData', 'sqeFlags', 'rwFlags'];
const MORE_OPTIONS = [
  'dirFd', 'oldDirFd', 'newDirFd', 'flags', 'mask', 'bigint', 'datasync', 'full', 'count', 'hard', 'peer', 'newUserData', 'offsetBytes',
  'mode', 'qd', 'blockSize', 'fsync', 'dsync', 'fsyncEnd', 'syncPolicy', 'bufferSizeCb', 'progressCb', 'exclusive', 'reflink', 'sparse',
  'preserve', 'atomic', 'totalMb', 'nfiles', 'mbPerFile', 'initialCount', 'initialSize', 'entries', 'cqEntries', 'setupFlags',
  'sqThreadCpu', 'sqThreadIdle', 'singleThreadCheck', 'maxWorkers', 'refresh', 'events', 'data', 'sec', 'nsec', 'resolve', 'path', 'unknown',
];

const callbacks = { bufferSizeCb: () => () => 50_000, progressCb: () => () => {} };
const signal = (caller) => caller.abort.signal;
const userData = (caller) => caller.pick([1, 2, 3, 7n, 2n ** 64n - 1n]);
const copies = [{ signal }, { qd: 2, blockSize: 4096 }, { ...callbacks, fsync: true }];
const files = [{ totalMb: 1 }, { totalMb: 2, signal }, { totalMb: 1, qd: 3, blockSize: 65536, ...callbacks }];
const many = [{ nfiles: 2, mbPerFile: 1 }, { nfiles: 1, mbPerFile: 1, signal }];
const waits = [undefined, { signal }];
const KNOWN = {
  operation: [{ signal }, { userData }, { timeout: 5 }, { userData, timeout: 1e6, signal }, { sqeFlags: 16 }, { sqeFlags: 4 }],
  copy: [...copies, { mode: 'safe', atomic: true }, { exclusive: true, preserve: { timestamps: true, xattrs: true }, reflink: 'never', sparse: 'never' }],
  copyPath: copies.slice(0, 2), copyPathDynamic: copies,
  write: [...files, { totalMb: 3, mode: 'fast' }], writeNewfile: files.slice(0, 2), writeNewfileDynamic: files,
  writeMany: [...many, { nfiles: 2, mbPerFile: 1, mode: 'safe' }], writeManyfiles: many,
  waitCompletion: waits, submitAndWait: waits, readOffsets: [{ offsetBytes: true }, { offsetBytes: false }], getProbeInfo: [{ refresh: true }],
  create: [{ initialCount: 2 }, { initialSize: 100 }],
  UringCtx: [{ entries: 4 }, { cqEntries: 512 }, { setupFlags: 0 }, { singleThreadCheck: false }, { maxWorkers: 2 }],
  withSqpoll: [{ sqThreadIdle: 5 }], withDeferTaskrun: [{ entries: 1 }],
};

const INTEGERS = [
  -(2 ** 53), -(2 ** 31) - 1, -100, -2, -1, 0, 1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 4096, 65535, 65536, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1,
  2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e308,
];
const BIGINTS = [-(2n ** 63n), -1n, 0n, 1n, 7n, 4096n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 70n];

/** The parameters of a function, by its text: `read(fd, length, offset = 0, options)`. */
function parametersOf(call) {
  const text = Function.prototype.toString.call(call);
  const head = text.startsWith('class') ? /constructor\(([^)]*)\)/.exec(text)?.[1] : /\(([^)]*)\)/.exec(text)?.[1];
  return (head ?? '').split(',').map((one) => one.split('=')[0].trim()).filter((one) => one !== '');
}

function detached() {
  const view = new Uint8Array(16);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

const trapped = (target) => new Proxy(target, new Proxy({}, { get: () => throwing }));
const withGetters = (keys) => {
  const object = {};
  for (const key of keys) Object.defineProperty(object, key, { enumerable: true, get: throwing });
  return object;
};

function isClosed(pool) {
  try {
    pool.close();
    return true;
  } catch (error) {
    if (error.code !== 'EBUSY') throw error;
    return false;
  }
}

class Caller {
  constructor(uring, { seed, folder, note }) {
    this.uring = uring;
    this.random = numbersOf(seed);
    this.note = note;
    this.failures = [];
    this.counts = {};
    this.anything = fc.sample(
      fc.anything({
        withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSet: true, withSparseArray: !EXCLUDED.has('holes'),
        withTypedArray: true, maxDepth: 3,
      }),
      { seed, numRuns: 400 },
    );
    process.chdir(folder);
    fs.mkdirSync('d');
    for (const name of ['a', 'b', 'd/a']) fs.writeFileSync(name, Buffer.alloc(10_000, name));
    execFileSync('mkfifo', ['pipe']);
    this.pipe = fs.openSync('pipe', 'r+');
    fs.unlinkSync('pipe');
    this.calm = [fs.openSync('a', 'r+'), fs.openSync('b', 'r'), fs.openSync('.', 'r'), fs.openSync('/dev/null', 'r+')];
    this.nobodys = [5000, 2 ** 31 - 1];
  }

  index(length) {
    return Math.floor(this.random() * length);
  }

  pick(values) {
    return values[this.index(values.length)];
  }

  // Values, each with the text by which a report names it

  buffer() {
    const { pool } = this;
    return this.pick([
      () => Buffer.alloc(0),
      () => Buffer.alloc(1),
      () => Buffer.alloc(100),
      () => Buffer.alloc(70_000),
      () => pool.buffer(this.index(4)),
      () => pool.buffer(0).subarray(8, 40),
      () => new Uint8Array(new SharedArrayBuffer(64)),
      () => new SharedArrayBuffer(64),
      () => new Uint8Array(new ArrayBuffer(64, { maxByteLength: 128 })),
      () => new ArrayBuffer(32),
      () => new DataView(new ArrayBuffer(40), 3, 21),
      () => new Int32Array(new SharedArrayBuffer(64)),
      () => new Float64Array(9),
      () => new BigUint64Array(3),
      ...(EXCLUDED.has('detached') ? [] : [detached, () => detached().buffer, () => this.gone]),
    ])();
  }

  func() {
    return this.pick([
      () => {}, () => true, () => false, () => NaN, () => -1, () => 4096, () => 4096n, () => Symbol('of a callback'), () => 2 ** 40,
      throwing, async () => {}, async () => true, async () => throwing(), () => ({ then: throwing }), () => new Promise(setImmediate),
      class {}, function* () {}, Math.max, trapped(() => 4096),
    ]);
  }

  signal() {
    return this.pick([
      () => this.abort.signal, () => this.abort.signal, () => AbortSignal.abort(own), () => ({ aborted: true }), () => new EventTarget(),
      () => trapped(this.abort.signal), () => Object.create(AbortSignal.prototype),
    ])();
  }

  array() {
    const length = this.index(5);
    return this.pick([
      () => [],
      () => Array.from({ length }, () => this.buffer()),
      () => Array.from({ length }, () => this.pick(INTEGERS)),
      () => Array.from({ length }, () => this.value()),
      () => (EXCLUDED.has('holes') ? Array(1e4).fill() : Array(1e4)),
      () => Array(2000).fill(Buffer.alloc(2)),
      () => [this.pool.getPtr(0)[0], this.pick(INTEGERS)],
      () => this.pool.getPtr(this.index(4)),
      () => new Proxy([1, 2], {}),
      () => trapped([4]),
      () => withGetters(['0', 'length']),
      () => Object.defineProperty([1, 2], 1, { get: throwing }),
    ])();
  }

  address() {
    return this.pick([
      () => ({ path: this.pick(['sock', 'nosock', '', 's'.repeat(200), 'a\0b']) }),
      () => ({ family: this.pick(['IPv4', 'IPv6', 'ipv4', 4, null]), address: this.pick(['127.0.0.1', '::1', '', 'x', 7]), port: this.pick([0, 1, -1, 65536, '1']) }),
      () => Buffer.alloc(this.index(140), this.pick([0, 1, 2, 255])),
      () => withGetters(['path', 'address', 'family', 'port']),
    ])();
  }

  options(depth) {
    const keys = this.random() < 0.7 ? OPTIONS : MORE_OPTIONS;
    const object = this.random() < 0.1 ? Object.create(null) : {};
    for (let left = this.index(3); left >= 0; left -= 1) {
      const key = this.pick(keys);
      object[key] = this.harmless(key, this.random() < 0.6 ? this.plausible(key, depth) : this.value(depth));
    }
    return this.random() < 0.05 ? withGetters(Object.keys(object)) : object;
  }

  /** Options that the function knows. */
  saneOptions(name) {
    const found = { ...this.pick(KNOWN[name.replace(/Sync$/, '')] ?? KNOWN.operation) };
    for (const [key, value] of Object.entries(found)) if (typeof value === 'function') found[key] = value(this);
    return found;
  }

  /** Anything at all. */
  value(depth = 0) {
    return this.pick([
      () => undefined,
      () => null,
      () => this.pick([NaN, Infinity, -Infinity, -0, 0.5, -1.5]),
      () => this.pick(INTEGERS),
      () => this.pick(BIGINTS),
      () => this.pick(['x', '7', 'auto', '__proto__', 'y'.repeat(5000), '\ud800', ...FILES]),
      () => this.pick([Symbol('of an argument'), Symbol.iterator]),
      () => this.random() < 0.5,
      () => this.buffer(),
      () => this.func(),
      () => this.signal(),
      () => this.pick([new Proxy({}, {}), trapped({}), trapped(() => {}), ...(EXCLUDED.has('proxied') ? [] : [trapped(Buffer.alloc(8)), new Proxy(Buffer.alloc(8), {})])]),
      () => withGetters([...OPTIONS, ...MORE_OPTIONS, 'constructor', 'byteLength', 'buffer', 'href', 'then', Symbol.iterator, Symbol.toPrimitive]),
      () => ({ toString: throwing, valueOf: throwing }),
      () => Object.create(null),
      () => this.pick([new Date(NaN), /x/, new Map([[1, 2]]), new Error('an argument'), new URL('http://localhost/a'), new URL('file:///a%2Fb'), Object(1n), Object('a')]),
      () => this.pick([this.busy, this.calmRing, this.pool, this.loose, new this.uring.UringAsync(this.calmRing)]),
      () => this.pick(this.anything),
      () => (depth < 2 ? this.array() : []),
      () => (depth < 2 ? this.options(depth + 1) : {}),
    ])();
  }

  /** What a parameter of that name may well be. */
  plausible(name, depth = 0) {
    if (/fds$/.test(name)) return Array.from({ length: this.index(6) }, () => this.pick([-1, ...this.fds]));
    if (name === 'ringFd') return this.pick([this.busy.ringFd, this.calmRing.ringFd, this.loose.ringFd]);
    if (/fd/i.test(name)) return this.pick(this.fds);
    if (/path|^src$|^dst$|^target$/i.test(name)) return this.pick([...FILES, ...FILES, Buffer.from(this.pick(FILES)), new URL('a', `file://${process.cwd()}/`)]);
    if (name === 'dir') return this.pick(['d', '.', 'a', 'missing']);
    if (/^(options|how|event)$/.test(name)) return this.options(depth + 1);
    if (/^(buffers|messages)$/.test(name)) return Array.from({ length: this.index(5) }, () => this.buffer());
    if (/^(buf|buffer|data|value)$/.test(name)) return this.pick([this.buffer(), this.buffer(), 'text', 7]);
    if (/Cb$|^build$/.test(name)) return this.func();
    if (name === 'ptr') return this.pool.getPtr(this.index(4))[0] + this.pick([0n, 8n, -1n, 4096n]);
    if (name === 'address') return this.address();
    if (name === 'signal') return this.signal();
    if (name === 'offsets') return this.pick([[0, 1, 2], [4096n, 0n], new Float64Array([1, 2]), new BigInt64Array(3), [-1]]);
    if (/^(ctx|ua)$/.test(name)) return this.pick([this.busy, this.calmRing, this.loose]);
    if (/^(mode|syncPolicy|reflink|sparse)$/.test(name)) return this.pick(['auto', 'safe', 'fast', 'default', 'none', 'end', 'data', 'always', 'never', 0o644, 0, 1]);
    if (/^(fsync|dsync|fsyncEnd|atomic|exclusive|bigint|datasync|full|refresh|hard)$/.test(name)) return this.random() < 0.5;
    if (name === 'preserve') return { timestamps: this.random() < 0.5, xattrs: this.random() < 0.5 };
    if (/^(name|operation)$/.test(name)) return this.pick(['user.a', 'user.b', '', 'a\0b', 'x']);
    if (name === 'time') return this.pick([0, 1, 7.5, 1e6, { sec: 1 }, { nsec: 10 }, { sec: -1n, nsec: 0 }]);
    return this.pick(this.random() < 0.7 ? [0, 1, 2, 3, 4, 8, 96, 4096] : [...INTEGERS, ...BIGINTS]);
  }

  /** The same kind of value, where this one would do harm or cost too much. */
  harmless(name, value) {
    if (/fds$/.test(name) && Array.isArray(value)) return this.harmlessAll(value);
    if (name !== 'ringFd' && /fd/i.test(name) && Number.isInteger(value) && value >= 0 && !this.fds.includes(value)) return this.pick(this.fds);
    if (/path|^src$|^dst$|^target$|^dir$/i.test(name)) {
      if (typeof value === 'string' && value.includes('/') && !FILES.includes(value)) return 'x';
      if (types.isUint8Array(value) && !FILES.includes(Buffer.from(value).toString())) return Buffer.from('x');
    }
    // MADV_HWPOISON and MADV_SOFT_OFFLINE take memory from the machine for good.
    if (name === 'advice' && (value === 100 || value === 101)) return 4;
    if (name === 'sqeFlags' && Number.isInteger(value) && value > 0 && value < 256) return value & ~EXCLUDED_FLAGS;
    const most = MOST[name];
    if (most !== undefined && Number.isInteger(value) && value > most && value <= 2 ** 40) value = 1 + (value % most);
    if (most !== undefined && typeof value === 'bigint' && value > most && value <= 2n ** 40n) value = 1n + (value % BigInt(most));
    return /number|bigint/.test(typeof value) && value > 0 && value < LEAST[name] ? LEAST[name] : value;
  }

  harmlessAll(fds) {
    try {
      return Array.from(fds, (one) => this.harmless('fd', one));
    } catch {
      return fds;
    }
  }

  argumentsOf(call, name) {
    // Half of the calls have nothing wrong with their kinds: those reach the kernel.
    const isSane = this.random() < 0.5;
    const found = parametersOf(call).map((parameter) => {
      if (isSane && parameter === 'options') return this.random() < 0.5 ? undefined : this.saneOptions(name);
      if (/^closeFd/.test(name) && parameter === 'fd') return this.pick([...this.nobodys, -1, 'x', null, undefined]);
      return this.harmless(parameter, isSane || this.random() < 0.65 ? this.plausible(parameter) : this.value());
    });
    if (!isSane && this.random() < 0.1) found.length = this.index(found.length + 1);
    return found;
  }

  // Calls

  /** What can be called now, as `[name, function, this]`. */
  targets() {
    const { uring } = this;
    const methods = (name, object, from = Object.getPrototypeOf(object)) =>
      Reflect.ownKeys(from).flatMap((key) => {
        const { value } = Object.getOwnPropertyDescriptor(from, key);
        return typeof value === 'function' && key !== 'constructor' ? [[`${name}.${String(key)}`, value, object, String(key)]] : [];
      });
    const ring = (object, wanted) => {
      const own = methods('UringCtx', object);
      const inherited = methods('UringCtx', object, Object.getPrototypeOf(Object.getPrototypeOf(object)));
      return [...own, ...inherited].filter(([, , , key]) => key.endsWith('Sync') === wanted && BLOCKS[key] === undefined);
    };
    const isClass = (value) => /^class/.test(Function.prototype.toString.call(value));
    const root = Object.entries(uring).flatMap(([name, value]) => (typeof value === 'function' && !EXCLUDED.has(name) ? [[name, value, isClass(value) ? 'new' : undefined, name]] : []));
    const statics = [uring.UringCtx, uring.BufferPool].flatMap((made) => methods(made.name, made, made));
    return [...ring(this.busy, false), ...ring(this.calmRing, true), ...root, ...statics, ...methods('UringAsync', this.waits), ...methods('BufferPool', this.spare)];
  }

  /** A rejection or what was thrown must say what it is. */
  judge(text, error) {
    if (error === own || error instanceof Own) return 'own';
    // Said of a class that came as a callback.
    if (/^Class constructor/.test(error?.message)) return 'own';
    const code = error?.code;
    const isKnown = typeof code === 'string' && /^(ERR_[A-Z_]+|E[A-Z0-9]+)$/.test(code) && code !== 'ERR_URING_INTERNAL';
    if (!isKnown) this.fail(text, `${error?.stack ?? String(error)} code ${String(code)}`);
    return isKnown ? code : 'without';
  }

  fail(text, why) {
    // One of each kind is enough.
    const kind = why.split('\n', 2).join();
    if (!this.failures.some((other) => other.includes(kind)) && this.failures.length < 20) this.failures.push(`${text}: ${kind}`);
  }

  count(name, what) {
    this.counts[name] ??= {};
    this.counts[name][what] = (this.counts[name][what] ?? 0) + 1;
  }

  returnsPromise(target, key) {
    return typeof target?.[`${key}Sync`] === 'function' || key === 'drain' || (target === undefined && /^(copy|write)/.test(key));
  }

  call([name, call, target, key]) {
    const isCalm = target === this.calmRing;
    this.fds = isCalm ? [...this.calm, ...this.nobodys] : [...this.calm, ...this.nobodys, ...this.restless, this.calmRing.ringFd];
    const args = this.argumentsOf(call, key);
    const text = `${name}(${args.map((one) => told(one)).join(', ')})`;
    this.note(text);
    let result;
    try {
      result = target === 'new' ? Reflect.construct(call, args) : Reflect.apply(call, target, args);
    } catch (error) {
      if (this.returnsPromise(target, key)) this.fail(text, `throws, and does not reject: ${error?.stack}`);
      this.count(name, this.judge(text, error));
      return;
    }
    if (typeof result?.then === 'function') {
      const entry = { text };
      this.pending.add(entry);
      const end = (what) => {
        this.pending.delete(entry);
        this.count(name, what);
      };
      entry.promise = result.then((value) => {
        this.keep(key, value);
        end('done');
      }, (error) => end(this.judge(text, error)));
    } else {
      this.keep(key, result);
      this.count(name, 'done');
      if (typeof result?.[Symbol.asyncIterator] === 'function' && typeof result.next === 'function') this.iterate(text, result);
    }
  }

  iterate(text, iterator) {
    const entry = { text };
    this.pending.add(entry);
    entry.promise = iterator.next().then(() => {}, (error) => this.judge(text, error)).then(() => this.pending.delete(entry));
  }

  /** What a call made has to go at the end. */
  keep(key, value) {
    if (/^(open|socket|accept|pipe)/.test(key)) for (const fd of [value?.fd ?? value].flat()) if (Number.isInteger(fd)) this.opened.push(fd);
    if (typeof value?.close === 'function' && !this.made.includes(value)) this.made.push(value);
  }

  // Batches: everything is made anew, used, closed, and has to settle.

  begin() {
    const { uring } = this;
    const { UringCtx, UringAsync, BufferPool, constants } = uring;
    this.busy = new UringCtx({ entries: 32 });
    this.calmRing = new UringCtx({ entries: 32 });
    this.loose = new UringCtx({ singleThreadCheck: false });
    this.waits = new UringAsync(this.busy);
    this.pool = BufferPool.create({ initialCount: 4 });
    this.spare = BufferPool.create({ initialCount: 4, initialSize: 256 });
    const short = BufferPool.create({ initialCount: 1 });
    this.gone = short.buffer(0);
    short.close();
    this.made = [this.waits, this.busy, this.calmRing, this.loose];
    this.abort = new AbortController();
    this.opened = [];
    this.pending = new Set();
    fs.rmSync('sock', { force: true });
    const socket = (...args) => this.calmRing.socketSync(...args);
    const sockets = [socket(constants.AF_UNIX, constants.SOCK_STREAM), socket(constants.AF_UNIX, constants.SOCK_STREAM), socket(constants.AF_INET, constants.SOCK_DGRAM)];
    this.calmRing.bindSync(sockets[0], { path: 'sock' });
    this.calmRing.listenSync(sockets[0], 4);
    this.calmRing.connectSync(sockets[1], { path: 'sock' });
    this.restless = [this.pipe, ...sockets];
    this.opened.push(...sockets);
  }

  async end() {
    this.note('the end of a batch');
    this.abort.abort(own);
    const alive = setInterval(() => {}, 1000);
    for (const one of this.made) one.close();
    while (this.pending.size > 0) {
      const [{ text, promise }] = this.pending;
      this.note(`the end of ${text}`);
      await promise;
    }
    for (const one of this.made) one.close();
    // What was queued by hand and what was registered is given back too.
    for (const pool of [this.pool, this.spare]) while (!isClosed(pool)) await new Promise(setImmediate);
    clearInterval(alive);
    for (const fd of this.opened) fs.closeSync(fd);
  }

  async run(calls) {
    for (let done = 0; done < calls; ) {
      this.begin();
      const targets = this.targets();
      const many = Math.min(calls - done, 20 + this.index(150));
      for (let left = many; left > 0; left -= 1) {
        let target = this.pick(targets);
        // A closed ring says so: that is soon known.
        while (/^close$|ispose/.test(target[3]) && target[2] !== this.spare && this.random() < 0.97) target = this.pick(targets);
        process.env.URING_FALLBACK = this.random() < 0.5 ? '1' : '';
        this.call(target);
        if (this.random() < 0.1) await new Promise(setImmediate);
        if (this.random() < 0.02) this.abort.abort(own);
      }
      await this.end();
      done += many;
    }
    return { failures: this.failures, counts: this.counts };
  }
}

/** A value for a report; nothing of it is asked for. */
function told(value) {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'function' : String(value);
  return inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 4, maxStringLength: 40, customInspect: false, showProxy: true }).slice(0, 200);
}

/** Makes so many calls; `note` is the file that always says which one it is. */
function randomCalls(uring, { seed, calls, folder }) {
  const fd = fs.openSync(path.join(folder, '..', `${path.basename(folder)}.note`), 'w');
  const note = (text) => fs.writeSync(fd, Buffer.from(text.slice(0, 500).padEnd(2000)), 0, 2000, 0);
  return new Caller(uring, { seed, folder, note }).run(calls);
}

module.exports = { BLOCKS, randomCalls };
