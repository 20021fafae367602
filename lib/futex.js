// The words that futexes are: elements of an Int32Array over a SharedArrayBuffer, which can't be
// detached, so that its memory is there for as long as somebody holds the array.

'use strict';

const { isSharedArrayBuffer } = require('node:util').types;

const check = require('./arguments.js');

const MOST_WORDS = 128;

function sharedArray(value, name) {
  const is32Bits = Object.prototype.toString.call(value) === '[object Int32Array]' && ArrayBuffer.isView(value);
  if (is32Bits && isSharedArrayBuffer(value.buffer)) return value;
  throw check.invalidArgType(name, 'an Int32Array over a SharedArrayBuffer', value);
}

/** A view of one word. */
function wordOf(array, index) {
  return array.subarray(index, index + 1);
}

/** What native code takes: a view of each word, and behind them the values. */
function wordsOf(list, name) {
  if (!Array.isArray(list)) throw check.invalidArgType(name, 'an instance of Array', list);
  if (list.length < 1 || list.length > MOST_WORDS) {
    throw check.outOfRange(`${name}.length`, `>= 1 && <= ${MOST_WORDS}`, list.length);
  }
  const values = new Int32Array(list.length);
  const words = list.map((one, at) => {
    const { array, index, value } = check.options(one, ['array', 'index', 'value'], `${name}[${at}]`);
    sharedArray(array, `${name}[${at}].array`);
    check.integer(index, `${name}[${at}].index`, 0, array.length - 1);
    values[at] = check.integer(value, `${name}[${at}].value`, -(2 ** 31), 2 ** 32 - 1);
    return wordOf(array, index);
  });
  return [...words, values];
}

module.exports = { sharedArray, wordOf, wordsOf };
