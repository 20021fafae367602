// Operations that complete many times, as async iterators. What comes before somebody asks for it
// waits in a source; a source that is full stops the operation, which starts again once there is room.

'use strict';

const { onAbort } = require('./abort.js');
const check = require('./arguments.js');
const { decode } = require('./address.js');
const { UringError } = require('./errors.js');
const { Queue } = require('./queue.js');
const { closeLate } = require('./results.js');

const EINTR = 4;
const ETIME = 62;
const ENOBUFS = 105;
const ECANCELED = 125;

/** Connections that wait before the kernel is told to keep the next ones itself. */
const MOST_CONNECTIONS = 64;

/** Descriptors of accepted connections. */
class Connections {
  #fds = new Queue();

  get isReady() {
    return this.#fds.length > 0;
  }

  get isFull() {
    return this.#fds.length >= MOST_CONNECTIONS;
  }

  arrive(fd) {
    this.#fds.push(fd);
  }

  take() {
    return this.#fds.shift();
  }

  drop() {
    while (this.isReady) closeLate(this.take());
  }
}

/** Data in buffers of a group, which is full when it has no buffers left: the kernel says so. */
class Chunks {
  isFull = false;
  #pieces = new Queue();

  constructor(group) {
    this.group = group;
  }

  get isReady() {
    return this.#pieces.length > 0;
  }

  arrive(length, flags) {
    const piece = this.group.received(length, flags);
    if (length === 0) {
      if (piece !== undefined) this.group.giveBack(piece);
      return true;
    }
    if (this.isEnd?.(piece, flags)) {
      this.group.giveBack(piece);
      return true;
    }
    this.#pieces.push(piece);
    return false;
  }

  take() {
    const piece = this.#pieces.shift();
    const value = this.read(piece);
    this.group.giveBack(piece);
    return value;
  }

  read(piece) {
    return this.group.copy(piece, 0);
  }

  drop() {
    while (this.isReady) this.group.giveBack(this.#pieces.shift());
  }
}

// struct io_uring_recvmsg_out, and the room for a name that follows it.
const NAME_AT = 16;
const NAME_ROOM = 128;
const F_MORE = 2;

/** Messages with their senders. */
class Messages extends Chunks {
  /** At the end of a stream comes a message of nothing from nobody, and then no more. */
  isEnd(piece, flags) {
    if (flags & F_MORE) return false;
    const [nameLength, , length] = this.#header(piece);
    return nameLength === 0 && length === 0;
  }

  read(piece) {
    const [nameLength, , , flags] = this.#header(piece);
    const name = this.group.view(piece, NAME_AT, NAME_AT + Math.min(nameLength, NAME_ROOM));
    const data = this.group.copy(piece, NAME_AT + NAME_ROOM);
    return { data, flags, address: decode(name) };
  }

  #header(piece) {
    const header = this.group.view(piece, 0, NAME_AT);
    return [0, 4, 8, 12].map((at) => header.readUInt32LE(at));
  }
}

/** Events of a poll: all that came since the last were taken. */
class Events {
  isFull = false;
  #mask = 0;

  get isReady() {
    return this.#mask !== 0;
  }

  arrive(mask) {
    this.#mask |= mask;
  }

  take() {
    const mask = this.#mask;
    this.#mask = 0;
    return mask;
  }

  drop() {
    this.#mask = 0;
  }
}

/** How often an interval was over since it was last asked. */
class Ticks {
  isFull = false;
  #count = 0;

  get isReady() {
    return this.#count > 0;
  }

  arrive() {
    this.#count += 1;
  }

  take() {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  drop() {
    this.#count = 0;
  }
}

const DONE = Object.freeze({ value: undefined, done: true });

class Stream {
  #pump;
  #name;
  #source;
  #queue;
  #signal;
  #waiting = new Queue();
  #ticket;
  #stopping = false;
  /** Stopped because the source was full: it starts again when all was taken. */
  #paused = false;
  /** Nothing more will come. */
  #ended = false;
  #hasLeft = false;
  #onLeft;
  #error;
  #unhear;

