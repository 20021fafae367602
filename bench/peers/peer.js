// A JavaScript competitor that keeps running, under Node or Bun: see `peer` in ../competitors.js.

'use strict';

const readline = require('node:readline');
const tasks = require('./tasks.js');

async function answer(line) {
  const [task, ...args] = line.split('\t');
  try {
    const begin = process.hrtime.bigint();
    await tasks[task](...args);
    return String(Number(process.hrtime.bigint() - begin) / 1e9);
  } catch (error) {
    return `error: ${error.message}`;
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${await answer(line)}\n`);
  }
}

main();
