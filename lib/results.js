// What becomes of the kernel's number: each class here is a value that waits with an operation for
// its completion. `finish(result)` makes what the promise resolves to; `info` goes into the error.

'use strict';

const fs = require('node:fs');

const { UringError } = require('./errors.js');

const EFAULT = 14;

/** The operation says no more than that it is done. */
const NOTHING = { finish: () => undefined };

/** A descriptor that nobody takes any more: closed, in whatever state it is. */
function closeLate(fd) {
  fs.close(fd, () => {});
}

/** The operation gives a descriptor. */
const DESCRIPTOR = { finish: (result) => result, late: closeLate };

/** An operation on paths, that says no more than that it is done, or gives a descriptor. */
class OnPath {
  constructor(path, dest, returnsNumber) {
    this.info = { path, dest };
    this.returnsNumber = returnsNumber;
  }

  finish(result) {
    return this.returnsNumber ? result : undefined;
  }

  late(result) {
    if (this.returnsNumber) closeLate(result);
  }
}

/** What `make(result, memory, option)` makes of the memory that was lent for the result. */
class Made {
  constructor(make, loan, option, path) {
    this.make = make;
    this.loan = loan;
    this.option = option;
    if (path !== undefined) this.info = { path };
  }

  finish(result) {
    const made = this.make(result, this.loan?.view, this.option);
    this.failed();
    return made;
  }

  failed() {
    this.loan?.release();
  }

  late(result) {
    if (this.make.late !== undefined) this.make.late(result, this.loan.view);
    this.failed();
  }
}

/** The number as it is; memory was lent meanwhile. */
class Released {
  constructor(loan) {
    this.loan = loan;
  }

  finish(result) {
    this.loan.release();
    return result;
  }

  failed() {
    this.loan.release();
  }
}

/** The number, or nothing; `what` is kept from the garbage collector meanwhile. */
class Kept {
  constructor(what, returnsNumber) {
    this.what = what;
    this.returnsNumber = returnsNumber;
  }

  finish(result) {
    return this.returnsNumber ? result : undefined;
  }
}

/** `make` of a completed pipe. */
function pipeOf(result, memory) {
  return [memory.readInt32LE(0), memory.readInt32LE(4)];
}
pipeOf.late = (result, memory) => pipeOf(result, memory).forEach(closeLate);

/** A place among the registered files, given by the caller or by the kernel. */
class Direct {
  constructor(pump, fileIndex, path) {
    this.pump = pump;
    this.fileIndex = fileIndex;
    if (path !== undefined) this.info = { path };
  }

  finish(result) {
    return this.fileIndex ?? result;
  }

  late(result) {
    this.pump.closeIndex(this.finish(result));
  }
}

/** Two neighbouring places, or two that the kernel chose. */
class DirectPair {
  constructor(pump, fileIndex, loan) {
    this.pump = pump;
    this.fileIndex = fileIndex;
    this.loan = loan;
  }

  finish(result) {
    const { fileIndex, loan } = this;
    const chosen = pipeOf(result, loan.view);
    loan.release();
    return fileIndex === undefined ? chosen : [fileIndex, fileIndex + 1];
  }

  failed() {
    this.loan.release();
  }

  late(result) {
    for (const index of this.finish(result)) this.pump.closeIndex(index);
  }
}

/** `make` of a renamed operation. */
function rename(pump, from, to) {
  if (to !== undefined) pump.rename(from, to);
}

/** A copy of what was filled. */
class Copied {
  constructor(loan) {
    this.loan = loan;
  }

  finish(result) {
    const { loan } = this;
    const copy = Buffer.from(result === loan.view.length ? loan.view : loan.view.subarray(0, result));
    loan.release();
    return copy;
  }

  failed() {
    this.loan.release();
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
  constructor(target, loan, inner) {
    this.target = target;
    this.loan = loan;
    this.inner = inner;
  }

  finish(result) {
    const { target, loan } = this;
    const { view } = loan;
    const fits = target.length >= result;
    if (fits && result > 0) target.set(result === view.length ? view : view.subarray(0, result));
    loan.release();
    if (!fits) throw shrunk(result);
    return this.inner === undefined ? result : this.inner.finish(result);
  }

  failed() {
    this.loan.release();
  }
}

/** The same for several buffers, filled in order. */
class CopyBackAll {
  constructor(targets, loans, inner) {
    this.targets = targets;
    this.loans = loans;
    this.inner = inner;
  }

  finish(result) {
    let left = result;
    let fits = true;
    this.targets.forEach((target, index) => {
      const { view } = this.loans[index];
      const count = Math.min(left, view.length);
      fits &&= target.length >= count;
      if (fits && count > 0) target.set(view.subarray(0, count));
      left -= count;
    });
    this.failed();
    if (!fits) throw shrunk(result);
    return this.inner === undefined ? result : this.inner.finish(result);
  }

  failed() {
    for (const loan of this.loans) loan.release();
  }
}

function shrunk(length, operation = 'read') {
  const detail = 'the buffer was detached or shrunk while the operation was in flight';
  return new UringError(EFAULT, operation, { detail, length });
}

module.exports = {
  Copied,
  CopyBack,
  CopyBackAll,
  DESCRIPTOR,
  Direct,
  DirectPair,
  Filled,
  Kept,
  Made,
  NOTHING,
  OnPath,
  Released,
  closeLate,
  pipeOf,
  rename,
  shrunk,
};