  /** `queue(ticket)` queues the operation, and returns what native code says of it. */
  constructor(pump, name, source, options, queue) {
    this.#signal = check.signal(check.options(options, ['signal']).signal);
    this.#pump = pump;
    this.#name = name;
    this.#source = source;
    this.#queue = queue;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    if (this.#source.isReady) {
      const value = this.#source.take();
      this.#startIfRoom();
      return { value, done: false };
    }
    if (this.#signal?.aborted && !this.#ended) this.#fail(this.#signal.reason);
    if (this.#ended) return this.#last();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#startIfRoom();
    });
  }

  /** Leaves: resolves once the kernel has let go, and what nobody took was given back. */
  async return(value) {
    this.#hasLeft = this.#ended = true;
    this.#error = undefined;
    this.#source.drop();
    this.#tellEnd();
    if (this.#ticket !== undefined) {
      const left = new Promise((resolve) => {
        this.#onLeft = resolve;
      });
      this.#stop();
      await left;
    }
    return { value, done: true };
  }

  #last() {
    const error = this.#error;
    if (error === undefined) return DONE;
    this.#error = undefined;
    throw error;
  }

  #startIfRoom() {
    if (this.#ticket !== undefined || this.#ended) return;
    if (this.#paused && this.#source.isReady) return;
    try {
      this.#start();
    } catch (error) {
      this.#fail(error);
    }
  }

  #start() {
    const pump = this.#pump;
    pump.open(this.#name);
    const ticket = pump.ticket();
    const refused = this.#queue(ticket);
    if (refused !== undefined) pump.refuse(ticket, refused, this.#name);
    pump.handle(ticket, this);
    this.#ticket = ticket;
    this.#stopping = this.#paused = false;
    if (this.#signal !== undefined) this.#unhear = onAbort(this.#signal, this.#stop);
  }

  #stop = () => {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#pump.cancel(this.#ticket);
  };

  /** The kernel has a result, and the operation goes on. */
  more(result, flags) {
    this.#arrive(result, flags);
    this.#paused = this.#source.isFull;
    if (this.#paused || this.#ended) this.#stop();
  }

  /** The kernel has ended the operation. */
  complete(result, flags) {
    const isResult = result >= 0 || result === -ETIME;
    this.#ticket = undefined;
    this.#unhear?.();
    if (isResult) this.#arrive(result, flags);
    if (this.#hasLeft) return this.#onLeft();
    if (this.#signal?.aborted) return this.#drop(this.#signal.reason);
    if (this.#pump.closed) return this.#drop(new UringError(ECANCELED, this.#name));
    if (result === -ENOBUFS) return this.#source.group.whenFree(() => this.#startIfRoom());
    const wasCancelled = this.#stopping && (result === -ECANCELED || result === -EINTR);
    if (isResult || wasCancelled) this.#startIfRoom();
    else this.#fail(new UringError(-result, this.#name));
  }

  #arrive(result, flags) {
    const isEnd = this.#source.arrive(result, flags) === true;
    if (this.#hasLeft) return this.#source.drop();
    while (this.#waiting.length > 0 && this.#source.isReady) {
      this.#waiting.shift().resolve({ value: this.#source.take(), done: false });
    }
    if (!isEnd) return;
    this.#ended = true;
    this.#tellEnd();
  }

  /** Nobody is to have what waits. */
  #drop(error) {
    this.#source.drop();
    this.#fail(error);
  }

  /** The next who asks gets the error, after what has arrived before it. */
  #fail(error) {
    this.#ended = true;
    if (this.#waiting.length > 0) this.#waiting.shift().reject(error);
    else this.#error = error;
    this.#tellEnd();
  }

  #tellEnd() {
    while (this.#waiting.length > 0) this.#waiting.shift().resolve(DONE);
  }
}

module.exports = { Chunks, Connections, Events, Messages, Stream, Ticks };
