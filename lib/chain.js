// Chains: operations that the kernel begins one after the other, each when the one before has
// succeeded. A read or write that ends short breaks a chain as an error does.

'use strict';

const { onAbort } = require('./abort.js');
const check = require('./arguments.js');
const { UringError } = require('./errors.js');
const { Loan } = require('./memory.js');
const { native } = require('./native.js');
const { shrunk } = require('./results.js');

const EINTR = 4;
const E2BIG = 7;
const EINVAL = 22;
const ETIMEDOUT = 110;
const ECANCELED = 125;
const F_MORE = 2;
const IOSQE_IO_LINK = 4;
const IOSQE_IO_HARDLINK = 8;

/** The longest deadline that a timer of Node takes. */
const MOST_MS = 2 ** 31 - 1;

const wasCancelled = (result) => result === -ECANCELED || result === -EINTR;

/** One operation of a chain, from its queueing to its completion. */
class Step {
  constructor(chain, ticket, name, inner) {
    this.chain = chain;
    this.ticket = ticket;
    this.name = name;
    this.inner = inner;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // The result is told by the chain too: nobody has to look here.
    this.promise.catch(() => {});
  }

  get isPending() {
    return this.result === undefined;
  }

  // A zero-copy send completes twice; the first tells.
  more(result, flags) {
    this.#settle(result, flags);
  }

  complete(result, flags) {
    if (this.isPending) this.#settle(result, flags);
    else this.inner.complete();
  }

  #settle(result, flags) {
    this.result = result;
    if (result >= 0 || flags & F_MORE) this.#tell(result, flags);
    else this.error = this.inner?.failed?.(result);
    this.chain.settled();
  }

  #tell(result, flags) {
    try {
      const { inner } = this;
      if (inner === undefined) this.value = result;
      else this.value = flags & F_MORE ? inner.sent(result) : inner.finish(result, flags);
      this.resolve(this.value);
    } catch (error) {
      this.error = error;
      this.reject(error);
    }
  }
}

class Chain {
  #pump;
  #name;
  #steps = [];
  #left = 0;
  #refused;
  #signal;
  #timeout;
  #timer;
  #expired = false;
  #onEnd;

  constructor(pump, build, options, name) {
    pump.open(name);
    check.func(build, 'build');
    const { hard = false, timeout, signal } = check.options(options, ['hard', 'timeout', 'signal']);
    check.boolean(hard, 'options.hard');
    if (timeout !== undefined) check.integer(timeout, 'options.timeout', 0, MOST_MS);
    this.#signal = check.signal(signal);
    this.#signal?.throwIfAborted?.();
    this.#timeout = timeout;
    this.#pump = pump;
    this.#name = name;
    this.#build(build, hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK);
  }

  #build(build, flag) {
    const pump = this.#pump;
    if (pump.chain !== undefined) throw this.#misuse('a chain is being built already');
    pump.chain = this;
    native.chain(pump.id, -1);
    try {
      this.#checkBuilt(build());
      if (this.#refused !== undefined) throw this.#refused;
    } catch (error) {
      native.chain(pump.id, 0);
      throw error;
    } finally {
      pump.chain = undefined;
      if (!pump.scheduled) pump.schedule();
    }
    const refused = native.chain(pump.id, flag);
    if (refused === -E2BIG) throw this.#misuse(`a chain is submitted at once: the ring has ${pump.entries} entries`);
    this.started = performance.now();
  }

  /** What an async function starts later is not in the chain, and what it throws would be lost. */
  #checkBuilt(returned) {
    if (typeof returned?.then !== 'function' || this.#steps.some(({ promise }) => promise === returned)) return;
    Promise.resolve(returned).catch(() => {});
    throw check.invalidReturnValue('build', 'nothing that is asynchronous', returned);
  }

  #misuse(detail) {
    return new UringError(EINVAL, this.#name, { detail });
  }

