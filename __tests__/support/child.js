// A Node process of its own for what would hurt the one that tests: limits, other users, exits.

'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '../..');

/**
 * Runs `script`, in which `uring` and `fs` are there and `report(value)` sends what `reported` shall
 * be. `wrap` is the command line that starts it, if it is not to be started as it is.
 */
function inChild(script, { wrap = [], env } = {}) {
  const code = `'use strict';
    const fs = require('node:fs');
    const uring = require(${JSON.stringify(root)});
    const report = (value) => fs.writeSync(3, JSON.stringify(value));
    const codeOf = (promise) => promise.then((value) => value, (error) => error.code);
    (async () => { ${script} })();`;
  const [command, ...args] = [...wrap, process.execPath, '-e', code];
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts = ['', '', '', ''];
  for (const fd of [1, 2, 3]) child.stdio[fd].setEncoding('utf8').on('data', (text) => (texts[fd] += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const [, stdout, stderr, json] = texts;
      resolve({ status, signal, stdout, stderr, reported: json === '' ? undefined : JSON.parse(json) });
    });
  });
}

module.exports = { inChild, root };
