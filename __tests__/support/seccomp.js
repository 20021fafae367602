// Node processes for which the kernel refuses io_uring, by a real seccomp filter.

'use strict';

const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const { fresh } = require('./files.js');

// The same on every architecture.
const CALLS = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 };

const program = fresh('seccomp');
const source = path.join(__dirname, 'seccomp.rs');
const compiled = spawnSync('rustc', ['--edition', '2024', '-O', '-o', program, source], { encoding: 'utf8' });
const works = compiled.status === 0 && spawnSync(program, ['--', 'true']).status === 0;

/** The start of a command line under which these calls fail: `{ io_uring_setup: 'EPERM' }`. */
function refusing(calls) {
  const rules = Object.entries(calls).map(([call, code]) => `${CALLS[call]}=${os.constants.errno[code]}`);
  return [program, ...rules, '--'];
}

module.exports = { refusing, works };
