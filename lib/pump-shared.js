// What the generated operations and the handwritten ones have in common.

'use strict';

const check = require('./arguments.js');

/** The property of a UringCtx where its pump is. */
const PUMP = Symbol('pump');

/** What native code answers where the kernel would fill memory that is not this package's. */
const NOT_OURS = 1;

const AT_FDCWD = -100;

/** STATX_BASIC_STATS, btime, mount and direct I/O: all that the result has room for. */
const STATX_ALL = 0xfff | 0x1000 | 0x2000;

/**
 * From this size on, a promise read or write is done by a kernel thread (io-wq), since the copy from
 * or to the page cache would otherwise hold up JavaScript.
 */
const OFF_THREAD_BYTES = 128 * 1024;

/** The options of every operation. */
const OPTIONS = ['signal', 'timeout', 'userData', 'sqeFlags'];

/** The most buffers that one entry takes (IOV_MAX). */
const MOST_BUFFERS = 1024;

function listOf(values, name, checkOne) {
  if (!Array.isArray(values)) throw check.invalidArgType(name, 'an instance of Array', values);
  if (values.length > MOST_BUFFERS) {
    throw check.outOfRange(`${name}.length`, `<= ${MOST_BUFFERS}`, values.length);
  }
  // Not map, which leaves holes.
  return Array.from(values, (value, index) => checkOne(value, `${name}[${index}]`));
}

function total(views) {
  let sum = 0;
  for (const view of views) sum += view.length;
  return sum;
}

module.exports = { AT_FDCWD, NOT_OURS, OFF_THREAD_BYTES, OPTIONS, PUMP, STATX_ALL, listOf, total };
