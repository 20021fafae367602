// Prints the peak memory of this process in MiB, after a copy: `node memory.js WHAT FROM TO`, where
// WHAT is a mode of uring, a task of tasks.js, or `idle`.

'use strict';

const fs = require('node:fs');
const tasks = require('./tasks.js');

async function work(what, from, to) {
  if (what === 'idle') return;
  if (what in tasks) await tasks[what](from, to);
  else await tasks.uringCopy(from, to, JSON.stringify({ mode: what }));
}

work(...process.argv.slice(2)).then(() => {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  console.log(kib / 1024);
});
