// What a command of a socket takes and gives: `SOCKET_URING_OP_*` of the kernel's interface.

'use strict';

const check = require('./arguments.js');
const { Loan, Loaned } = require('./memory.js');

const GETSOCKOPT = 2;
const SETSOCKOPT = 3;
const LONGEST = 65536;

/** Enough for every option of fixed size. */
const USUAL = 256;

const NONE = new Loaned(Buffer.alloc(0));

/** Memory for the option's value: to fill (of `value` bytes), or with it. */
function optionMemory(op, value) {
  if (op === GETSOCKOPT) return new Loan(check.integer(value ?? USUAL, 'value', 1, LONGEST));
  if (op !== SETSOCKOPT) return NONE;
  const bytes = typeof value === 'number' ? ofNumber(value) : check.dataToWrite(value, 'value');
  const loan = new Loan(bytes.length);
  loan.view.set(bytes);
  return loan;
}

/** Most options are an int. */
function ofNumber(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(check.integer(value, 'value', -(2 ** 31), 2 ** 31 - 1));
  return bytes;
}

/** `make` of a completed command. */
function optionOf(result, memory, op) {
  if (op === GETSOCKOPT) return Buffer.from(memory.subarray(0, result));
  return op === SETSOCKOPT ? undefined : result;
}

module.exports = { optionMemory, optionOf };
