// Prints how late the event loop of this process is at worst but for one time in a hundred, in ms,
// during a copy: `node delay.js WHAT FROM TO`, where WHAT is `uring` (with a progressCb), a task of
// tasks.js, or `idle`.

'use strict';

const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const tasks = require('./tasks.js');

const IDLE_MS = 2000;
const NS_PER_MS = 1e6;

async function work(what, from, to) {
  if (what === 'idle') return sleep(IDLE_MS);
  if (what !== 'uring') return tasks[what](from, to);
  let last = 0;
  return require('../..').copy(from, to, {
    progressCb(done) {
      last = done;
      return last < 0;
    },
  });
}

async function main() {
  // Loading and compiling are not what is asked about.
  if (process.argv[2] === 'uring') require('../..');
  await sleep(100);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work(...process.argv.slice(2));
  delay.disable();
  console.log(delay.percentile(99) / NS_PER_MS);
}

main();
