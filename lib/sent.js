// Zero-copy sends: the kernel says first that the data was sent, and later, when the network has let
// go of it too, that its memory is free.

'use strict';

const { UringError } = require('./errors.js');

/** The value of a zero-copy send. Its ticket lives until the second completion, if one is to come. */
class Sent {
  constructor(pump, ticket, name, full, loan) {
    this.pump = pump;
    this.ticket = ticket;
    this.name = name;
    this.loan = loan;
    if (full) {
      this.released = new Promise((resolve) => {
        this.release = resolve;
      });
    }
  }

  /** What is known once it was sent: what a blocking call returns. `failed` is why it was not. */
  sent(result, failed) {
    if (result < 0) throw failed ?? new UringError(this.pump.errnoOf(result), this.name);
    return this.released === undefined ? result : { bytes: result, released: this.released };
  }

  /** The same for a promise. One that fails waits until the memory is free. */
  more(result, flags, failed) {
    const { pump, ticket } = this;
    if (result < 0) {
      this.error = failed ?? new UringError(pump.errnoOf(result), this.name);
      return;
    }
    pump.resolves[ticket](this.sent(result));
    pump.resolves[ticket] = undefined;
  }

  /** The memory is free. */
  complete() {
    this.loan?.release();
    this.release?.();
  }

  failed() {
    this.loan?.release();
  }

  /** The only completion, or the second of one that failed. */
  finish(result) {
    this.complete();
    if (this.error !== undefined) throw this.error;
    return this.sent(result);
  }
}

module.exports = { Sent };
