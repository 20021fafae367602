// What a large copy does to the process it runs in: its peak memory, and how late its event loop is.

'use strict';

const fs = require('node:fs');
const { measured } = require('../competitors.js');
const { makeFile, settle } = require('../scratch.js');
const { human } = require('../markdown.js');

const MODES = ['auto', 'safe', 'fast'];

const setup = (size) => (scratch) => {
  const context = { size, from: scratch.path('from'), to: scratch.path('to') };
  makeFile(context.from, size);
  return context;
};

function before({ to }) {
  fs.rmSync(to, { force: true });
  settle();
}

const inFreshNode = (script, ...what) => measured(script, ({ from, to }) => [...what, from, to]);

module.exports = (unit) => {
  const size = 4 * unit;
  const name = (mode) => `uring copy, ${mode}`;
  return [
    {
      name: `peak memory of copying ${human(size)}`,
      unit: 'MiB',
      setup: setup(size),
      before,
      competitors: {
        'idle Node': inFreshNode('memory.js', 'idle'),
        ...Object.fromEntries(MODES.map((mode) => [name(mode), inFreshNode('memory.js', mode)])),
        'fs.promises.copyFile': inFreshNode('memory.js', 'copyFile'),
        'createReadStream to createWriteStream': inFreshNode('memory.js', 'streamCopy'),
      },
      goals: MODES.map((mode) => ({ subject: name(mode), against: 'idle Node', above: 32 })),
    },
    {
      name: `event-loop delay p99 while copying ${human(size)}`,
      unit: 'ms',
      setup: setup(size),
      before,
      competitors: {
        'idle Node': inFreshNode('delay.js', 'p99', 'idle'),
        'uring copy with progressCb': inFreshNode('delay.js', 'p99', 'uring'),
        'fs.promises.copyFile': inFreshNode('delay.js', 'p99', 'copyFile'),
        'createReadStream to createWriteStream': inFreshNode('delay.js', 'p99', 'streamCopy'),
      },
      goals: [{ subject: 'uring copy with progressCb', against: 'idle Node', above: 2 }],
    },
  ];
};
