// What the helpers do, told as plain data: to be the same wherever they run.

'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const digest = (name) => crypto.createHash('sha1').update(fs.readFileSync(name)).digest('hex');

/** Uses every helper in the folder `dir`; what comes back names no path, depth or time. */
async function exercise(uring, dir) {
  const at = (name) => path.join(dir, name);
  const outcome = (promise) =>
    promise.then((value) => value, ({ name, code, errno, operation }) => ({ name, code, errno, operation }));
  const content = Buffer.alloc(3_000_001, 'a text that repeats itself ');
  fs.writeFileSync(at('src'), content, { mode: 0o640 });
  fs.writeFileSync(at('sparse'), content);
  fs.truncateSync(at('sparse'), 2 ** 34);
  fs.mkdirSync(at('many'));

  const [sizes, last, found] = [[], [], {}];
  const bufferSizeCb = (...args) => {
    sizes.push(args);
    return 700_000;
  };
  const progressCb = (...args) => void last.push(args);
  found.copy = [await outcome(uring.copy(at('src'), at('copy'))), digest(at('copy')), fs.statSync(at('copy')).mode];
  found.callbacks = await outcome(uring.copy(at('src'), at('called'), { bufferSizeCb, progressCb }));
  Object.assign(found, { sizes, last: last.at(-1), called: digest(at('called')) });
  found.sparse = [await outcome(uring.copy(at('sparse'), at('holes'))), fs.statSync(at('holes')).blocks * 512 < 2 ** 24];
  found.atomic = [await outcome(uring.copy(at('src'), at('copy'), { atomic: true, fsync: true })), digest(at('copy'))];
  found.proc = [await outcome(uring.copy('/proc/filesystems', at('proc'))), digest(at('proc'))];
  found.write = [await outcome(uring.write(at('written'), { totalMb: 2, fsync: true, dsync: true })), digest(at('written'))];
  found.many = [await outcome(uring.writeMany(at('many'), { nfiles: 3, mbPerFile: 1 })), fs.readdirSync(at('many'))];
  found.path = [await outcome(uring.copyPath(at('src'), at('path'), { qd: 8, blockSize: 10_000 })), digest(at('path'))];
  found.cancelled = [await outcome(uring.copy(at('src'), at('none'), { progressCb: () => true })), fs.existsSync(at('none'))];
  found.aborted = await outcome(uring.copy(at('src'), at('none'), { signal: AbortSignal.abort() }));
  found.missing = await outcome(uring.copy(at('nothing'), at('none')));
  found.itself = [await outcome(uring.copy(at('src'), at('src'))), digest(at('src'))];
  found.folder = await outcome(uring.copy(at('many'), at('none')));
  found.exclusive = await outcome(uring.copy(at('src'), at('copy'), { exclusive: true }));
  found.full = await outcome(uring.copy(at('src'), '/dev/full'));
  found.bad = await outcome(uring.copy(at('src'), at('none'), { qd: 0 }));
  return found;
}

module.exports = { exercise };
