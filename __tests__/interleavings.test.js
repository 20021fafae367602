// Submission and completion by hand, in any order: queueing, submitting, collecting in three ways,
// cancelling, promises between, garbage collection, the end of the ring. Each completion comes once,
// with the bytes that it says; none comes that nobody asked for.

'use strict';

const { execFileSync } = require('node:child_process');
const fc = require('fast-check');
const fs = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

const { BufferPool, UringCtx, availability } = require('..');
const { atEnd, bytes, file, fresh } = require('./support/files.js');
const { howMany, limit, seedOf } = require('./support/random.js');

const seed = seedOf(__filename);
v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const content = bytes(50_000);
const source = fs.openSync(file(content), 'r');
const written = file('');
const target = fs.openSync(written, 'r+');
const NOWHERE = 99_999;
const [ECANCELED, EINTR, EBADF] = [125, 4, 9];
const SLOT = 512;

/** A pipe that is read, and where nothing comes unless somebody writes. */
function pipe() {
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  return fs.openSync(name, 'r+');
}
const [silent, fed] = [pipe(), pipe()];
atEnd(() => [source, target, silent, fed].forEach((fd) => fs.closeSync(fd)));

/** The same number in the forms that `userData` takes. */
const FORMS = [(id) => id, (id) => BigInt(id), (id) => BigInt(id) + 2n ** 53n, (id) => BigInt(id) + 2n ** 63n];
const keyOf = (userData) => `${typeof userData} ${userData}`;

const MAKE = [
  (options) => new UringCtx(options),
  (options) => new UringCtx({ ...options, setupFlags: 0 }),
  (options) => UringCtx.withDeferTaskrun(options),
];

class Model {
  constructor({ make, entries }) {
    this.ctx = MAKE[make]({ entries });
    this.pool = BufferPool.create({ initialCount: 4, initialSize: SLOT });
    this.slots = new Set([0, 1, 2, 3]);
    this.asked = new Map();
    this.waiters = 0;
    this.hungry = 0;
    this.promises = [];
    this.count = 0;
    this.offset = 0;
  }

  // What is asked for: `check(result)` is told how it ended

  ask(form, queue, check, kind) {
    const userData = FORMS[form](this.count++);
    queue(userData);
    this.asked.set(keyOf(userData), { userData, check, kind, cancelled: false });
  }

  read({ form, at, length, isDropped }) {
    const buffer = Buffer.alloc(length);
    const kept = isDropped ? undefined : buffer;
    const wanted = content.subarray(at, at + length);
    this.ask(form, (userData) => this.ctx.readAsync(source, buffer, at, userData), (result) => {
      expect(result).toBe(wanted.length);
      if (kept !== undefined) expect(kept.subarray(0, result).equals(wanted)).toBe(true);
    }, 'file');
  }

  /** Straight into a slot of the pool, by pair or by pointer. */
  readSlot({ form, at, isPair }) {
    const [slot] = this.slots;
    if (slot === undefined) return;
    this.slots.delete(slot);
    const [pointer, size] = this.pool.getPtr(slot);
    const queue = isPair
      ? (userData) => this.ctx.readAsync(source, [pointer, size], at, userData)
      : (userData) => this.ctx.readAsyncPtr(source, pointer, size, at, userData);
    this.ask(form, queue, (result) => {
      expect(this.pool.get(slot).subarray(0, result).equals(content.subarray(at, at + size))).toBe(true);
      this.slots.add(slot);
    }, 'file');
  }

  write({ form, at, length }) {
    const data = Buffer.from(content.subarray(at, at + length));
    const { offset } = this;
    this.offset += data.length;
    this.ask(form, (userData) => this.ctx.writeAsync(target, data, offset, userData), (result) => {
      expect(result).toBe(data.length);
      const found = Buffer.alloc(result);
      fs.readSync(target, found, 0, result, offset);
      expect(found.equals(content.subarray(at, at + length))).toBe(true);
    }, 'file');
    // What the caller does with it afterwards does not matter.
    data.fill(0);
  }

  fail({ form }) {
    this.ask(form, (userData) => this.ctx.readAsync(NOWHERE, Buffer.alloc(8), 0, userData), (result) => expect(result).toBe(-EBADF), 'file');
  }

  listen({ form, isFed }) {
    if (this.of('silent').length + this.of('fed').length >= this.ctx.entries) return;
    if (isFed) this.hungry += 1;
    const buffer = Buffer.alloc(1);
    const queue = (userData) => this.ctx.readAsync(isFed ? fed : silent, buffer, 0, userData);
    this.ask(form, queue, (result, { cancelled }) => {
      if (cancelled && (result === -ECANCELED || result === -EINTR)) return;
      expect({ isFed, result }).toEqual({ isFed: true, result: 1 });
      expect(buffer.toString('latin1', 0, 1)).toBe('f');
    }, isFed ? 'fed' : 'silent');
  }

  of(kind) {
    return [...this.asked.values()].filter((one) => one.kind === kind);
  }

  /** A name that is in use is refused, and nothing comes of it. */
  repeat() {
    const [one] = this.of('silent').filter(({ cancelled }) => !cancelled);
    if (one === undefined) return;
    const again = () => this.ctx.readAsync(source, Buffer.alloc(8), 0, one.userData);
    expect(again).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
  }

  /** One byte for one read, whichever gets it: more reads than bytes wait on. */
  feed() {
    if (this.hungry === 0) return;
    this.hungry -= 1;
    fs.writeSync(fed, 'f');
  }

