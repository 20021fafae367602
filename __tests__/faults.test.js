// Faults from outside a copy: disks that fail, limits that fall, files that others touch, signals, a
// debugger, a sudden death. What a full or forbidden filesystem does is in copy-faults.

'use strict';

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { availability, copy, write } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { root } = require('./support/child.js');
const { MIB, atEnd, bytes, eventually, file, folder, fresh } = require('./support/files.js');
const { howMany, limit, numbersOf, seedOf } = require('./support/random.js');

const seed = seedOf(__filename);
const quoted = (value) => JSON.stringify(value);
const has = (command) => spawnSync(command, ['-V']).error === undefined;

/** `body` with what `prepare` makes, or skipped with the reason why it can't. */
function withThe(what, prepare, body) {
  let made;
  try {
    made = prepare();
  } catch (error) {
    describe.skip(`${what} (skipped: ${(error.stderr?.toString() || error.message).trim().split('\n')[0]})`, () => body({}));
    return;
  }
  describe(what, () => body(made));
}

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' }).trim();

/** A block device over the file `image`. */
function deviceOver(image) {
  const device = run('losetup', '--find', '--show', image);
  atEnd(() => run('losetup', '--detach', device));
  return device;
}

/** A device that ends beneath its users: reading the second half is EIO. */
function halfGone() {
  const image = file(8 * MIB);
  const device = deviceOver(image);
  fs.truncateSync(image, 4 * MIB);
  return { src: device };
}

/** A file on a filesystem whose disk ends in the middle of it. */
function fileHalfGone() {
  const [image, at] = [file(''), folder()];
  fs.truncateSync(image, 16 * MIB);
  run('mkfs.ext4', '-q', '-O', '^has_journal', image);
  const device = deviceOver(image);
  run('mount', device, at);
  fs.writeFileSync(path.join(at, 'src'), bytes(8 * MIB));
  run('umount', at);
  run('mount', '-o', 'ro', device, at);
  atEnd(() => run('umount', '-l', at));
  fs.truncateSync(image, 6 * MIB);
  return { src: path.join(at, 'src') };
}

/** A device that takes what is written and fails to keep it. */
function unkept() {
  const at = folder();
  run('mount', '-t', 'tmpfs', '-o', 'size=2M', 'tmpfs', at);
  atEnd(() => run('umount', '-l', at));
  const image = path.join(at, 'image');
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 16 * MIB);
  return { dst: deviceOver(image) };
}

describe('a disk that fails', () => {
  describe.each([['a device', halfGone], ['a file', fileHalfGone]])('under %s that is read', (_, prepare) => {
    withThe('(the source)', prepare, ({ src }) => {
      bothWays(() => {
        it.each([{}, { atomic: true }, { mode: 'safe', blockSize: 4096, progressCb() {} }, { sparse: 'never', reflink: 'never' }])(
          'is EIO, and what was made is gone: %p',
          async (options) => {
            const there = folder();
            const dst = path.join(there, 'dst');
            await expect(copy(src, dst, options)).rejects.toMatchObject({ code: 'EIO', operation: 'copy', path: src, dest: dst });
            expect(fs.readdirSync(there)).toEqual([]);
          },
        );
      });
    });
  });

  withThe('under a device that is written', unkept, ({ dst }) => {
    bothWays(() => {
      it('is EIO by the time of the fsync', async () => {
        await expect(copy(file(8 * MIB), dst, { fsync: true })).rejects.toMatchObject({ code: 'EIO', dest: dst });
        await expect(write(dst, { totalMb: 8, fsync: true })).rejects.toMatchObject({ code: 'EIO', path: dst });
        await expect(write(dst, { totalMb: 8, dsync: true })).rejects.toMatchObject({ code: 'EIO', path: dst });
      });
    });
  });
});

/** A source of `size`, and a destination that gets it in so many steps that something can happen. */
function slowly(size, options) {
  const [src, there] = [file(size), folder()];
  const dst = path.join(there, 'dst');
  const shape = { mode: 'safe', blockSize: 64 * 1024, reflink: 'never', ...options };
  return { src, there, dst, shape };
}

