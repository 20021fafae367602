// UringAsync: the completions of a ring that were submitted by hand, as promises and as an async
// iterator; and the same by a blocking wait on the thread pool.

'use strict';

const { waitReadable } = require('../binding.js');
const check = require('./arguments.js');
const { Waiter } = require('./by-hand.js');
const { UringError, closedError } = require('./errors.js');
const { PUMP } = require('./pump-shared.js');

const EINVAL = 22;
const ECANCELED = 125;

/** The longest that a thread of the pool waits at once: then the process can exit. */
const SLICE_MS = 100;

function pumpOf(ctx) {
  const pump = ctx?.[PUMP];
  if (pump === undefined) throw check.invalidArgType('ctx', 'an instance of UringCtx', ctx);
  return pump;
}

class UringAsync {
  #ctx;
  #closed = false;
  #waiters = new Set();

  constructor(ctx) {
    pumpOf(ctx).open('UringAsync');
    this.#ctx = ctx;
  }

  get ctx() {
    return this.#ctx;
  }

  get ringFd() {
    return this.#ctx.ringFd;
  }

  get closed() {
    return this.#closed;
  }

  async waitCompletion(options) {
    if (this.#closed) throw closedError('waitCompletion');
    const pump = this.#ctx[PUMP];
    pump.open('waitCompletion');
    if (options === undefined && pump.waiters.length === 0) {
      // What is here already needs nobody to wait.
      if (pump.completions.length === 0) pump.submit();
      if (pump.completions.length > 0) return pump.completions.shift();
    }
    const waiter = new Waiter(pump, 1, (completions) => completions.shift(), options);
    this.#waiters.add(waiter);
    try {
      return await waiter.promise;
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Ends when it, or the ring, is closed. */
  async *[Symbol.asyncIterator]() {
    while (!this.#closed && !this.#ctx.closed) {
      let pair;
      try {
        pair = await this.waitCompletion();
      } catch (error) {
        if (this.#closed || this.#ctx.closed) return;
        throw error;
      }
      yield pair;
    }
  }

  /** The waiters are told; the ring stays open, and no completion is lost. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    const pump = this.#ctx[PUMP];
    for (const waiter of this.#waiters) {
      pump.leave(waiter);
      waiter.fail(new UringError(ECANCELED, 'waitCompletion', { detail: 'closed' }));
    }
  }
}

if (Symbol.asyncDispose !== undefined) {
  UringAsync.prototype[Symbol.asyncDispose] = async function disposeAsync() {
    this.close();
  };
}

async function waitCompletionInExecutor(ctx) {
  const pump = pumpOf(ctx);
  pump.open('waitCompletionInExecutor');
  if (ctx.singleThreadCheck) {
    const detail = 'the wait is on another thread: make the UringCtx with singleThreadCheck: false';
    throw new UringError(EINVAL, 'waitCompletionInExecutor', { detail });
  }
  pump.submit();
  while (pump.completions.length === 0) {
    await waitReadable(ctx.ringFd, SLICE_MS);
    pump.open('waitCompletionInExecutor');
    pump.collect();
  }
  return pump.completions.shift();
}

module.exports = { UringAsync, waitCompletionInExecutor };
