// BufferPool: slots of page-aligned native memory that the kernel reads from and writes to without a
// copy. A view or a pointer that has outlived its slot finds nothing, never freed memory.

'use strict';

const check = require('./arguments.js');
const { UringError, closedError } = require('./errors.js');
const { native } = require('./native.js');

const EBUSY = 16;
const MOST_SLOTS = 1 << 20;
const MOST_BYTES = 2 ** 32 - 1;

/** One slot: the whole memory, of which `size` bytes are in use. */
class Slot {
  constructor(memory, capacity) {
    this.memory = memory;
    this.capacity = capacity;
    this.size = capacity;
  }

  view() {
    return Buffer.from(this.memory, 0, this.size);
  }

  isLent() {
    return native.isLent(Buffer.from(this.memory, 0, 1)) === 1;
  }
}

/** What only this file can make, and so only `BufferPool.create()`. */
class Slots {
  constructor(list) {
    this.list = list;
  }
}

function allocate(count, size, operation) {
  const made = native.allocateZeroed(count, size);
  if (typeof made === 'number') throw new UringError(-made, operation, { length: count * size });
  return made.map((memory) => new Slot(memory, size));
}

class BufferPool {
  #slots;

  constructor(slots) {
    if (!(slots instanceof Slots)) throw check.invalidArgType('slots', 'made by BufferPool.create()', slots);
    this.#slots = slots.list;
  }

  static create(options) {
    const { initialCount = 8, initialSize = 4096 } = check.options(options, ['initialCount', 'initialSize']);
    check.integer(initialCount, 'options.initialCount', 1, MOST_SLOTS);
    check.integer(initialSize, 'options.initialSize', 1, MOST_BYTES);
    return new BufferPool(new Slots(allocate(initialCount, initialSize, 'BufferPool.create')));
  }

  get length() {
    return this.#slots?.length ?? 0;
  }

  get closed() {
    return this.#slots === undefined;
  }

  get(index) {
    return Buffer.from(this.#slot(index, 'get').view());
  }

  buffer(index) {
    return this.#slot(index, 'buffer').view();
  }

  getPtr(index) {
    const slot = this.#slot(index, 'getPtr');
    return [native.addressOf(Buffer.from(slot.memory, 0, 1)), slot.size];
  }

  capacity(index) {
    return this.#slot(index, 'capacity').capacity;
  }

  setSize(index, size) {
    const slot = this.#slot(index, 'setSize');
    check.integer(size, 'size', 0, slot.capacity);
    slot.size = size;
  }

  resize(index, newSize) {
    const slot = this.#slot(index, 'resize');
    check.integer(newSize, 'newSize', 1, MOST_BYTES);
    if (slot.isLent()) throw busy('resize');
    const [grown] = allocate(1, newSize, 'resize');
    slot.view().copy(grown.view());
    this.#slots[index] = grown;
    native.discard(slot.memory);
  }

  close() {
    if (this.#slots === undefined) return;
    if (this.#slots.some((slot) => slot.isLent())) throw busy('close');
    for (const slot of this.#slots) native.discard(slot.memory);
    this.#slots = undefined;
  }

  #slot(index, operation) {
    if (this.#slots === undefined) throw closedError(operation);
    check.integer(index, 'index', 0, this.#slots.length - 1);
    return this.#slots[index];
  }
}

if (Symbol.dispose !== undefined) {
  BufferPool.prototype[Symbol.dispose] = function dispose() {
    this.close();
  };
}

function busy(operation) {
  const detail = 'an operation in flight, or a registration, uses the slot';
  return new UringError(EBUSY, operation, { detail });
}

module.exports = { BufferPool };