describe('files that others touch', () => {
  bothWays(() => {
    it.each([{}, { atomic: true }])('a source cut and grown by turns: the result is what is there, %p', async (options) => {
      const { src, there, dst, shape } = slowly(4 * MIB, options);
      let turn = 0;
      const progressCb = () => fs.truncateSync(src, turn++ % 2 === 0 ? MIB : 4 * MIB);
      const total = await copy(src, dst, { ...shape, progressCb });
      expect(total).toBe(fs.statSync(dst).size);
      expect(total).toBeGreaterThanOrEqual(64 * 1024);
      expect(fs.readdirSync(there)).toEqual(['dst']);
    });

    it('a destination that is replaced: the other file is left alone', async () => {
      const { src, there, dst, shape } = slowly(4 * MIB);
      const moved = path.join(there, 'moved');
      const progressCb = () => {
        if (fs.existsSync(moved)) return;
        fs.renameSync(dst, moved);
        fs.writeFileSync(dst, 'of somebody else');
      };
      expect(await copy(src, dst, { ...shape, progressCb })).toBe(4 * MIB);
      expect(fs.readFileSync(dst, 'utf8')).toBe('of somebody else');
      expect(fs.readFileSync(moved).equals(fs.readFileSync(src))).toBe(true);
    });

    it('an atomic one that somebody made meanwhile: the copy replaces it, or leaves it where it may not', async () => {
      const { src, there, dst, shape } = slowly(MIB, { atomic: true });
      const progressCb = () => fs.writeFileSync(dst, 'of somebody else');
      await expect(copy(src, dst, { ...shape, progressCb, exclusive: true })).rejects.toMatchObject({ code: 'EEXIST' });
      expect(fs.readFileSync(dst, 'utf8')).toBe('of somebody else');
      expect(await copy(src, dst, { ...shape, progressCb })).toBe(MIB);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
      expect(fs.readdirSync(there)).toEqual(['dst']);
    });

    it('a folder that is removed meanwhile: an atomic copy is ENOENT', async () => {
      const { src, there, dst, shape } = slowly(MIB, { atomic: true });
      const progressCb = () => fs.rmSync(there, { recursive: true, force: true });
      await expect(copy(src, dst, { ...shape, progressCb })).rejects.toMatchObject({ code: 'ENOENT' });
      expect(fs.existsSync(there)).toBe(false);
    });
  });
});

/**
 * A process that runs `script`, in which `uring` and `fs` are there; `said(text)` waits until it has
 * printed that.
 */
function start(script, URING_FALLBACK) {
  const code = `const fs = require('node:fs'); const uring = require(${quoted(root)});
    const say = (value) => fs.writeSync(1, value + '\\n');
    (async () => { ${script} })().catch((error) => say(error.code));`;
  const child = spawn(process.execPath, ['-e', code], { env: { ...process.env, URING_FALLBACK }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more) => (text += more));
  const closed = once(child, 'close');
  return {
    child,
    closed,
    said: (what) => eventually(() => text.includes(`${what}\n`), `the process says ${what}`),
    ended: async () => [...(await closed), text.trim().split('\n').at(-1)],
  };
}

