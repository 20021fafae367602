// Groups of buffers that the kernel chooses among: BufferRing, and the groups that `provideBuffers`
// makes, the older way. Whoever receives copies out of a buffer and gives it back at once.

'use strict';

const check = require('./arguments.js');
const { UringError, closedError } = require('./errors.js');
const { native, queue } = require('./native.js');
const { PUMP } = require('./pump-shared.js');

const EBUSY = 16;
const MOST_ENTRIES = 32768;
const MOST_BYTES = 2 ** 30;
const INCREMENTAL = 2;
const F_BUFFER = 1;
const F_BUF_MORE = 16;

/** The property of a BufferRing where its group is. */
const GROUP = Symbol('group');

/** What both kinds of groups do. A piece is a part of a buffer that the kernel has filled. */
class Group {
  #starved = [];

  constructor(pump, id) {
    this.pump = pump;
    this.id = id;
    /** Buffers that the kernel has, or has filled without our knowing yet. */
    this.available = 0;
  }

  view({ memory, start }, from, to) {
    return memory.subarray(start + from, start + to);
  }

  copy(piece, from) {
    return Buffer.from(this.view(piece, from, piece.length));
  }

  giveBack(piece) {
    if (piece.isLast && !this.pump.closed) this.provide(piece.index);
  }

  /** A buffer is with the kernel again: whoever ran out of them goes on. */
  provided(count) {
    this.available += count;
    for (const start of this.#starved.splice(0)) start();
  }

  /** Calls `start` as soon as there is a buffer. */
  whenFree(start) {
    if (this.available > 0) start();
    else this.#starved.push(start);
  }
}

class RingGroup extends Group {
  constructor(pump, id, { entries, size, incremental, empty }) {
    super(pump, id);
    this.entries = entries;
    this.size = size;
    const memory = native.addGroup(pump.id, id, entries, size, incremental ? INCREMENTAL : 0);
    if (typeof memory === 'number') throw new UringError(-memory, 'BufferRing', { detail: whyNot(incremental) });
    this.memory = Buffer.from(memory);
    this.filled = new Uint32Array(entries);
    this.pushed = [];
    this.free = [];
    for (let index = 0; index < entries; index++) {
      if (empty) this.free.push(index);
      else this.provide(index);
    }
  }

  provide(index, length = this.size) {
    native.provide(this.pump.id, this.id, index, length);
    this.provided(1);
  }

  received(length, flags) {
    if (!(flags & F_BUFFER)) return undefined;
    const index = flags >>> 16;
    const isLast = !(flags & F_BUF_MORE);
    const start = index * this.size + this.filled[index];
    this.filled[index] = isLast ? 0 : this.filled[index] + length;
    if (isLast) this.available -= 1;
    return { memory: this.memory, start, length, index, isLast };
  }

  push(data) {
    const index = this.free.pop();
    if (index === undefined) return false;
    this.memory.set(data, index * this.size);
    this.pushed.push({ index, length: data.length });
    this.provide(index, data.length);
    return true;
  }

  /** The first of what was pushed has been sent, so many bytes of it. */
  sent(bytes) {
    for (let left = bytes; left > 0 && this.pushed.length > 0; ) {
      const { index, length } = this.pushed.shift();
      this.free.push(index);
      this.available -= 1;
      left -= length;
    }
    return bytes;
  }
}

const whyNot = (incremental) =>
  incremental ? 'incremental consumption came with Linux 6.12' : 'provided-buffer rings came with Linux 5.19';

/** Buffers that were provided by single operations; they go back in the same way. */
class ProvidedGroup extends Group {
  #places = new Map();

  add(buffer, lengthEach, count, startId) {
    for (let at = 0; at < count; at++) {
      this.#places.set(startId + at, { memory: buffer, start: at * lengthEach, size: lengthEach });
    }
    this.provided(count);
  }

