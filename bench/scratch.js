// The files that rows work on: a folder that goes at the end, files of a given size and content,
// caches, and filesystems on loop devices.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const CHUNK = 2 ** 20;

function run(file, args) {
  const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function isInstalled(file) {
  if (path.isAbsolute(file)) return fs.existsSync(file);
  // mkfs is in sbin, which a user's PATH may lack.
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => fs.existsSync(path.join(folder, file)));
}

/** Writes back all that is dirty, so that a sample does not pay for the one before. */
const settle = () => run('sync', []);

/** Empties the page cache. Needs root. */
function dropCaches() {
  settle();
  fs.writeFileSync('/proc/sys/vm/drop_caches', '3');
}

/** Empties the page cache of one file that is written back. */
const dropFile = (file) =>
  run('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0', 'status=none']);

/** A file of bytes that are no two MiB alike; what `isData` denies, by MiB, stays a hole. */
function makeFile(file, size, { isData = () => true } = {}) {
  const chunk = Buffer.alloc(CHUNK);
  for (let i = 0; i < CHUNK; i += 4) chunk.writeInt32LE(Math.imul(i + 1, 2654435761), i);
  const fd = fs.openSync(file, 'w');
  for (let offset = 0; offset < size; offset += CHUNK) {
    if (!isData(offset / CHUNK)) continue;
    chunk.writeDoubleLE(offset, 0);
    fs.writeSync(fd, chunk, 0, Math.min(CHUNK, size - offset), offset);
  }
  fs.ftruncateSync(fd, size);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

class Scratch {
  #mounts = [];
  #remove = () => this.remove();

  constructor(parent) {
    fs.mkdirSync(parent, { recursive: true });
    this.root = fs.mkdtempSync(path.join(parent, 'run-'));
    process.once('SIGINT', () => process.exit(130));
    process.once('exit', this.#remove);
  }

  path(name) {
    return path.join(this.root, name);
  }

  /** A new filesystem in a file, mounted; needs root. */
  mount(type, size) {
    const image = this.path(`${type}.img`);
    const point = this.path(type);
    fs.writeFileSync(image, '');
    fs.truncateSync(image, size);
    run(`mkfs.${type}`, ['-q', image]);
    fs.mkdirSync(point);
    run('mount', ['-o', 'loop', image, point]);
    this.#mounts.push(point);
    return point;
  }

  empty() {
    for (const point of this.#mounts.splice(0)) run('umount', [point]);
    for (const name of fs.readdirSync(this.root)) fs.rmSync(this.path(name), { recursive: true });
  }

  remove() {
    process.off('exit', this.#remove);
    this.empty();
    fs.rmdirSync(this.root);
  }
}

module.exports = { Scratch, dropCaches, dropFile, isInstalled, makeFile, run, settle };
