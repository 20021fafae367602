'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const { UringError, copy } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { MIB, bytes, dir, eventually, file, folder, fresh, permissions } = require('./support/files.js');

function fifo() {
  const name = fresh('fifo');
  execFileSync('mkfifo', [name]);
  return name;
}

/** A shell command that is still to be awaited. */
function shell(command, ...args) {
  const child = spawn('sh', ['-c', command, 'sh', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => child.on('close', () => resolve(Buffer.concat(chunks))));
}

bothWays(() => {
  describe('the bytes', () => {
    const lengths = [0, 1, 4095, 4096, 4097, 256 * 1024 + 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3];

    it.each(lengths)('%i of them arrive, and their number is the result', async (length) => {
      const [src, dst] = [file(length), fresh()];
      expect(await copy(src, dst)).toBe(length);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
    });

    it.each([10, 3 * MIB])('replace those of a destination of %i', async (length) => {
      const [src, dst] = [file(MIB + 7), file(length)];
      expect(await copy(src, dst)).toBe(MIB + 7);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
    });

    it.each(['auto', 'safe', 'fast'])('are the same in mode %s, whatever the depth and the block', async (mode) => {
      const src = file(2 * MIB + 11);
      const wanted = fs.readFileSync(src);
      for (const shape of [{}, { qd: 1 }, { qd: 3, blockSize: 5000 }, { qd: 4096, blockSize: 4096n }, { blockSize: 2 ** 30 }]) {
        const dst = fresh();
        expect(await copy(src, dst, { mode, ...shape })).toBe(wanted.length);
        expect(fs.readFileSync(dst).equals(wanted)).toBe(true);
      }
    });

    it('arrive one at a time', async () => {
      const [src, dst] = [file(1000), fresh()];
      expect(await copy(src, dst, { mode: 'safe', blockSize: 1, qd: 7 })).toBe(1000);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
    });
  });

  describe('large and sparse', () => {
    function sparse(length, ...data) {
      const name = fresh('sparse');
      const fd = fs.openSync(name, 'w');
      for (const [content, at] of data) fs.writeSync(fd, content, 0, content.length, at);
      fs.ftruncateSync(fd, length);
      fs.closeSync(fd);
      return name;
    }
    function part(name, length, at) {
      const fd = fs.openSync(name);
      const found = Buffer.alloc(length);
      fs.readSync(fd, found, 0, length, at);
      fs.closeSync(fd);
      return found;
    }

    it('a file above 4 GiB, with data on both sides of that line', async () => {
      const [content, line] = [bytes(3 * MIB), 2 ** 32];
      const src = sparse(line + 2 * MIB, [content, line - MIB]);
      const dst = fresh();
      expect(await copy(src, dst)).toBe(line + 2 * MIB);
      expect(fs.statSync(dst).size).toBe(line + 2 * MIB);
      expect(part(dst, content.length, line - MIB).equals(content)).toBe(true);
    });

    it('a TiB of holes takes the room of its data, and all of it counts', async () => {
      const content = bytes(MIB);
      const src = sparse(2 ** 40, [content, 0], [content, 2 ** 39]);
      const dst = fresh();
      const calls = [];
      expect(await copy(src, dst, { progressCb: (...call) => void calls.push(call) })).toBe(2 ** 40);
      expect(calls.at(-1)).toEqual([2 ** 40, 2 ** 40]);
      expect(fs.statSync(dst).size).toBe(2 ** 40);
      expect(fs.statSync(dst).blocks * 512).toBeLessThan(8 * MIB);
      expect(part(dst, MIB, 2 ** 39).equals(content)).toBe(true);
      expect(part(dst, MIB, 2 ** 38).equals(Buffer.alloc(MIB))).toBe(true);
    });

    it('nothing but a hole, and holes over old data', async () => {
      const src = sparse(3 * MIB);
      const dst = file(2 * MIB);
      expect(await copy(src, dst)).toBe(3 * MIB);
      expect(fs.readFileSync(dst).equals(Buffer.alloc(3 * MIB))).toBe(true);
    });
  });

  describe('permission bits', () => {
    it.each([0o644, 0o600, 0o444, 0o755, 0o777, 0o4755, 0o2711, 0o000])('%o: as fs.copyFile copies them', async (mode) => {
      const src = file(10, mode);
      for (const make of [fresh, () => file(20, 0o666), () => file(20, 0o600)]) {
        const [ours, theirs] = [make(), make()];
        await copy(src, ours);
        fs.copyFileSync(src, theirs);
        expect(permissions(ours)).toBe(permissions(theirs));
        expect(permissions(ours)).toBe(mode);
      }
    });

    it.each([['a new file', fresh], ['one that all may read', () => file(10, 0o666)]])(
      'are never wider than the source has them, in %s',
      async (_, make) => {
        const [src, dst] = [file(4 * MIB, 0o600), make()];
        const wider = [];
        await copy(src, dst, { progressCb: () => void wider.push(permissions(dst) & ~0o600) });
        expect(wider.length).toBeGreaterThan(1);
        expect(new Set(wider)).toEqual(new Set([0]));
      },
    );
  });

  describe('paths', () => {
    const src = () => file(100);

    it('as string, Buffer, Uint8Array and URL', async () => {
      const from = src();
      for (const as of [String, Buffer.from, (name) => new Uint8Array(Buffer.from(name)), pathToFileURL]) {
        const dst = fresh('with space %20');
        expect(await copy(as(from), as(dst))).toBe(100);
        expect(fs.readFileSync(dst).equals(fs.readFileSync(from))).toBe(true);
      }
    });

    it('that are relative', async () => {
      const dst = fresh();
      await copy(path.relative(process.cwd(), src()), path.relative(process.cwd(), dst));
      expect(fs.statSync(dst).size).toBe(100);
    });

    it('whose names are no UTF-8', async () => {
      const dst = Buffer.concat([Buffer.from(fresh()), Buffer.from([0xff, 0xfe])]);
      await copy(src(), dst);
      expect(await copy(dst, Buffer.concat([dst, Buffer.from([0x80])]))).toBe(100);
      expect(fs.statSync(dst).size).toBe(100);
    });

    it('are read when the call is made', async () => {
      const [from, dst] = [Buffer.from(src()), Buffer.from(fresh())];
      const wanted = dst.toString();
      const copied = copy(from, dst);
      from.fill('x');
      dst.fill('x');
      await copied;
      expect(fs.statSync(wanted).size).toBe(100);
    });

    it('of 255 bytes, and not of 256', async () => {
      const name = (length) => path.join(folder(), 'n'.repeat(length));
      expect(await copy(src(), name(255))).toBe(100);
      expect(await copy(src(), name(255), { atomic: true })).toBe(100);
      await expect(copy(src(), name(256))).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    });

    it('that are links: both ends are followed, and stay links', async () => {
      const [from, dst, fromLink, dstLink] = [src(), file(5), fresh('link'), fresh('link')];
      fs.symlinkSync(from, fromLink);
      fs.symlinkSync(dst, dstLink);
      expect(await copy(fromLink, dstLink)).toBe(100);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(from))).toBe(true);
      expect(fs.readlinkSync(dstLink)).toBe(dst);
    });

    it('that lead nowhere yet: what the link names is made, and taken back on failure', async () => {
      const [dst, link] = [fresh(), fresh('link')];
      fs.symlinkSync(dst, link);
      const cancelled = copy(file(4 * MIB), link, { progressCb: () => true });
      await expect(cancelled).rejects.toMatchObject({ code: 'ECANCELED' });
      expect(fs.existsSync(dst)).toBe(false);
      expect(fs.readlinkSync(link)).toBe(dst);
      expect(await copy(src(), link)).toBe(100);
      expect(fs.lstatSync(dst).isFile()).toBe(true);
    });
  });

  describe('refusals', () => {
    it('name what failed, in the words of node:fs, and where the call was', async () => {
      const [src, dst] = [fresh(), fresh()];
      const error = await copy(src, dst).catch((reason) => reason);
      const theirs = await fs.promises.copyFile(src, dst).catch((reason) => reason);
      expect(error).toBeInstanceOf(UringError);
      expect(error).toMatchObject({ errno: 2, code: 'ENOENT', operation: 'copy', syscall: 'copy', path: src, dest: dst, detail: null });
      expect(error.message).toBe(theirs.message.replace('copyfile', 'copy'));
      expect(error.stack).toContain('copy.test.js');
      expect(fs.existsSync(dst)).toBe(false);
    });

    it('of a directory, at either end', async () => {
      const [there, dst] = [folder(), fresh()];
      await expect(copy(there, dst)).rejects.toMatchObject({ code: 'EISDIR' });
      expect(fs.existsSync(dst)).toBe(false);
      await expect(copy(file(1), there)).rejects.toMatchObject({ code: 'EISDIR' });
      await expect(copy(file(1), there, { atomic: true })).rejects.toMatchObject({ code: 'EISDIR' });
      expect(fs.readdirSync(there)).toEqual([]);
    });

    it.each([
      ['a folder that is missing', 'ENOENT', () => path.join(fresh(), 'file')],
      ['a file taken for a folder', 'ENOTDIR', () => path.join(file(1), 'file')],
      ['the empty path', 'ENOENT', () => ''],
    ])('of %s', async (_, code, dst) => {
      await expect(copy(file(1), dst())).rejects.toMatchObject({ code });
      await expect(copy(dst(), fresh())).rejects.toMatchObject({ code });
    });

    it('of links in a circle', async () => {
      const link = fresh('link');
      fs.symlinkSync(link, link);
      for (const atomic of [false, true]) {
        await expect(copy(file(1), link, { atomic })).rejects.toMatchObject({ code: 'ELOOP' });
      }
      expect(fs.readlinkSync(link)).toBe(link);
    });
  });

  describe('onto itself', () => {
    const ways = {
      'by the same path': (src) => src,
      'by a hard link': (src) => {
        const link = fresh('link');
        fs.linkSync(src, link);
        return link;
      },
      'by a symbolic link': (src) => {
        const link = fresh('link');
        fs.symlinkSync(src, link);
        return link;
      },
      'by a relative path': (src) => path.relative(process.cwd(), src),
      'by a detour': (src) => `${path.dirname(src)}/../${path.basename(dir)}/./${path.basename(src)}`,
    };

    it.each(Object.keys(ways))('is EINVAL and harms nothing, %s', async (way) => {
      const src = file(3 * MIB, 0o640);
      const [dst, content, before] = [ways[way](src), fs.readFileSync(src), fs.statSync(src)];
      for (const options of [{}, { atomic: true }, { reflink: 'always' }, { mode: 'fast' }]) {
        await expect(copy(src, dst, options)).rejects.toMatchObject({ code: 'EINVAL' });
      }
      expect(fs.readFileSync(src).equals(content)).toBe(true);
      expect(fs.statSync(src)).toMatchObject({ mtimeMs: before.mtimeMs, mode: before.mode, ino: before.ino });
    });

    it('is EINVAL and harms nothing, by a descriptor', async () => {
      const src = file(3 * MIB);
      const [content, fd] = [fs.readFileSync(src), fs.openSync(src)];
      await expect(copy(src, `/proc/self/fd/${fd}`)).rejects.toMatchObject({ code: 'EINVAL' });
      fs.closeSync(fd);
      expect(fs.readFileSync(src).equals(content)).toBe(true);
    });
  });

  describe('of unknown length', () => {
    const proc = ['/proc/filesystems', '/proc/sys/kernel/ostype', '/proc/kallsyms'].filter((name) => fs.existsSync(name));

    it.each(proc)('%s to its end', async (name) => {
      const dst = fresh();
      expect(await copy(name, dst)).toBe(fs.readFileSync(name).length);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(name))).toBe(true);
    });

    it('from a FIFO, whoever comes first', async () => {
      const content = file(3 * MIB + 1);
      for (const delay of [0, 150]) {
        const [pipe, dst] = [fifo(), fresh()];
        const copied = copy(pipe, dst);
        const [total] = await Promise.all([copied, shell(`sleep ${delay / 1000}; cat "$1" > "$2"`, content, pipe)]);
        expect(total).toBe(3 * MIB + 1);
        expect(fs.readFileSync(dst).equals(fs.readFileSync(content))).toBe(true);
      }
    });

    it('into a FIFO, whoever comes first', async () => {
      const src = file(3 * MIB + 1);
      for (const delay of [0, 150]) {
        const pipe = fifo();
        const received = shell(`sleep ${delay / 1000}; cat "$1"`, pipe);
        expect(await copy(src, pipe)).toBe(3 * MIB + 1);
        expect((await received).equals(fs.readFileSync(src))).toBe(true);
      }
    });

    it('into a FIFO whose reader leaves', async () => {
      const pipe = fifo();
      const reader = shell('head -c 10 "$1"', pipe);
      await expect(copy(file(3 * MIB), pipe)).rejects.toMatchObject({ code: 'EPIPE' });
      await reader;
      expect(fs.lstatSync(pipe).isFIFO()).toBe(true);
    });

    it('a FIFO without another end, until the abort', async () => {
      for (const ends of [(pipe) => [pipe, fresh()], (pipe) => [file(1), pipe]]) {
        const waiting = copy(...ends(fifo()), { signal: AbortSignal.timeout(150) });
        await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
      }
    });

    it('devices: into nothing, from nothing, into what is full', async () => {
      expect(await copy(file(2 * MIB), '/dev/null')).toBe(2 * MIB);
      const dst = file(10);
      expect(await copy('/dev/null', dst)).toBe(0);
      expect(fs.statSync(dst).size).toBe(0);
      await expect(copy(file(2 * MIB), '/dev/full')).rejects.toMatchObject({ code: 'ENOSPC' });
    });

    it('without an end, until it is cancelled', async () => {
      const dst = fresh();
      const progressCb = (done, total) => {
        if (total !== 0) throw new Error('nobody knows the total');
        return done > 8 * MIB;
      };
      await expect(copy('/dev/zero', dst, { progressCb })).rejects.toMatchObject({ code: 'ECANCELED' });
      expect(fs.existsSync(dst)).toBe(false);
    });
  });

  describe('a source that changes meanwhile', () => {
    it.each([0, 1, MIB, 5 * MIB + 1])('truncated to %i: what was read is there', async (length) => {
      const [src, dst, calls] = [file(16 * MIB), fresh(), []];
      const content = fs.readFileSync(src);
      const progressCb = (...call) => {
        if (calls.push(call) === 1) fs.truncateSync(src, length);
      };
      const total = await copy(src, dst, { mode: 'safe', blockSize: 64 * 1024, progressCb });
      expect(total).toBe(fs.statSync(dst).size);
      expect(total).toBeLessThan(content.length);
      expect(fs.readFileSync(dst).equals(content.subarray(0, total))).toBe(true);
      expect(calls.at(-1)).toEqual([total, total]);
    });

    it('grown: no less than it had', async () => {
      const [src, dst] = [file(4 * MIB), fresh()];
      let grown = false;
      const progressCb = () => {
        if (!grown) fs.appendFileSync(src, bytes(MIB));
        grown = true;
      };
      const total = await copy(src, dst, { progressCb });
      expect(total).toBe(fs.statSync(dst).size);
      expect(total).toBeGreaterThanOrEqual(4 * MIB);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(src).subarray(0, total))).toBe(true);
    });

    it('a destination that another file took the name of is not removed', async () => {
      const [src, dst] = [file(4 * MIB), fresh()];
      const progressCb = () => {
        fs.renameSync(dst, fresh());
        fs.writeFileSync(dst, 'of somebody else');
        return true;
      };
      await expect(copy(src, dst, { progressCb })).rejects.toMatchObject({ code: 'ECANCELED' });
      expect(fs.readFileSync(dst, 'utf8')).toBe('of somebody else');
    });
  });

  describe('signal', () => {
    const reason = new Error('enough');

    it('aborted before: nothing is touched', async () => {
      const [src, dst, kept] = [file(MIB), fresh(), file(10)];
      const content = fs.readFileSync(kept);
      await expect(copy(src, dst, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(copy(src, kept, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(copy(src, dst, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
      await expect(copy(src, dst, { signal: AbortSignal.abort(null) })).rejects.toBe(null);
      expect(fs.existsSync(dst)).toBe(false);
      expect(fs.readFileSync(kept).equals(content)).toBe(true);
    });

    it.each([reason, null, 0])('aborted meanwhile with %p: that is the rejection, and nothing is left', async (why) => {
      const [src, dst, controller] = [file(8 * MIB), fresh(), new AbortController()];
      let calls = 0;
      const progressCb = () => {
        calls += 1;
        controller.abort(why);
      };
      await expect(copy(src, dst, { signal: controller.signal, progressCb })).rejects.toBe(why);
      expect(calls).toBe(1);
      expect(fs.existsSync(dst)).toBe(false);
    });

    it('aborted in the same tick', async () => {
      const [src, dst, controller] = [file(8 * MIB), fresh(), new AbortController()];
      const copied = copy(src, dst, { signal: controller.signal });
      controller.abort(reason);
      await expect(copied).rejects.toBe(reason);
      expect(fs.existsSync(dst)).toBe(false);
    });

    it('aborted while a promise of the callback never settles', async () => {
      const [src, dst, controller] = [file(8 * MIB), fresh(), new AbortController()];
      const progressCb = () => {
        setTimeout(() => controller.abort(reason), 20);
        return new Promise(() => {});
      };
      await expect(copy(src, dst, { signal: controller.signal, progressCb })).rejects.toBe(reason);
      expect(fs.existsSync(dst)).toBe(false);
    });

    it('aborted after: the copy stays', async () => {
      const [src, dst, controller] = [file(MIB), fresh(), new AbortController()];
      await copy(src, dst, { signal: controller.signal });
      controller.abort();
      await new Promise(setImmediate);
      expect(fs.statSync(dst).size).toBe(MIB);
    });
  });

  describe('many at once', () => {
    const count = (what) => fs.readdirSync(`/proc/self/${what}`).length;

    it('100 copies, one signal: each its own bytes, no descriptor and no thread left', async () => {
      await copy(file(4 * MIB), fresh());
      const before = [count('fd'), count('task')];
      const { signal } = new AbortController();
      const pairs = Array.from({ length: 100 }, (_, index) => [file(index * 8191 + 1), fresh()]);
      await Promise.all(pairs.map(([src, dst]) => copy(src, dst, { signal })));
      for (const [src, dst] of pairs) {
        expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
      }
      await eventually(() => count('fd') <= before[0], 'descriptors to be closed');
      await eventually(() => count('task') <= before[1] + 4, 'threads to end');
    });

    it('failures and cancels leave no descriptor either', async () => {
      const src = file(4 * MIB);
      const before = count('fd');
      const attempts = Array.from({ length: 60 }, (_, index) =>
        copy(index % 3 === 0 ? fresh() : src, fresh(), {
          progressCb: () => index % 3 === 1,
          bufferSizeCb: index % 3 === 2 ? () => 0 : undefined,
        }),
      );
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.map(({ reason }) => reason.code).slice(0, 3)).toEqual(['ENOENT', 'ECANCELED', 'ERR_INVALID_RETURN_VALUE']);
      await eventually(() => count('fd') <= before, 'descriptors to be closed');
    });
  });
});
