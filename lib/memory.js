// Native memory that the kernel fills: never memory of the JavaScript heap, see src/engine/regions.rs.
// Aligned to pages: a cached 4 KiB read to an odd address takes twice as long.
//
// A promise read hands such memory out. What blocks is lent some, and copies into a Buffer of the
// caller: Node-API lets go of external memory only in a turn of the event loop, so that a loop of
// blocking reads would hold all that it ever read.

'use strict';

const { UringError } = require('./errors.js');
const { native } = require('./native.js');

const ENOMEM = 12;
const PAGE = 4096;
const SLAB = 256 * 1024;
const LARGEST_FROM_SLAB = 64 * 1024;
const LARGEST_KEPT = 1024 * 1024;
const KEPT_BYTES = 4 * 1024 * 1024;

/** Whole pages of any content. */
function allocate(length) {
  const memory = native.allocate(length);
  if (typeof memory === 'number') throw new UringError(ENOMEM, 'read', { length });
  return Buffer.from(memory, 0, length);
}

let slab = Buffer.alloc(0);
let used = 0;

// O_DIRECT wants multiples of 512; what is smaller than that can't be for it.
function alignment(length) {
  if (length >= PAGE) return PAGE;
  return length >= 512 ? 512 : 64;
}

/** A fresh Buffer of any content that the kernel may fill. */
function take(length) {
  if (length > LARGEST_FROM_SLAB) return allocate(length);
  const step = alignment(length);
  const start = (used + step - 1) & -step;
  if (start + length > slab.length) {
    slab = allocate(SLAB);
    used = length;
    return slab.subarray(0, length);
  }
  used = start + length;
  return slab.subarray(start, used);
}

/** By size: lists of what is not lent at the moment, and of what is large one that may be collected. */
const kept = new Map();
const keptLarge = new Map();
let reuses = true;

function reuseLarge(size) {
  const memory = keptLarge.get(size)?.deref();
  keptLarge.delete(size);
  return memory;
}

/** Memory that is lent for one operation: its first `length` bytes are `view`. */
class Loan {
  constructor(length) {
    this.isReleased = false;
    this.size = length <= PAGE ? PAGE : 2 ** Math.ceil(Math.log2(length));
    const isLarge = this.size > LARGEST_KEPT;
    this.whole = (isLarge ? reuseLarge(this.size) : kept.get(this.size)?.pop()) ?? allocate(this.size);
    this.view = length === this.size ? this.whole : this.whole.subarray(0, length);
  }

  /** To be called once the kernel has given it back; a second call does nothing. */
  release() {
    if (this.isReleased) return;
    this.isReleased = true;
    if (!reuses) return;
    if (this.size > LARGEST_KEPT) {
      keptLarge.set(this.size, new WeakRef(this.whole));
      return;
    }
    const list = kept.get(this.size);
    if (list === undefined) kept.set(this.size, [this.whole]);
    else if (list.length * this.size < KEPT_BYTES) list.push(this.whole);
  }
}

/** Runs `work`, in which what is released is not lent again: the kernel may still hold it. */
function withoutReuse(work) {
  reuses = false;
  try {
    work();
  } finally {
    reuses = true;
  }
}

/** Memory of ours that lives for itself, where a loan is asked for. */
class Loaned {
  constructor(view) {
    this.view = view;
  }

  release() {}
}

module.exports = { Loan, Loaned, allocate, take, withoutReuse };
