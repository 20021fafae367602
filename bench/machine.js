// What a result was measured on: figures of other machines are no competitors.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const { bunFile, python } = require('./competitors.js');

const firstLine = (file, args) => {
  if (file === null) return null;
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0].trim() : null;
};

function filesystemOf(folder) {
  return firstLine('stat', ['--file-system', '--format=%T', folder]);
}

function machineFacts(folder) {
  const version = 'import importlib.metadata as m; print(m.version("pyuring"))';
  return {
    cpu: os.cpus()[0].model.trim(),
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release().split('-')[0],
    filesystem: filesystemOf(folder),
    versions: {
      uring: JSON.parse(fs.readFileSync(require.resolve('../package.json'))).version,
      node: process.versions.node,
      libuv: process.versions.uv,
      bun: firstLine(bunFile(), ['--version']),
      pyuring: firstLine(python(), ['-c', version]),
      fio: firstLine('fio', ['--version'])?.replace('fio-', '') ?? null,
      cp: firstLine('cp', ['--version']),
    },
  };
}

module.exports = { machineFacts };