  received(length, flags) {
    if (!(flags & F_BUFFER)) return undefined;
    const index = flags >>> 16;
    this.available -= 1;
    return { ...this.#places.get(index), length, index, isLast: true };
  }

  provide(index) {
    const { pump } = this;
    const { memory, start, size } = this.#places.get(index);
    const ticket = pump.ticket();
    const view = memory.subarray(start, start + size);
    const refused = queue.provideBuffers(pump.id, ticket, view, size, 1, this.id, index);
    if (refused !== undefined) pump.refuse(ticket, refused, 'provideBuffers');
    pump.handle(ticket, { complete: (result) => (result < 0 ? undefined : this.provided(1)) });
  }
}

/** After `provideBuffers`. */
function addProvided(pump, buffer, lengthEach, count, id, startId) {
  if (!pump.groups.has(id)) pump.groups.set(id, new ProvidedGroup(pump, id));
  pump.groups.get(id).add(buffer, lengthEach, count, startId);
}

/** After `removeBuffers`. */
function removed(pump, id, count) {
  const group = pump.groups.get(id);
  if (group === undefined) return count;
  group.available -= count;
  if (group.available === 0) native.releaseGroup(pump.id, id);
  return count;
}

/** The group of a BufferRing, or of the number of one that `provideBuffers` made. */
function groupOf(value, pump, name) {
  const group = typeof value === 'number' ? pump.groups.get(value) : value?.[GROUP];
  if (group?.pump === pump) return group;
  if (typeof value === 'number') throw check.invalidArgValue(name, 'is no group of this ring', value);
  if (value instanceof BufferRing && value.closed) throw closedError(name);
  throw check.invalidArgType(name, 'a BufferRing of this ring', value);
}

/** Refuses to provide more memory than there is. */
function checkProvided(buffer, lengthEach, count, startId) {
  check.integer(lengthEach, 'lengthEach', 1, 2 ** 31 - 1);
  check.integer(count, 'count', 1, 65536 - startId);
  if (lengthEach * count <= buffer.length) return;
  throw check.outOfRange('count', `<= ${Math.floor(buffer.length / lengthEach)}`, count);
}

class BufferRing {
  constructor(ctx, options) {
    const pump = ctx?.[PUMP];
    if (pump === undefined) throw check.invalidArgType('ctx', 'an instance of UringCtx', ctx);
    const given = check.options(options, ['entries', 'size', 'groupId', 'incremental', 'empty']);
    const { entries = 64, size = 4096, groupId = 0, incremental = false, empty = false } = given;
    check.integer(entries, 'options.entries', 1, MOST_ENTRIES);
    if (entries & (entries - 1)) {
      throw check.invalidArgValue('options.entries', 'must be a power of two', entries);
    }
    check.integer(size, 'options.size', 1, Math.floor(MOST_BYTES / entries));
    check.integer(groupId, 'options.groupId', 0, 65535);
    check.boolean(incremental, 'options.incremental');
    check.boolean(empty, 'options.empty');
    pump.open('BufferRing');
    this[GROUP] = new RingGroup(pump, groupId, { entries, size, incremental, empty });
  }

  get entries() {
    return this.#open('entries').entries;
  }

  get size() {
    return this.#open('size').size;
  }

  get groupId() {
    return this.#open('groupId').id;
  }

  /** Closed, or its ring is. */
  get closed() {
    return this[GROUP] === undefined || this[GROUP].pump.closed;
  }

  push(data) {
    const group = this.#open('push');
    const bytes = check.dataToWrite(data, 'data');
    if (bytes.length < 1 || bytes.length > group.size) {
      throw check.outOfRange('data.length', `>= 1 && <= ${group.size}`, bytes.length);
    }
    return group.push(bytes);
  }

  close() {
    if (this.closed) return;
    const { pump, id } = this[GROUP];
    const refused = native.removeGroup(pump.id, id);
    if (refused === -EBUSY) {
      throw new UringError(EBUSY, 'close', { detail: 'an operation in flight uses the buffers' });
    }
    if (refused < 0) throw new UringError(-refused, 'close');
    this[GROUP] = undefined;
  }

  #open(name) {
    if (this.closed) throw closedError(name);
    return this[GROUP];
  }
}

if (Symbol.dispose !== undefined) {
  BufferRing.prototype[Symbol.dispose] = function dispose() {
    this.close();
  };
}

module.exports = { BufferRing, addProvided, checkProvided, groupOf, removed };
