// Running a native job: slice by slice on the thread pool, with the caller's callbacks in between.

'use strict';

const { onAbort } = require('./abort.js');
const { invalidReturnValue } = require('./arguments.js');
const { errorFromNative, showCallSite } = require('./errors.js');

const ECANCELED = 125;

/** The jobs that are not over. A process that exits takes back what they created. */
const live = new Set();
process.on('exit', () => {
  for (const job of live) job.abandon();
});

/**
 * Runs a job to its end; resolves to the bytes it moved.
 *
 * `hooks` are the caller's `bufferSizeCb`, `progressCb` and `signal`, each or none; `failure` says
 * what an error is to name: `{ operation, info, site }`. It rejects only when the job is over and
 * has cleaned up: the kernel holds nothing of it any more.
 */
async function run(job, hooks, failure) {
  live.add(job);
  const abort = watch(hooks.signal, job);
  let sizes = [];
  try {
    // An abort in the tick that makes the call comes before anything is touched.
    await undefined;
    abort.check();
    for (;;) {
      const slice = await job.step(sizes);
      if (slice.done !== undefined) return slice.done;
      if (slice.panic !== undefined) throw internalError(slice.panic, failure);
      if (slice.errno === ECANCELED) abort.check();
      if (slice.errno !== undefined) throw kernelError(slice, failure);
      if (slice.reports.length > 0) await report(slice, hooks, abort, failure);
      sizes = slice.sizes > 0 ? askSizes(slice, hooks, abort) : [];
    }
  } catch (error) {
    job.cancel();
    await job.step([]);
    throw error;
  } finally {
    abort.stop();
    live.delete(job);
  }
}

/** The signal, heard from now on: it cancels the job, and ends a wait for the caller. */
function watch(signal, job) {
  if (signal === undefined) return { check() {}, during: (wait) => wait, stop() {} };
  let wake;
  const aborted = new Promise((_, reject) => {
    wake = () => {
      job.cancel();
      reject(signal.reason);
    };
  });
  aborted.catch(() => {});
  const stop = onAbort(signal, wake);
  if (signal.aborted) wake();
  return {
    check() {
      if (signal.aborted) throw signal.reason;
    },
    during: (wait) => Promise.race([wait, aborted]),
    stop,
  };
}

/** One call for each completed write, one after the other; `true` cancels. */
async function report({ reports, total }, { progressCb }, abort, failure) {
  for (const done of reports) {
    abort.check();
    let answer = progressCb(done, total);
    if (typeof answer?.then === 'function') answer = await abort.during(answer);
    if (answer === true) throw kernelError({ errno: ECANCELED }, failure);
  }
}

/** A size for each chunk that can be started now. */
function askSizes({ sizes: wanted, offset, end, total }, { bufferSizeCb, blockSize }, abort) {
  const sizes = [];
  while (sizes.length < wanted && offset < end) {
    abort.check();
    const size = bufferSizeCb(offset, total, blockSize);
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw invalidReturnValue('bufferSizeCb', 'a positive integer', size);
    }
    sizes.push(size);
    offset += size;
  }
  return sizes;
}

const kernelError = ({ errno }, { operation, info, site }) =>
  errorFromNative(-errno, operation, info, site);

function internalError(panic, { operation, site }) {
  const error = new Error(`uring failed internally in ${operation}: ${panic}`);
  error.code = 'ERR_URING_INTERNAL';
  return showCallSite(error, site);
}

module.exports = { run };
