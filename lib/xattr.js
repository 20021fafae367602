// The value of an extended attribute as one Buffer: its size is asked first, and again if it grew.

'use strict';

const { Loan } = require('./memory.js');

const ERANGE = 34;
const NOTHING = Buffer.alloc(0);

/** The value that `start` reads, from a file by its path or descriptor. */
async function readAttribute(pump, start, file, attribute, options, name) {
  for (;;) {
    const size = await pump.promise(start(pump, false, file, attribute, NOTHING, options), name);
    if (size === 0) return Buffer.alloc(0);
    const loan = new Loan(size);
    try {
      const read = await pump.promise(start(pump, false, file, attribute, loan.view, options), name);
      return Buffer.from(loan.view.subarray(0, read));
    } catch (error) {
      if (error?.errno !== ERANGE) throw error;
    } finally {
      loan.release();
    }
  }
}

/** The same, blocking. */
function readAttributeSync(pump, start, file, attribute, options, name) {
  for (;;) {
    const size = pump.block(start(pump, true, file, attribute, NOTHING, options), name);
    if (size === 0) return Buffer.alloc(0);
    const loan = new Loan(size);
    try {
      const read = pump.block(start(pump, true, file, attribute, loan.view, options), name);
      return Buffer.from(loan.view.subarray(0, read));
    } catch (error) {
      if (error?.errno !== ERANGE) throw error;
    } finally {
      loan.release();
    }
  }
}

module.exports = { readAttribute, readAttributeSync };
