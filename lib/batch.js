// Many reads of one file with one result: `readBatch` and `readOffsets`. All are queued before any
// is submitted, and one promise waits for all of them.

'use strict';

const check = require('./arguments.js');
const { UringError } = require('./errors.js');
const { allocate } = require('./memory.js');
const { startReadInto } = require('./operations.js');

const MOST_BYTES = 2 ** 32 - 1;

/** The reads of one call. */
class Batch {
  constructor(pump, name, blockSize, count) {
    this.pump = pump;
    this.name = name;
    this.blockSize = blockSize;
    this.buffer = allocate(blockSize * count).subarray(0, blockSize * count);
    this.counts = new Int32Array(count);
    this.left = count;
    this.errno = 0;
  }

  /** Queues the read of block `index`, which continues where a short one ended. */
  queue(fd, offset, index) {
    const { pump, blockSize } = this;
    const start = index * blockSize;
    const block = this.buffer.subarray(start, start + blockSize);
    pump.handle(startReadInto(pump, true, fd, block, offset), new Block(this, index));
  }

  completed(index, result) {
    if (result < 0) this.errno ||= -result;
    else this.counts[index] = result;
    if (--this.left === 0) this.onEnd?.();
  }

  promise() {
    return new Promise((resolve, reject) => {
      const end = () => (this.errno === 0 ? resolve(this.result()) : reject(this.error()));
      if (this.left === 0) end();
      else this.onEnd = end;
    });
  }

  block() {
    while (this.left > 0) this.pump.blockForAny(this.name);
    if (this.errno !== 0) throw this.error();
    return this.result();
  }

  error() {
    return new UringError(this.errno, this.name);
  }

  /** What a file that ended early left out reads as zeros: the memory is not fresh. */
  result() {
    const { buffer, counts, blockSize } = this;
    counts.forEach((count, index) => {
      if (count < blockSize) buffer.fill(0, index * blockSize + count, (index + 1) * blockSize);
    });
    return buffer;
  }
}

/** Contiguous blocks: the result ends where the file does. */
class ContiguousBatch extends Batch {
  result() {
    const short = this.counts.findIndex((count) => count < this.blockSize);
    if (short === -1) return this.buffer;
    return this.buffer.subarray(0, short * this.blockSize + this.counts[short]);
  }
}

class Block {
  constructor(batch, index) {
    this.batch = batch;
    this.index = index;
  }

  complete(result) {
    this.batch.completed(this.index, result);
  }
}

function checkSizes(pump, name, fd, blockSize, count) {
  pump.open(name);
  check.fd(fd);
  check.integer(blockSize, 'blockSize', 1, 0x7ffff000);
  if (blockSize * count > MOST_BYTES) {
    throw check.outOfRange('blockSize', `<= ${Math.floor(MOST_BYTES / count)} for ${count} blocks`, blockSize);
  }
}

function startReadBatch(pump, fd, blockSize, blocks, offset) {
  check.integer(blocks, 'blocks', 1, MOST_BYTES);
  checkSizes(pump, 'readBatch', fd, blockSize, blocks);
  check.int64(offset, 'offset', 0n);
  const batch = new ContiguousBatch(pump, 'readBatch', blockSize, blocks);
  const at = placeOf(offset, blockSize);
  for (let index = 0; index < blocks; index++) batch.queue(fd, at(index), index);
  return batch;
}

/** Where block `index` begins, exactly, also where the offset is a bigint. */
function placeOf(offset, blockSize) {
  if (typeof offset === 'bigint') return (index) => offset + BigInt(index) * BigInt(blockSize);
  return (index) => offset + index * blockSize;
}

function startReadOffsets(pump, fd, blockSize, offsets, options) {
  if (!Array.isArray(offsets) && !ArrayBuffer.isView(offsets)) {
    throw check.invalidArgType('offsets', 'an instance of Array', offsets);
  }
  checkSizes(pump, 'readOffsets', fd, blockSize, offsets.length);
  const { offsetBytes = true } = check.options(options, ['offsetBytes']);
  check.boolean(offsetBytes, 'options.offsetBytes');
  const scale = (value) => (typeof value === 'bigint' ? value * BigInt(blockSize) : value * blockSize);
  const places = Array.from(offsets, (value, index) => {
    check.int64(value, `offsets[${index}]`, 0n);
    return offsetBytes ? value : scale(value);
  });
  const batch = new Batch(pump, 'readOffsets', blockSize, places.length);
  places.forEach((offset, index) => batch.queue(fd, offset, index));
  return batch;
}

module.exports = { startReadBatch, startReadOffsets };
