// The engine room of a ring: gives operations their tickets, submits what was queued once per tick,
// and settles what comes back. One native call submits a batch and collects what is complete, so an
// operation that needs no waiting is settled with no thread between; for the rest the completion
// thread wakes the event loop, once per batch.

'use strict';

const diagnostics = require('node:diagnostics_channel');
const { performance } = require('node:perf_hooks');

const check = require('./arguments.js');
const { UringError, closedError, isOlderThan, lacks, rejectAwaited } = require('./errors.js');
const { native, queue } = require('./native.js');
const { Loan, Loaned, withoutReuse } = require('./memory.js');
const { Queue } = require('./queue.js');
const { CopyBack, CopyBackAll } = require('./results.js');

const EINTR = 4;
const EINVAL = 22;
const EFAULT = 14;
const EOPNOTSUPP = 95;
const ECANCELED = 125;

// Must be those of src/binding/ring.rs and src/ops/pump.rs.
const COUNT = 0xfffff;
const MORE = 1 << 20;
const DONE = 1 << 21;
const HEADER = 4;
const MESSAGES = 1 << 22;
const F_MORE = 2;

const batches = diagnostics.channel('uring:batch');

/** Milliseconds of one turn of the event loop that completions may take before timers get theirs. */
const BUDGET_MS = 2;

/** How long an operation has to end, once it was cancelled, before it is cancelled again. */
const INSIST_MS = 10;

/** A blocked thread looks up this often, so that a worker can be terminated. */
const SLICE_MS = 100;

const resolved = Promise.resolve();
const pumps = new Map();

/** 1 and 1n name the same operation. */
function nameKey(userData) {
  if (typeof userData === 'number') return userData;
  return userData <= Number.MAX_SAFE_INTEGER ? Number(userData) : userData;
}

let lastResolve;
const executor = (resolve) => {
  lastResolve = resolve;
};

