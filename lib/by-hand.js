// Submission and completion by hand: operations whose `[userData, result]` waits in the ring until
// somebody collects it, and those who wait for one.

'use strict';

const { onAbort } = require('./abort.js');
const check = require('./arguments.js');
const { nameKey } = require('./pump.js');

const UINT64_MAX = 2n ** 64n - 1n;

/** The value of an operation whose completion goes to the queue. */
class ByHand {
  constructor(pump, userData, isNamed) {
    this.pump = pump;
    this.userData = userData;
    this.isNamed = isNamed;
  }

  /** Right after the operation was queued: it is submitted when the caller says so. */
  attach(ticket) {
    const { pump } = this;
    // Memory that stands in for the caller's has a value waiting already.
    this.inner = pump.values[ticket];
    pump.values[ticket] = this;
    if (this.isNamed) pump.named.set(nameKey(this.userData), ticket);
  }

  complete(result) {
    const { pump, inner, userData } = this;
    if (this.isNamed) pump.named.delete(nameKey(userData));
    pump.completed(userData, inner === undefined ? result : conclude(inner, result));
  }
}

function conclude(inner, result) {
  if (result < 0) {
    inner.failed?.(result);
    return result;
  }
  try {
    return inner.finish(result);
  } catch (error) {
    return -error.errno;
  }
}

/** Somebody who waits until `want` completions are there. */
class Waiter {
  constructor(pump, want, take, options) {
    const { signal } = check.options(options, ['signal']);
    this.want = want;
    this.take = take;
    this.signal = check.signal(signal);
    this.signal?.throwIfAborted();
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.abort = () => {
      pump.leave(this);
      this.fail(this.signal.reason);
    };
    if (this.signal !== undefined) this.unhear = onAbort(this.signal, this.abort);
    pump.wait(this);
  }

  serve(completions) {
    this.unhear?.();
    this.resolve(this.take(completions));
  }

  fail(error) {
    this.unhear?.();
    this.reject(error);
  }
}

/** A `[ptr, size]` pair of `BufferPool.getPtr`. */
function readPointer(pair, name) {
  const [ptr, size] = pair;
  if (pair.length !== 2) throw check.invalidArgValue(name, 'must be a buffer or a [ptr, size] pair', pair);
  check.int64(ptr, `${name}[0]`, 0n, UINT64_MAX);
  check.integer(size, `${name}[1]`, 0, 2 ** 32 - 1);
  return [ptr, size];
}

module.exports = { ByHand, Waiter, readPointer };
