// A folder of small files, copied one by one: what a copy costs beside its bytes.

'use strict';

const fs = require('node:fs');
const { BUN, NODE, NODE_URING, command, peer } = require('../competitors.js');
const { settle } = require('../scratch.js');

const COUNT = 2000;
const BYTES = 4096;
const AT_ONCE = 32;

const all = ({ from, to }) => [from, to, AT_ONCE];

module.exports = () => [
  {
    name: `copy ${COUNT} files of 4 KiB, ${AT_ONCE} at once`,
    unit: 's',
    setup(scratch) {
      const context = { from: scratch.path('from'), to: scratch.path('to') };
      fs.mkdirSync(context.from);
      const data = Buffer.alloc(BYTES, 'uring');
      for (let i = 0; i < COUNT; i++) fs.writeFileSync(`${context.from}/${i}`, data);
      return context;
    },
    before({ to }) {
      fs.rmSync(to, { recursive: true, force: true });
      fs.mkdirSync(to);
      settle();
    },
    check({ to }, name) {
      const found = fs.readdirSync(to).length;
      if (found !== COUNT) throw new Error(`${name} copied ${found} files`);
    },
    competitors: {
      'uring copy': peer(NODE, 'uringCopyAll', all),
      'fs.promises.copyFile': peer(NODE, 'copyFileAll', all),
      'fs.promises.copyFile, UV_USE_IO_URING=1': peer(NODE_URING, 'copyFileAll', all),
      'Bun fs.promises.copyFile': peer(BUN, 'copyFileAll', all),
      'cp -r, one after the other': command('cp', ({ from, to }) => ['-r', `${from}/.`, to]),
    },
  },
];