/** On the event loop: the completion thread says that a ring is ready. */
function wake(id) {
  try {
    pumps.get(id)?.woken();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

class Pump {
  constructor(setup) {
    const id = native.open(
      wake,
      setup.entries,
      setup.cqEntries,
      setup.flags,
      setup.sqThreadCpu,
      setup.sqThreadIdle,
      setup.maxWorkers,
    );
    this.id = id;
    this.errno = id < 0 ? -id : 0;
    if (id < 0) return;
    pumps.set(id, this);
    this.words = new Int32Array(native.results(id));
    this.resolves = [];
    this.values = [];
    this.names = [];
    this.free = [];
    this.tickets = 0;
    this.scheduled = false;
    this.deferred = false;
    this.armed = false;
    this.keeping = false;
    this.polling = false;
    this.windowStart = 0;
    this.at = HEADER;
    this.end = HEADER;
    this.closed = false;
    this.freed = false;
    this.named = new Map();
    this.buffers = [];
    this.groups = new Map();
    this.chain = undefined;
    this.completions = new Queue();
    this.waiters = [];
    this.drainers = [];
    this.orphaned = false;
    this.wantsRef = true;
    this.flushSoon = () => this.flushInBudget();
    this.turn = () => this.flushInTurn();
  }

  /** Operations that have not been settled. */
  get pending() {
    return this.tickets - this.free.length;
  }

  /** A number for an operation about to be queued. */
  ticket() {
    const ticket = this.free.pop();
    return ticket === undefined ? this.tickets++ : ticket;
  }

  /**
   * The promise of a queued operation. What lies in `values[ticket]`, if anything, makes its result
   * of the kernel's number: see results.js.
   */
  promise(ticket, name) {
    if (this.chain !== undefined) return this.chain.add(ticket, name);
    const promise = new Promise(executor);
    this.resolves[ticket] = lastResolve;
    this.names[ticket] = name;
    if (!this.scheduled) this.schedule();
    return promise;
  }

  /** The promise of an operation that was not queued. */
  rejected(error) {
    const promise = Promise.reject(error);
    if (this.chain !== undefined) {
      this.chain.refuse(error);
      promise.catch(() => {});
    }
    return promise;
  }

  /** A queued operation whose completions `value.complete(result, flags)` gets. */
  handle(ticket, value) {
    this.values[ticket] = value;
    if (!this.scheduled) this.schedule();
  }

  // Queueing: for the methods that are generated from the table

  /** Where a use after `close()` ends. */
  open(name) {
    if (this.closed) throw closedError(name);
  }

  /** An operation was not queued: its ticket goes back. */
  refuse(ticket, errno, name) {
    const value = this.values[ticket];
    this.values[ticket] = undefined;
    this.free.push(ticket);
    const failed = value?.failed?.(errno);
    throw failed ?? new UringError(-errno, name, value?.info);
  }

  /** The next operation is to be done by a kernel thread, unless it copies nothing anyway. */
  sendOffThread() {
    native.modify(this.id, 0, 0, -1, true);
  }

  /** Memory that stands in for `target` while the kernel fills it. */
  lend(ticket, target) {
    const loan = new Loan(target.length);
    this.values[ticket] = new CopyBack(target, loan, this.values[ticket]);
    return loan.view;
  }

  lendAll(ticket, targets) {
    const loans = targets.map((target) => new Loan(target.length));
    this.values[ticket] = new CopyBackAll(targets, loans, this.values[ticket]);
    return loans.map((loan) => loan.view);
  }

  /** The part of the registered buffer `index` that `view` is, as the memory that is registered. */
  registered(view, index, name) {
    const entry = this.buffers[index];
    if (entry?.source.buffer === view.buffer) {
      const start = view.byteOffset - entry.source.byteOffset;
      const end = start + view.length;
      if (start >= 0 && end <= entry.source.length) {
        return entry.memory === entry.source ? view : entry.memory.subarray(start, end);
      }
    }
    const detail = `the buffer does not lie in the registered buffer ${index}`;
    throw new UringError(EFAULT, name, { detail });
  }

  fillRegistered(ticket, view, memory) {
    if (memory !== view) this.values[ticket] = new CopyBack(view, new Loaned(memory));
  }

  fillAllRegistered(ticket, views, memories) {
    this.values[ticket] = new CopyBackAll(views, memories.map((memory) => new Loaned(memory)));
  }

  /** Empties a place among the registered files that nobody asks for any more. */
  closeIndex(index) {
    if (this.closed) return;
    const ticket = this.ticket();
    const refused = queue.closeDirect(this.id, ticket, index + 1);
    if (refused !== undefined) this.refuse(ticket, refused, 'closeDirect');
    this.handle(ticket, { complete() {} });
  }

  /** Cancels an operation that is in flight or waiting to be. It settles for itself. */
  cancel(ticket) {
    native.cancel(this.id, ticket);
    if (!this.scheduled) this.schedule();
    this.insist(ticket, this.values[ticket]);
  }

  /**
   * A cancellation misses an operation that is between two states, a kernel thread about to wait say, or
   * that has not begun, behind a drain. So it is repeated until the operation is over.
   */
  insist(ticket, value) {
    if (value === undefined) return;
    const timer = setTimeout(() => {
      if (this.freed || this.values[ticket] !== value) return;
      native.cancel(this.id, ticket);
      this.flush();
      this.insist(ticket, value);
    }, INSIST_MS);
    // What is in flight keeps the process alive, where it is to.
    timer.unref();
  }

  /** The ticket of the operation that goes by that name; -1 if none does. */
  ticketOf(userData) {
    return this.named.get(nameKey(userData)) ?? -1;
  }

  /** Gives an operation in flight another name. */
  rename(from, to) {
    const ticket = this.ticketOf(from);
    if (ticket === -1) return;
    this.named.delete(nameKey(from));
    this.named.set(nameKey(to), ticket);
    this.values[ticket].userData = to;
  }

  /** Refuses a name that an operation in flight has. */
  checkName(userData) {
    if (this.named.has(nameKey(userData))) {
      const reason = 'is the name of another operation in flight';
      throw check.invalidArgValue('userData', reason, userData);
    }
  }

  // Submitting

  schedule() {
    this.scheduled = true;
    resolved.then(this.flushSoon);
  }

  flushInBudget() {
    if (!this.scheduled) return;
    const now = performance.now();
    if (now - this.windowStart > BUDGET_MS) {
      this.deferred = true;
      setImmediate(this.turn);
    } else {
      this.flush();
    }
  }

  /** First in a turn of the event loop: the budget begins anew. */
  flushInTurn() {
    this.deferred = false;
    this.windowStart = performance.now();
    this.flush();
  }

  woken() {
    this.armed = false;
    this.windowStart = performance.now();
    this.flush();
  }

  flush() {
    this.settle();
    if (this.freed) return;
    this.scheduled = this.deferred;
    const flushed = native.flush(this.id);
    if (flushed < 0) return this.broken(-flushed);
    const pending = this.words[0];
    this.take(flushed);
    if (batches.hasSubscribers) this.report(flushed & COUNT);
    if (flushed & MORE) this.again();
    else if (pending > 0 || this.waiters.length > 0 ? !this.armed : this.keeping) this.watchSoon();
    if (pending === 0 && this.pending === 0) this.idle();
  }

  /** Submits what is queued, and says how much that was. */
  submit() {
    this.flush();
    return this.words[1];
  }

  /** Settles what is complete, and submits nothing. */
  collect() {
    this.settle();
    this.take(native.collect(this.id));
  }

  /** Settles what a call of native code has found. */
  take(found) {
    if (found < 0) return this.broken(-found);
    this.end = HEADER + 3 * (found & COUNT);
    this.settle();
    if (found & MESSAGES) this.takeMessages();
  }

  /** Nothing is in flight. */
  idle() {
    if (this.drainers.length > 0) for (const drained of this.drainers.splice(0)) drained();
    if (this.orphaned) this.close();
    if (this.closed) this.watchSoon();
  }

  report(settled) {
    batches.publish({ ringFd: this.ringFd, submitted: this.words[1], settled, inFlight: this.pending });
  }

  takeMessages() {
    for (let message; (message = native.takeMessage(this.id)) !== undefined; ) {
      this.completed(...message);
    }
  }

  // By hand: completions wait here for whoever asks for them.

  /** One completion for those who collect them by hand; only messages of other rings have flags. */
  completed(userData, result, flags = 0) {
    this.completions.push(flags === 0 ? [userData, result] : [userData, result, flags]);
    if (this.waiters.length > 0) this.serve();
  }

  /** Gives completions to those who wait, in the order in which they came to wait. */
  serve() {
    while (this.waiters.length > 0 && this.completions.length >= this.waiters[0].want) {
      this.waiters.shift().serve(this.completions);
    }
  }

  wait(waiter) {
    this.waiters.push(waiter);
    // What is here already is theirs at once, in their turn.
    this.serve();
    if (!this.scheduled) this.schedule();
  }

  leave(waiter) {
    const at = this.waiters.indexOf(waiter);
    if (at !== -1) this.waiters.splice(at, 1);
    this.serve();
  }

  /** Goes on after the event loop had its turn. */
  again() {
    if (this.deferred) return;
    this.deferred = this.scheduled = true;
    setImmediate(this.turn);
  }

  // Watching, put off to the end of the turn: what completes until then needs no wake.

  watchSoon() {
    if (this.polling) return;
    this.polling = true;
    setImmediate(() => this.watch());
  }

  watch() {
    this.polling = false;
    if (this.freed) return;
    const armed = native.arm(this.id, this.waiters.length > 0);
    if (armed < 0) return this.broken(-armed);
    // What completed just before the watch began would wake nobody.
    this.keeping = this.armed = armed > 0;
    this.flush();
    if (this.closed) this.freeIfIdle();
  }

  // Settling. The cursor is kept on the object, since what is called on the way (a subscriber of a
  // diagnostics channel, say) may block on the same ring and so come through here again.

  settle() {
    const { words, resolves, values, free } = this;
    while (this.at < this.end) {
      const at = this.at;
      const ticket = words[at];
      const result = words[at + 1];
      const flags = words[at + 2];
      this.at = at + 3;
      const value = values[ticket];
      if (flags & F_MORE) {
        value.more(result, flags);
        continue;
      }
      const resolve = resolves[ticket];
      resolves[ticket] = undefined;
      values[ticket] = undefined;
      free.push(ticket);
      if (resolve === undefined) value.complete(result, flags);
      else if (result < 0) this.reject(resolve, this.names[ticket], value, result);
      else if (value === undefined) resolve(result);
      else this.resolveWith(resolve, value, result, flags, this.names[ticket]);
    }
    this.at = this.end = HEADER;
  }

  resolveWith(resolve, value, result, flags, name) {
    if (this.closed && value.late !== undefined) {
      value.late(result);
      return rejectAwaited(resolve, () => new UringError(ECANCELED, name, value.info));
    }
    try {
      resolve(value.finish(result, flags));
    } catch (error) {
      rejectAwaited(resolve, () => error);
    }
  }

  reject(resolve, name, value, result) {
    const failed = value?.failed?.(result);
    const errno = this.errnoOf(result);
    rejectAwaited(resolve, () => failed ?? this.errorOf(errno, name, value?.info));
  }

  /** A kernel refuses what it does not know of an opcode that it has. */
  errorOf(errno, name, info) {
    const since = this.later[name];
    const isRefused = errno === EINVAL || errno === EOPNOTSUPP;
    return isRefused && since !== undefined && isOlderThan(since) ? lacks(name, since) : new UringError(errno, name, info);
  }

  /** A cancelled operation of an io-wq thread ends with EINTR. */
  errnoOf(result) {
    return this.closed && result === -EINTR ? ECANCELED : -result;
  }

  // Blocking

  /** Waits for one queued operation, settles the others that end meanwhile, and returns its result. */
  block(ticket, name) {
    const value = this.values[ticket];
    if (this.chain !== undefined) throw this.blockedInChain(ticket, name);
    let waited;
    let result;
    let flags;
    do {
      this.settle();
      waited = native.wait(this.id, ticket, value?.slice?.() ?? SLICE_MS);
      if (waited < 0) {
        this.broken(-waited);
        throw new UringError(-waited, name);
      }
      result = this.words[1];
      flags = this.words[2];
      this.end = HEADER + 3 * (waited & COUNT);
      if (waited & MESSAGES) this.takeMessages();
    } while (!(waited & DONE));
    if (!(flags & F_MORE)) {
      this.values[ticket] = undefined;
      this.free.push(ticket);
    }
    if (this.end > HEADER) this.settle();
    if (flags & F_MORE) {
      // Its last completion is for the event loop to wait for.
      if (!this.scheduled) this.schedule();
      return value.sent(result);
    }
    if (result >= 0) return value === undefined ? result : value.finish(result, flags);
    throw value?.failed?.(result) ?? this.errorOf(this.errnoOf(result), name, value?.info);
  }

  /** What waits here would wait for its own chain. */
  blockedInChain(ticket, name) {
    this.values[ticket] = { complete() {} };
    return new UringError(EINVAL, name, { detail: 'a blocking call inside link() would never end' });
  }

  /** Waits until any operation is done, and settles what is. */
  blockForAny(name, limit = SLICE_MS) {
    this.open(name);
    this.settle();
    this.take(native.wait(this.id, -1, Math.min(limit, SLICE_MS)));
  }

  // The end

  /** Cancels what is in flight. Its promises settle as the kernel returns it, never before. */
  close() {
    if (this.closed) return;
    this.closed = true;
    for (const waiter of this.waiters.splice(0)) waiter.fail(closedWait());
    this.cancelAll();
    this.watchSoon();
    this.freeIfIdle();
  }

  /** As in `insist`. */
  cancelAll() {
    if (this.freed || this.pending === 0) return;
    native.close(this.id);
    const timer = setTimeout(() => {
      if (!this.freed) this.flush();
      this.cancelAll();
    }, INSIST_MS);
    timer.unref();
  }

  /** Nobody can reach the ring any more: it closes when nothing is in flight. */
  abandon() {
    this.orphaned = true;
    if (this.pending === 0) this.close();
  }

  /** Resolves when nothing is in flight. */
  async drain() {
    this.open('drain');
    if (this.pending === 0) return;
    const drained = new Promise((resolve) => {
      this.drainers.push(resolve);
    });
    this.flush();
    await drained;
  }

  get isRef() {
    return this.wantsRef;
  }

  setRef(on) {
    this.wantsRef = on;
    if (!this.freed) native.setRef(this.id, on);
  }

  stats() {
    this.open('stats');
    const [submitted, completed, inline, batchCount, largestBatch, wakes, overflow, retries] =
      native.stats(this.id);
    return { submitted, completed, inline, batches: batchCount, largestBatch, wakes, overflow, retries };
  }

  freeIfIdle() {
    if (this.freed || this.pending > 0) return;
    this.freed = true;
    pumps.delete(this.id);
    native.free(this.id);
  }

  /** The ring takes no more: everything that waits is told so. */
  broken(errno) {
    if (this.freed) return;
    this.closed = true;
    for (const waiter of this.waiters.splice(0)) waiter.fail(new UringError(errno, 'waitCompletion'));
    withoutReuse(() => this.failAll(errno));
    native.close(this.id);
  }

  failAll(errno) {
    for (let ticket = 0; ticket < this.tickets; ticket++) {
      const resolve = this.resolves[ticket];
      const value = this.values[ticket];
      this.resolves[ticket] = this.values[ticket] = undefined;
      if (resolve !== undefined) this.reject(resolve, this.names[ticket], value, -errno);
      else value?.complete?.(-errno, 0);
    }
  }
}

const closedWait = () => new UringError(ECANCELED, 'waitCompletion', { detail: 'closed' });

module.exports = { Pump, nameKey };
