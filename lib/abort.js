// Hearing an AbortSignal: one listener for each signal, however many calls share it, since Node warns
// of a leak from the eleventh on.

'use strict';

const heard = new WeakMap();

/** Calls `call` when `signal` is aborted, until the function that comes back is called. */
function onAbort(signal, call) {
  let calls = heard.get(signal);
  if (calls === undefined) {
    calls = new Set();
    calls.listener = () => calls.forEach((each) => each());
    heard.set(signal, calls);
    signal.addEventListener('abort', calls.listener);
  }
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0 || heard.get(signal) !== calls) return;
    heard.delete(signal);
    signal.removeEventListener('abort', calls.listener);
  };
}

module.exports = { onAbort };
