// UringPool: several rings of one thread, taken in turn.

'use strict';

const check = require('./arguments.js');
const { UringCtx } = require('./ctx.js');
const { closedError } = require('./errors.js');

const MOST_RINGS = 1024;

class UringPool {
  #rings = [];
  #next = 0;
  #closed = false;

  constructor(count, ctxOptions) {
    check.integer(count, 'count', 1, MOST_RINGS);
    try {
      while (this.#rings.length < count) this.#rings.push(new UringCtx(ctxOptions));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get rings() {
    return [...this.#rings];
  }

  get length() {
    return this.#rings.length;
  }

  get closed() {
    return this.#closed;
  }

  next() {
    if (this.#closed) throw closedError('next');
    const ring = this.#rings[this.#next];
    this.#next = (this.#next + 1) % this.#rings.length;
    return ring;
  }

  close() {
    this.#closed = true;
    for (const ring of this.#rings) ring.close();
  }
}

if (Symbol.dispose !== undefined) {
  UringPool.prototype[Symbol.dispose] = function dispose() {
    this.close();
  };
}

module.exports = { UringPool };