const ring = availability();
describe.each([['on a ring', ''], ['with plain system calls', '1']])('a process, %s', (_, fallback) => {
  const able = fallback === '1' || ring.available;
  const where = (condition) => (able && condition ? it : it.skip);
  const why = (condition, reason) => (able ? (condition ? '' : ` (skipped: ${reason})`) : ` (skipped: ${ring.reason})`);

  /** A process that copies and stops in the middle of it, until the file `go` is there. */
  function halfWay(options = '') {
    const [src, dst, go] = [file(8 * MIB), fresh(), fresh('go')];
    const script = `
      const progressCb = async (done) => {
        if (done < ${4 * MIB}) return;
        if (!globalThis.half) say('half');
        globalThis.half = true;
        while (!fs.existsSync(${quoted(go)})) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      say(await uring.copy(${quoted(src)}, ${quoted(dst)}, { mode: 'safe', blockSize: 65536, reflink: 'never', progressCb ${options} }));`;
    return { src, dst, go: () => fs.writeFileSync(go, ''), ...start(script, fallback) };
  }

  where(has('prlimit'))(`whose limit falls: EFBIG, no death by SIGXFSZ, and no file${why(has('prlimit'), 'no prlimit')}`, async () => {
    const { dst, go, child, said, ended } = halfWay();
    await said('half');
    run('prlimit', '--pid', String(child.pid), `--fsize=${6 * MIB}`);
    go();
    expect(await ended()).toEqual([0, null, 'EFBIG']);
    expect(fs.existsSync(dst)).toBe(false);
  });

  where(true)(`that is stopped and continued, many times, copies all${why(true)}`, async () => {
    const { src, dst, go, child, said, ended } = halfWay();
    await said('half');
    go();
    const end = ended();
    let over = false;
    end.then(() => (over = true));
    const stopped = () => /^State:\s+[Tt]/m.test(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'));
    let times = 0;
    for (; !over && times < 20; times += 1) {
      child.kill('SIGSTOP');
      await eventually(() => over || stopped(), 'the process stops');
      child.kill('SIGCONT');
      await sleep(1);
    }
    expect(await end).toEqual([0, null, String(8 * MIB)]);
    expect(times).toBeGreaterThan(0);
    expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
  });

  where(has('strace'))(`that a debugger comes to and leaves copies all${why(has('strace'), 'no strace')}`, async () => {
    const { src, dst, go, child, said, ended } = halfWay();
    await said('half');
    const end = ended();
    for (let times = 0; times < 3; times += 1) {
      const log = fresh('log');
      const strace = spawn('strace', ['-f', '-o', log, '-p', String(child.pid)], { stdio: 'ignore' });
      const left = once(strace, 'close');
      await eventually(() => fs.existsSync(log) && fs.statSync(log).size > 0, 'strace sees calls');
      if (times === 2) go();
      strace.kill('SIGINT');
      await left;
    }
    expect(await end).toEqual([0, null, String(8 * MIB)]);
    expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
  });

  const deaths = howMany(20, 200);
  where(true)(`killed ${deaths} times: an atomic copy is the old file or the new one, whole (URING_SEED=${seed})${why(true)}`, async () => {
    const random = numbersOf(seed);
    const [there, one, two] = [folder(), file(MIB + 1), file(2 * MIB + 3)];
    const dst = path.join(there, 'dst');
    const contents = [one, two].map((name) => fs.readFileSync(name));
    fs.copyFileSync(one, dst);
    // Two lives at a time: the machine is busy while a process starts.
    const life = async () => {
      const script = `say('ready');
        for (;;) for (const src of ${quoted([two, one])}) {
          await uring.copy(src, ${quoted(dst)}, { atomic: true, mode: 'safe', blockSize: 16384, reflink: 'never', progressCb() {} });
        }`;
      const { child, closed, said } = start(script, fallback);
      await said('ready');
      await sleep(random() * 40);
      child.kill('SIGKILL');
      expect((await closed)[1]).toBe('SIGKILL');
      const found = fs.readFileSync(dst);
      expect(contents.some((content) => content.equals(found))).toBe(true);
      expect(fs.readdirSync(there).filter((name) => name !== 'dst' && !/^\.uring-.*\.tmp$/.test(name))).toEqual([]);
    };
    for (let death = 0; death < deaths; death += 2) await Promise.all([life(), life()]);
  }, limit);

  where(has('strace'))(`syncs the file, renames it, and syncs the folder: over a file too${why(has('strace'), 'no strace')}`, () => {
    const [src, there, log] = [file(MIB), folder(), fresh('log')];
    const dst = path.join(there, 'dst');
    fs.writeFileSync(dst, 'old');
    const script = `require(${quoted(root)}).copy(${quoted(src)}, ${quoted(dst)}, { atomic: true, fsync: true })`;
    const filter = 'trace=fsync,fdatasync,rename,renameat,renameat2';
    const env = { ...process.env, URING_FALLBACK: fallback };
    execFileSync('strace', ['-f', '-y', '-e', filter, '-o', log, process.execPath, '-e', script], { env });
    const calls = fs.readFileSync(log, 'utf8').split('\n').filter((line) => line.includes(there));
    expect(calls).toEqual([
      expect.stringMatching(/fsync\(\d+<.*\.tmp>\)\s+= 0/),
      expect.stringMatching(/rename.*\.tmp", .*dst".*= 0/),
      expect.stringMatching(new RegExp(`fsync\\(\\d+<${there}>\\)\\s+= 0`)),
    ]);
  });
});