  cancel({ at }) {
    const all = [...this.asked.values()].filter(({ kind }) => kind === 'silent');
    if (all.length === 0) return;
    const one = all[at % all.length];
    one.cancelled = true;
    const gone = this.ctx.asyncCancel(one.userData).then(
      (count) => expect(count).toBe(1),
      ({ code }) => expect(['ENOENT', 'EALREADY', 'ECANCELED']).toContain(code),
    );
    this.promises.push(gone);
  }

  promise({ at, length }) {
    const wanted = content.subarray(at, at + length);
    this.promises.push(this.ctx.read(source, length, at).then(
      (read) => expect(read.equals(wanted)).toBe(true),
      ({ code }) => expect({ code, closed: this.ctx.closed }).toEqual({ code: 'ECANCELED', closed: true }),
    ));
  }

  blocking({ at, length }) {
    expect(this.ctx.readSync(source, length, at).equals(content.subarray(at, at + length))).toBe(true);
  }

  // What comes back

  seen([userData, result]) {
    const key = keyOf(userData);
    expect([...this.asked.keys()]).toContain(key);
    const one = this.asked.get(key);
    this.asked.delete(key);
    one.check(result, one);
  }

  peek() {
    const pair = this.ctx.peekCompletion();
    if (pair !== null) this.seen(pair);
    return pair !== null;
  }

  /** Only where one is sure to come that nobody else waits for. */
  waitSync() {
    if (this.of('file').length > this.waiters) this.seen(this.ctx.waitCompletionSync());
  }

  wait({ isAborted }) {
    const abort = new AbortController();
    this.waiters += 1;
    const over = () => (this.waiters -= 1);
    this.promises.push(this.ctx.waitCompletion({ signal: abort.signal }).then(
      (pair) => {
        over();
        this.seen(pair);
      },
      ({ name, code }) => {
        over();
        if (name !== 'AbortError') expect({ code, closed: this.ctx.closed }).toEqual({ code: 'ECANCELED', closed: true });
      },
    ));
    if (isAborted) abort.abort();
    else this.aborts = [...(this.aborts ?? []), abort];
  }

  submit() {
    expect(this.ctx.submit()).toBeGreaterThanOrEqual(0);
  }

  turn() {
    return new Promise(setImmediate);
  }

  gc() {
    collectGarbage();
  }

  // The end, one way or the other

  async collectAll() {
    for (const abort of this.aborts ?? []) abort.abort();
    while (this.hungry > 0) this.feed();
    this.ctx.submit();
    this.of('silent').forEach((_, index) => this.cancel({ at: index }));
    await Promise.all(this.promises);
    while (this.asked.size > 0) this.seen(await this.ctx.waitCompletion());
    expect(this.ctx.peekCompletion()).toBeNull();
    expect(this.ctx.inFlight).toBe(0);
    this.ctx.close();
  }

  async closeNow() {
    this.ctx.close();
    expect(() => this.ctx.peekCompletion()).toThrow(expect.objectContaining({ detail: 'closed' }));
    await Promise.all(this.promises);
    while (this.ctx.inFlight > 0) await this.turn();
    // Bytes for reads that are no more are not for the next sequence.
    const rest = fs.openSync(`/proc/self/fd/${fed}`, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    expect(() => {
      for (;;) fs.readSync(rest, Buffer.alloc(64));
    }).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
    fs.closeSync(rest);
  }

  async finish({ isClosed }) {
    await (isClosed ? this.closeNow() : this.collectAll());
    this.pool.close();
  }
}

const form = fc.nat(FORMS.length - 1);
const at = fc.nat(49_000);
const length = fc.integer({ min: 1, max: 1000 });
const STEPS = {
  read: [4, { form, at, length, isDropped: fc.boolean() }],
  readSlot: [2, { form, at, isPair: fc.boolean() }],
  write: [2, { form, at, length }],
  fail: [1, { form }],
  listen: [2, { form, isFed: fc.boolean() }],
  repeat: [1, {}],
  feed: [1, {}],
  cancel: [1, { at: fc.nat(100) }],
  promise: [1, { at, length }],
  blocking: [1, { at, length }],
  peek: [3, {}],
  waitSync: [3, {}],
  wait: [2, { isAborted: fc.boolean() }],
  submit: [3, {}],
  turn: [2, {}],
  gc: [1, {}],
};
const step = fc.oneof(...Object.entries(STEPS).map(([name, [weight, args]]) => ({ weight, arbitrary: fc.record({ name: fc.constant(name), args: fc.record(args) }) })));
const sequence = fc.record({
  setup: fc.record({ make: fc.nat(MAKE.length - 1), entries: fc.constantFrom(8, 64) }),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
  end: fc.record({ isClosed: fc.boolean() }),
});

async function runSequence({ setup, steps, end }) {
  const model = new Model(setup);
  try {
    for (const { name, args } of steps) await model[name](args);
    await model.finish(end);
  } finally {
    model.ctx.close();
  }
}

const many = howMany(300, 20_000);
const { available, reason } = availability();
(available ? test : test.skip)(`${many} sequences: each completion once (URING_SEED=${seed})${available ? '' : ` (skipped: ${reason})`}`, async () => {
  await fc.assert(fc.asyncProperty(sequence, runSequence), { seed, numRuns: many });
}, limit);
