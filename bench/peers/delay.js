// Prints how late the event loop of this process is during a task, in ms: `node delay.js FIGURE WHAT
// ARGUMENT...`. WHAT is `uring` (a copy with a progressCb), a task of tasks.js, or `idle`; FIGURE is
// `p99`, at worst but for one time in a hundred, or `interval`, from one turn of a setInterval of 1 ms
// to the next, on average.

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

const figures = {
  async p99(run) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await run();
    delay.disable();
    return delay.percentile(99) / NS_PER_MS;
  },
  async interval(run) {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const begin = performance.now();
    await run();
    const ms = performance.now() - begin;
    clearInterval(timer);
    return ms / turns;
  },
};

async function main() {
  const [figure, ...task] = process.argv.slice(2);
  // Loading and compiling are not what is asked about.
  if (task[0] === 'uring' || task[0].startsWith('ring')) require('../..');
  await sleep(100);
  console.log(await figures[figure](() => work(...task)));
}

main();
