// A queue for what comes faster than it is taken.

'use strict';

/** First in, first out, without moving the rest at each. */
class Queue {
  constructor() {
    this.items = [];
    this.at = 0;
  }

  get length() {
    return this.items.length - this.at;
  }

  push(item) {
    this.items.push(item);
  }

  shift() {
    const item = this.items[this.at];
    this.items[this.at++] = undefined;
    if (this.at === this.items.length) {
      this.items.length = this.at = 0;
    } else if (this.at > 1024) {
      this.items.splice(0, this.at);
      this.at = 0;
    }
    return item;
  }
}

module.exports = { Queue };
