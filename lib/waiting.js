// What the operations that wait take and give: times, events of epoll, the fate of a child process.

'use strict';

const check = require('./arguments.js');

const UINT64_MAX = 2n ** 64n - 1n;

/** A `struct __kernel_timespec` of milliseconds or `{ sec, nsec }`. */
function timespec(time, name = 'time') {
  const raw = Buffer.alloc(16);
  const [sec, nsec] = typeof time === 'number' ? ofMilliseconds(time, name) : ofParts(time, name);
  raw.writeBigInt64LE(BigInt(sec), 0);
  raw.writeBigInt64LE(BigInt(nsec), 8);
  return raw;
}

function ofMilliseconds(ms, name) {
  if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) throw check.outOfRange(name, '>= 0', ms);
  const sec = Math.floor(ms / 1000);
  return [sec, Math.min(Math.round((ms - sec * 1000) * 1e6), 999_999_999)];
}

function ofParts(time, name) {
  if (typeof time !== 'object' || time === null) {
    throw check.invalidArgType(name, 'of type number or object', time);
  }
  const { sec = 0, nsec = 0 } = check.options(time, ['sec', 'nsec'], name);
  return [check.int64(sec, `${name}.sec`), check.integer(nsec, `${name}.nsec`, 0, 999_999_999)];
}

// The kernel packs `struct epoll_event` on x86-64 only.
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const DATA_AT = EVENT_BYTES - 8;

/** A `struct epoll_event` of `{ events, data }`. */
function epollEvent(event, name = 'event') {
  const { events = 0, data = 0 } = check.options(event, ['events', 'data'], name);
  check.integer(events, `${name}.events`, 0, 2 ** 32 - 1);
  const raw = Buffer.alloc(EVENT_BYTES);
  raw.writeUInt32LE(events, 0);
  raw.writeBigUInt64LE(BigInt(check.int64(data, `${name}.data`, 0n, UINT64_MAX)), DATA_AT);
  return raw;
}

/** `make` of a completed epollWait. Data is a number where that is exact. */
function epollEventsOf(count, memory) {
  return Array.from({ length: count }, (_, index) => {
    const at = index * EVENT_BYTES;
    const data = memory.readBigUInt64LE(at + DATA_AT);
    const number = Number(data);
    return { events: memory.readUInt32LE(at), data: Number.isSafeInteger(number) ? number : data };
  });
}

/** `make` of a completed waitid. With WNOHANG and no child ready all are 0. */
function siginfoOf(result, memory) {
  return {
    signo: memory.readInt32LE(0),
    code: memory.readInt32LE(8),
    pid: memory.readInt32LE(16),
    uid: memory.readUInt32LE(20),
    status: memory.readInt32LE(24),
  };
}

module.exports = { EVENT_BYTES, epollEvent, epollEventsOf, siginfoOf, timespec };
