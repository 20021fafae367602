// Prints by how many MiB this process grew while a task was repeated with many reads, after it was
// done once with few: `node growth.js FIGURE TASK FILE OPTIONS READS`, where FIGURE is a key of
// process.memoryUsage(), and TASK one of reads.js or `idle`.

'use strict';

const v8 = require('node:v8');
const vm = require('node:vm');
const tasks = require('./tasks.js');

const MIB = 2 ** 20;

v8.setFlagsFromString('--expose_gc');
const collectGarbage = vm.runInNewContext('gc');

function memory(figure) {
  collectGarbage();
  return process.memoryUsage()[figure] / MIB;
}

async function main() {
  const [figure, task, file, text, reads] = process.argv.slice(2);
  const run = task === 'idle' ? () => {} : tasks[task];
  await run(file, text);
  const before = memory(figure);
  await run(file, JSON.stringify({ ...JSON.parse(text), reads: Number(reads) }));
  console.log(memory(figure) - before);
}

main();
