// A folder for each test file, gone at its end, and files to put there.

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const MIB = 1 << 20;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'uring-test-'));
const endings = [];
afterAll(() => {
  for (const end of endings.reverse()) end();
  fs.rmSync(dir, { recursive: true, force: true });
});

/** Calls `end` after all tests of the file, also where none of them was selected to run. */
const atEnd = (end) => endings.push(end);

let count = 0;

/** A name of its own for each call, with nothing there. */
const fresh = (name = 'file') => path.join(dir, `${count++}-${name}`);

/** Bytes without a pattern: a block in the wrong place shows. */
const bytes = (length) => crypto.randomBytes(length);

/** A new file with `content`, or with so many bytes. */
function file(content, mode = 0o644) {
  const name = fresh();
  fs.writeFileSync(name, typeof content === 'number' ? bytes(content) : content);
  fs.chmodSync(name, mode);
  return name;
}

/** A new folder. */
function folder() {
  const name = fresh('folder');
  fs.mkdirSync(name);
  return name;
}

const permissions = (name) => fs.statSync(name).mode & 0o7777;

/** Waits for `done()`; a leak shows as a timeout that names what was waited for. */
async function eventually(done, what, ms = 10_000) {
  const end = Date.now() + ms;
  while (!done()) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

module.exports = { MIB, atEnd, bytes, dir, eventually, file, folder, fresh, permissions };
