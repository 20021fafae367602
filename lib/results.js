// What becomes of the kernel's number: each class here is a value that waits with an operation for
// its completion. `finish(result)` makes what the promise resolves to; `info` goes into the error.

'use strict';

const { UringError } = require('./errors.js');

const EFAULT = 14;

/** The operation says no more than that it is done. */
const NOTHING = { finish: () => undefined };

/** The same, of an operation on paths. */
class OnPath {
  constructor(path, dest, returnsNumber) {
    this.info = { path, dest };
    this.returnsNumber = returnsNumber;
  }

  finish(result) {
    return this.returnsNumber ? result : undefined;
  }
}

/** Memory of ours that becomes the caller's, as far as it was filled. */
class Filled {
  constructor(buffer) {
    this.buffer = buffer;
  }

  finish(result) {
    return result === this.buffer.length ? this.buffer : this.buffer.subarray(0, result);
  }
}

/** Copies to where the caller wanted it; `loan` stood in for the caller's memory. */
class CopyBack {
  constructor(target, loan) {
    this.target = target;
    this.loan = loan;
  }

  finish(result) {
    const { target, loan } = this;
    const { view } = loan;
    const fits = target.length >= result;
    if (fits) target.set(result === view.length ? view : view.subarray(0, result));
    loan.release();
    if (!fits) throw shrunk(result);
    return result;
  }

  failed() {
    this.loan.release();
  }
}

/** The same for several buffers, filled in order. */
class CopyBackAll {
  constructor(targets, loans) {
    this.targets = targets;
    this.loans = loans;
  }

  finish(result) {
    let left = result;
    let fits = true;
    this.targets.forEach((target, index) => {
      const { view } = this.loans[index];
      const count = Math.min(left, view.length);
      fits &&= target.length >= count;
      if (fits) target.set(view.subarray(0, count));
      left -= count;
    });
    this.failed();
    if (!fits) throw shrunk(result);
    return result;
  }

  failed() {
    for (const loan of this.loans) loan.release();
  }
}

function shrunk(length) {
  const detail = 'the buffer was detached or shrunk while the operation was in flight';
  return new UringError(EFAULT, 'read', { detail, length });
}

module.exports = { CopyBack, CopyBackAll, Filled, NOTHING, OnPath };
