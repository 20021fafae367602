// `struct statx` as an object: times as dates, and beside them as nanoseconds.

'use strict';

/** `make` of a completed statx: see results.js. */
function statsOf(result, memory, bigint) {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const u16 = (at) => of(view.getUint16(at, true), bigint);
  const u32 = (at) => of(view.getUint32(at, true), bigint);
  const u64 = (at) => (bigint ? view.getBigUint64(at, true) : Number(view.getBigUint64(at, true)));
  const device = (at) => of(makedev(view.getUint32(at, true), view.getUint32(at + 4, true)), bigint);
  const stats = {
    mask: u32(0),
    mode: u16(28),
    nlink: u32(16),
    uid: u32(20),
    gid: u32(24),
    ino: u64(32),
    size: u64(40),
    blocks: u64(48),
    blksize: u32(4),
    dev: device(136),
    rdev: device(128),
    mntId: u64(144),
    attributes: u64(8),
    attributesMask: u64(56),
  };
  for (const [name, at] of TIMES) {
    const ns = view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
    stats[name] = new Date(Number(floorDivide(ns, 1_000_000n)));
    stats[`${name}Ns`] = ns;
  }
  stats.dioMemAlign = u32(152);
  stats.dioOffsetAlign = u32(156);
  return stats;
}

const TIMES = [
  ['atime', 64],
  ['btime', 80],
  ['ctime', 96],
  ['mtime', 112],
];

const of = (number, bigint) => (bigint ? BigInt(number) : number);

// The encoding of glibc's makedev, in numbers that may exceed 32 bits.
function makedev(high, low) {
  const minorHigh = Math.floor(low / 256) * 2 ** 20;
  const majorLow = (high & 0xfff) * 2 ** 8;
  const majorHigh = Math.floor(high / 2 ** 12) * 2 ** 44;
  return majorHigh + minorHigh + majorLow + (low & 0xff);
}

// Before 1970 the nanoseconds are negative, and a date is the millisecond begun before.
function floorDivide(dividend, divisor) {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

module.exports = { statsOf };
