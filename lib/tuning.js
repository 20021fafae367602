// How deep and in what blocks a job works: the reference's mode tables, and what was measured
// fastest where the caller leaves it open. `npm run bench` shows the rows that decided.

'use strict';

const KIB = 1024;
const MIB = 1024 * KIB;

const MODES = ['auto', 'safe', 'fast'];

// [ceiling in 'safe', floor in 'fast'] of queue depth and block size.
const COPY_LIMITS = { qd: [16, 64], blockSize: [MIB, MIB] };
const WRITE_LIMITS = { qd: [128, 256], blockSize: [4 * KIB, 64 * KIB] };

// Four blocks that fit into the cache of a core together: beyond it, every byte is fetched from
// memory twice more.
const FASTEST = { qd: 4, blockSize: 256 * KIB };

// What a copy may hold in flight when nobody asked for more by name.
const UNASKED_MEMORY = 16 * MIB;

function adjust(mode, asked, limits) {
  const one = (name) => {
    const [ceiling, floor] = limits[name];
    if (mode === 'safe') return Math.min(asked[name], ceiling);
    return mode === 'fast' ? Math.max(asked[name], floor) : asked[name];
  };
  return { qd: one('qd'), blockSize: one('blockSize') };
}

/** The fastest, within the memory that `asked` allows. */
function fastestWithin(asked) {
  const ceiling = asked.qd * asked.blockSize;
  const blockSize = Math.min(FASTEST.blockSize, Math.floor(ceiling / FASTEST.qd));
  if (blockSize >= 4 * KIB) return { qd: FASTEST.qd, blockSize };
  return { qd: 1, blockSize: Math.min(ceiling, FASTEST.blockSize) };
}

/** For `copy`; `isExplicit` when the caller named `qd` or `blockSize`. */
function forCopy(mode, asked, { sizesAreAsked, isExplicit }) {
  if (mode === 'auto' && !sizesAreAsked) return fastestWithin(asked);
  const { qd, blockSize } = adjust(mode, asked, COPY_LIMITS);
  if (isExplicit) return { qd, blockSize };
  return { qd: Math.min(qd, Math.max(1, Math.floor(UNASKED_MEMORY / blockSize))), blockSize };
}

/**
 * For `write` and `writeMany`, whose writes share one buffer. One write at a time, since more of
 * them to one file only wait for each other: unless each is to reach the disk (`dsync`).
 */
function forWrite(mode, asked, { sizesAreAsked, dsync }) {
  if (mode !== 'auto' || sizesAreAsked) return adjust(mode, asked, WRITE_LIMITS);
  const { qd, blockSize } = fastestWithin(asked);
  return { qd: dsync ? qd : 1, blockSize };
}

/** Overrides of the sync options by `syncPolicy`; null leaves them as they are. */
const COPY_SYNC = {
  default: null,
  none: { fsync: false },
  end: { fsync: true },
};
const WRITE_SYNC = {
  default: null,
  none: { fsync: false, dsync: false },
  end: { fsync: true, dsync: false },
  data: { fsync: false, dsync: true },
  end_and_data: { fsync: true, dsync: true },
};

module.exports = { COPY_SYNC, MIB, MODES, WRITE_SYNC, forCopy, forWrite };
