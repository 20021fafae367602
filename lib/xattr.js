// The value of an extended attribute as one Buffer: its size is asked first, and again if it grew.

'use strict';

const { take } = require('./memory.js');

const ERANGE = 34;
const NOTHING = Buffer.alloc(0);

/** The value that `start` reads, from a file by its path or descriptor. */
async function readAttribute(pump, start, file, attribute, options, name) {
  for (;;) {
    const size = await pump.promise(start(pump, false, file, attribute, NOTHING, options), name);
    if (size === 0) return Buffer.alloc(0);
    const memory = take(size);
    try {
      const read = await pump.promise(start(pump, false, file, attribute, memory, options), name);
      return memory.subarray(0, read);
    } catch (error) {
      if (error?.errno !== ERANGE) throw error;
    }
  }
}

/** The same, blocking. */
function readAttributeSync(pump, start, file, attribute, options, name) {
  for (;;) {
    const size = pump.block(start(pump, true, file, attribute, NOTHING, options), name);
    if (size === 0) return Buffer.alloc(0);
    const memory = take(size);
    try {
      const read = pump.block(start(pump, true, file, attribute, memory, options), name);
      return memory.subarray(0, read);
    } catch (error) {
      if (error?.errno !== ERANGE) throw error;
    }
  }
}

module.exports = { readAttribute, readAttributeSync };
