// Filesystems of the tests' own, on loop devices or in memory. Where they can't be mounted, the tests
// that want them are skipped and say why.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { atEnd, folder, fresh } = require('./files.js');

const MAKE = {
  xfs: ['mkfs.xfs', '-q'],
  btrfs: ['mkfs.btrfs', '-q'],
  ext4: ['mkfs.ext4', '-q'],
};

function run(command, ...args) {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw new Error(`${command}: ${error.code}`);
  if (status !== 0) throw new Error(`${command}: ${stderr.trim().split('\n')[0]}`);
}

function mount(kind, size, options) {
  if (process.getuid() !== 0) throw new Error('only root mounts');
  const at = folder();
  if (kind === 'tmpfs') {
    run('mount', '-t', 'tmpfs', '-o', `size=${size}${options}`, 'tmpfs', at);
  } else {
    const image = fresh('image');
    fs.writeFileSync(image, '');
    fs.truncateSync(image, size);
    run(...MAKE[kind], image);
    run('mount', '-o', `loop${options}`, image, at);
  }
  return at;
}

/** Describes what holds on a filesystem of that kind; `body` is given a function from names to paths. */
function onFilesystem(kind, { size, options = '' }, body) {
  let at;
  try {
    at = mount(kind, size, options);
    atEnd(() => run('umount', '-l', at));
  } catch (error) {
    describe.skip(`on ${kind} (skipped: ${error.message})`, () => body((name) => name));
    return;
  }
  describe(`on ${kind}`, () => body((name) => path.join(at, name), at));
}

module.exports = { onFilesystem };
