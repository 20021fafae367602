// The options that every operation takes: `signal`, `timeout`, `userData`, `sqeFlags`, and `rwFlags`
// where it reads or writes. An operation without options never comes through here.

'use strict';

const { onAbort } = require('./abort.js');
const check = require('./arguments.js');
const { UringError } = require('./errors.js');
const { native } = require('./native.js');

const { nameKey } = require('./pump.js');

const EINTR = 4;
const ETIMEDOUT = 110;
const ECANCELED = 125;
const IOSQE_ASYNC = 16;
const SLICE_MS = 100;
const MOST_MS = 2 ** 31 - 1;
const UINT32_MAX = 2 ** 32 - 1;
// IOSQE_CQE_SKIP_SUCCESS would leave a promise pending for ever, BUFFER_SELECT has its own calls.
const REFUSED_FLAGS = 1 << 6 | 1 << 5;

class Extras {
  constructor(pump, options, readsOrWrites, blocking) {
    const { timeout = -1, userData, sqeFlags = 0, rwFlags = 0 } = options;
    this.pump = pump;
    this.signal = check.signal(options.signal);
    if (options.timeout !== undefined) checkTimeout(timeout);
    if (userData !== undefined) check.userData(userData, 'options.userData');
    check.integer(sqeFlags, 'options.sqeFlags', 0, 255);
    if (sqeFlags & REFUSED_FLAGS) {
      const reason = 'must not have IOSQE_CQE_SKIP_SUCCESS or IOSQE_BUFFER_SELECT';
      throw check.invalidArgValue('options.sqeFlags', reason, sqeFlags);
    }
    if (readsOrWrites) check.integer(rwFlags, 'options.rwFlags', 0, UINT32_MAX);
    this.signal?.throwIfAborted?.();
    if (userData !== undefined) pump.checkName(userData);
    this.timeout = timeout;
    this.blocking = blocking;
    this.userData = userData;
    this.sqeFlags = sqeFlags;
    this.rwFlags = rwFlags;
    this.asked = false;
  }

  /**
   * Right before the operation is queued. A linked timeout does not stop what a kernel thread does, nor
   * has a ring of one entry room for it: a timer of ours cancels instead.
   */
  apply(offThread) {
    const isTimed = this.timeout >= 0;
    this.hasTimer = isTimed && (offThread || (this.sqeFlags & IOSQE_ASYNC) !== 0 || this.pump.entries < 2);
    const linked = this.hasTimer ? -1 : this.timeout;
    native.modify(this.pump.id, this.sqeFlags, this.rwFlags, linked, offThread);
  }

  /** Right after: wraps the value that waits with the operation. */
  attach(ticket, name) {
    const { pump, signal, userData } = this;
    this.ticket = ticket;
    this.name = name;
    this.inner = pump.values[ticket];
    this.info = this.inner?.info;
    if (this.inner?.late !== undefined) this.late = this.lateNow;
    pump.values[ticket] = this;
    this.started = performance.now();
    if (userData !== undefined) pump.named.set(nameKey(userData), ticket);
    if (this.hasTimer && !this.blocking) this.wait();
    if (signal !== undefined) {
      this.unhear = onAbort(signal, () => this.cancel());
    }
  }

  /** Gives the operation another name, and its result another form. */
  wrap(name, inner) {
    this.name = name;
    this.inner = inner;
  }

  /** Asks the kernel to let go. The promise settles when it did, with what really happened. */
  cancel() {
    if (this.ticket === undefined) return;
    this.asked = true;
    this.pump.cancel(this.ticket);
  }

  /** Until the time is over, in steps that a timer of Node takes. */
  wait() {
    const left = this.started + this.timeout - performance.now();
    if (left <= 0) this.expire();
    else this.timer = setTimeout(() => this.wait(), Math.min(Math.ceil(left), MOST_MS));
  }

  expire() {
    if (this.ticket === undefined) return;
    this.hasExpired = true;
    this.pump.cancel(this.ticket);
  }

  /** How long a blocked thread may wait at once; the timer of a blocking call is here. */
  slice() {
    if (!this.hasTimer || this.hasExpired) return undefined;
    const left = this.started + this.timeout - performance.now();
    if (left <= 0) this.expire();
    return Math.min(SLICE_MS, Math.max(1, Math.ceil(left)));
  }

  detach() {
    this.ticket = undefined;
    clearTimeout(this.timer);
    this.unhear?.();
    if (this.userData !== undefined) this.pump.named.delete(nameKey(this.userData));
  }

  finish(result, flags) {
    this.detach();
    if (this.asked && this.signal?.aborted && this.inner?.late !== undefined) {
      this.inner.late(result);
      throw this.signal.reason;
    }
    return this.inner === undefined ? result : this.inner.finish(result, flags);
  }

  // The two completions of a zero-copy send: there is nothing to cancel any more.

  more(result, flags) {
    this.inner.more(result, flags, this.#failedIf(result));
  }

  sent(result) {
    return this.inner.sent(result, this.#failedIf(result));
  }

  #failedIf(result) {
    if (result < 0) return this.failed(result, true);
    this.detach();
    return undefined;
  }

  complete() {
    this.inner.complete();
  }

  /** The ring was closed: what the operation brings is not wanted any more. */
  lateNow(result) {
    this.detach();
    this.inner.late(result);
  }

  /** Why it failed. With more to come, what the operation holds is not given back yet. */
  failed(result, more = false) {
    this.detach();
    const other = more ? undefined : this.inner?.failed?.(result);
    if (result !== -ECANCELED && result !== -EINTR) return other;
    if (this.asked && this.signal?.aborted) return this.signal.reason;
    const late = this.hasTimer
      ? this.hasExpired
      : this.timeout >= 0 && performance.now() - this.started >= this.timeout - 1;
    return late && !this.asked ? new UringError(ETIMEDOUT, this.name, this.info) : other;
  }
}

function checkTimeout(timeout) {
  if (typeof timeout !== 'number') {
    throw check.invalidArgType('options.timeout', 'of type number', timeout);
  }
  if (!(timeout >= 0 && timeout <= Number.MAX_SAFE_INTEGER)) {
    throw check.outOfRange('options.timeout', '>= 0', timeout);
  }
}

module.exports = { Extras };