  /** An operation was queued while the chain was built. */
  add(ticket, name) {
    const step = new Step(this, ticket, name, this.#pump.values[ticket]);
    this.#pump.values[ticket] = step;
    this.#steps.push(step);
    this.#left += 1;
    return step.promise;
  }

  /** An operation was not queued: then the others are not either. */
  refuse(error) {
    this.#refused ??= error;
  }

  /** A step is over. One that the kernel had not begun could not be cancelled before. */
  settled() {
    this.#left -= 1;
    if (this.#left === 0) this.#onEnd?.();
    else if (this.#expired || this.#signal?.aborted) this.#cancel();
  }

  #cancel = () => {
    const step = this.#steps.find(({ isPending }) => isPending);
    if (step !== undefined) this.#pump.cancel(step.ticket);
  };

  #expire = () => {
    this.#expired = true;
    this.#cancel();
  };

  async promise() {
    if (this.#left > 0) {
      const ended = new Promise((resolve) => {
        this.#onEnd = resolve;
      });
      if (this.#timeout !== undefined) this.#timer = setTimeout(this.#expire, this.#timeout);
      const unhear = this.#signal === undefined ? undefined : onAbort(this.#signal, this.#cancel);
      await ended;
      clearTimeout(this.#timer);
      unhear?.();
    }
    const outcomes = this.#outcomes();
    if (this.#signal?.aborted && outcomes.some(({ status }) => status === 'rejected')) throw this.#signal.reason;
    return outcomes;
  }

  block() {
    while (this.#left > 0) {
      const left = this.#timeout === undefined ? Infinity : this.started + this.#timeout - performance.now();
      if (left <= 0 && !this.#expired) this.#expire();
      this.#pump.blockForAny(this.#name, left > 0 ? Math.ceil(left) : undefined);
    }
    return this.#outcomes();
  }

  /** Which step broke the chain: the last that was not cancelled, or a deadline that ran out. */
  #breaker() {
    const first = this.#steps.findIndex(({ result }) => wasCancelled(result));
    const isOver = this.#expired || this.#signal?.aborted || this.#pump.closed;
    const wasStopped = isOver || this.#steps[first]?.error !== undefined;
    if (first === -1 || wasStopped) return first;
    const isDeadline = (step) => step?.name === 'linkTimeout';
    if (isDeadline(this.#steps[first + 1]) && this.#steps[first + 1].value === true) return first + 1;
    let last = first - 1;
    while (isDeadline(this.#steps[last])) last -= 1;
    return Math.max(last, 0);
  }

  #outcomes() {
    const breaker = this.#breaker();
    return this.#steps.map((step, index) => {
      const { name: operation, value } = step;
      if (step.result >= 0 && step.error === undefined) return { status: 'fulfilled', value, operation };
      const brokenBy = wasCancelled(step.result) && index !== breaker ? breaker : undefined;
      const reason = step.error ?? this.#errorOf(step, brokenBy);
      step.reject(reason);
      const outcome = { status: 'rejected', reason, operation };
      return brokenBy === undefined ? outcome : { ...outcome, brokenBy };
    });
  }

  #errorOf({ name, result, inner }, brokenBy) {
    if (brokenBy !== undefined) {
      const detail = `step ${brokenBy} of the chain, ${this.#sayOf(this.#steps[brokenBy])}`;
      return new UringError(ECANCELED, name, { ...inner?.info, detail });
    }
    if (this.#expired && wasCancelled(result)) return new UringError(ETIMEDOUT, name, inner?.info);
    return new UringError(this.#pump.errnoOf(result), name, inner?.info);
  }

  #sayOf({ name, result, value }) {
    if (name === 'linkTimeout' && value === true) return 'linkTimeout, ran out';
    if (result >= 0) return `${name}, ended short with ${result}`;
    if (this.#expired && wasCancelled(result)) return `${name}, ran into the deadline`;
    return `${name}, failed with ${new UringError(-result, name).code}`;
  }
}

/** Memory that both operations of `linkReadWrite` use: the caller's own, or what stands in for it. */
function linkedMemory(pump, buffer) {
  pump.open('linkReadWrite');
  const target = check.bufferToFill(buffer, 'buffer');
  if (native.isLent(target) >= 0) return { target, view: target };
  const loan = new Loan(target.length);
  return { target, view: loan.view, loan };
}

/** What a short read has left to be written; undefined once all was. */
function finishReadWrite({ target, view, loan }, read, write) {
  if (read.status === 'rejected') throw renamed(read.reason);
  if (loan !== undefined) {
    const fits = target.length >= read.value;
    if (fits && read.value > 0) target.set(view.subarray(0, read.value));
    loan.release();
    if (!fits) throw shrunk(read.value, 'linkReadWrite');
  }
  const isShort = read.value < view.length;
  if (isShort && write.status === 'rejected' && write.brokenBy !== undefined) return target.subarray(0, read.value);
  if (write.status === 'rejected') throw renamed(write.reason);
  return undefined;
}

function renamed(error) {
  if (!(error instanceof UringError)) return error;
  return new UringError(error.errno, 'linkReadWrite', { detail: error.detail });
}

module.exports = { Chain, finishReadWrite, linkedMemory };
