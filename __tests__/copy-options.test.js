'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { copy } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { inChild, root } = require('./support/child.js');
const { MIB, bytes, file, folder, fresh, permissions } = require('./support/files.js');
const { onFilesystem } = require('./support/filesystems.js');

const same = (one, other) => fs.readFileSync(one).equals(fs.readFileSync(other));
const cancelled = expect.objectContaining({ code: 'ECANCELED' });

describe.each([{ atomic: false }, { atomic: true }])('exclusive, %p', ({ atomic }) => {
  const options = { exclusive: true, atomic };

  bothWays(() => {
    it('makes what is not there', async () => {
      const [src, dst] = [file(MIB), fresh()];
      expect(await copy(src, dst, options)).toBe(MIB);
      expect(same(src, dst)).toBe(true);
      expect(permissions(dst)).toBe(permissions(src));
    });

    it('leaves alone what is: a file, a folder, a link, even one that leads nowhere', async () => {
      const src = file(MIB);
      const link = fresh();
      fs.symlinkSync(fresh(), link);
      for (const dst of [file('old'), folder(), link]) {
        const before = fs.lstatSync(dst);
        await expect(copy(src, dst, options)).rejects.toMatchObject({ code: 'EEXIST', path: src, dest: dst });
        expect(fs.lstatSync(dst)).toMatchObject({ ino: before.ino, size: before.size, mtimeMs: before.mtimeMs });
      }
    });

    it('lets one of many win', async () => {
      const dst = path.join(folder(), 'dst');
      const sources = Array.from({ length: 8 }, () => file(MIB));
      const outcomes = await Promise.allSettled(sources.map((src) => copy(src, dst, options)));
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.filter(({ reason }) => reason?.code === 'EEXIST')).toHaveLength(7);
      expect(same(sources[winner], dst)).toBe(true);
      expect(fs.readdirSync(path.dirname(dst))).toEqual(['dst']);
    });
  });
});

describe('atomic', () => {
  bothWays(() => {
    /** A destination alone in its folder, so that a temporary file left behind shows. */
    function old(mode) {
      const dst = path.join(folder(), 'dst');
      fs.writeFileSync(dst, 'old', { mode });
      return dst;
    }

    it('shows the old file until the new one is whole', async () => {
      const [src, dst] = [file(4 * MIB, 0o640), old()];
      const seen = new Set();
      const progressCb = () => void seen.add(fs.readFileSync(dst, 'utf8'));
      expect(await copy(src, dst, { atomic: true, progressCb })).toBe(4 * MIB);
      expect(seen).toEqual(new Set(['old']));
      expect(same(src, dst)).toBe(true);
      expect(permissions(dst)).toBe(0o640);
      expect(fs.readdirSync(path.dirname(dst))).toEqual(['dst']);
    });

    it('keeps the old file, and nothing else, when it is cancelled', async () => {
      const dst = old();
      await expect(copy(file(4 * MIB), dst, { atomic: true, progressCb: () => true })).rejects.toEqual(cancelled);
      expect(fs.readFileSync(dst, 'utf8')).toBe('old');
      expect(fs.readdirSync(path.dirname(dst))).toEqual(['dst']);
    });

    it('never has a temporary file that others may read', async () => {
      const dst = old();
      const modes = new Set();
      const progressCb = () => {
        const temporary = fs.readdirSync(path.dirname(dst)).find((name) => name !== 'dst');
        modes.add(permissions(path.join(path.dirname(dst), temporary)) & 0o077);
      };
      await copy(file(4 * MIB, 0o644), dst, { atomic: true, progressCb });
      expect(modes).toEqual(new Set([0]));
    });

    it('replaces what a link leads to and keeps the link, also one that led nowhere', async () => {
      for (const dst of [old(), path.join(folder(), 'dst')]) {
        const [src, link] = [file(MIB), fresh('link')];
        fs.symlinkSync(path.relative(path.dirname(link), dst), link);
        expect(await copy(src, link, { atomic: true })).toBe(MIB);
        expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
        expect(same(src, dst)).toBe(true);
        expect(fs.readdirSync(path.dirname(dst))).toEqual(['dst']);
      }
    });

    it('is not for what is no regular file', async () => {
      await expect(copy(file(1), '/dev/null', { atomic: true })).rejects.toMatchObject({ code: 'EINVAL' });
      expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
    });

    it('takes a relative path without a folder in it', async () => {
      const there = folder();
      const script = `process.chdir(${JSON.stringify(there)}); fs.writeFileSync('a', 'text');
        report(await codeOf(uring.copy('a', 'b', { atomic: true, fsync: true })));`;
      expect((await inChild(script)).reported).toBe(4);
      expect(fs.readdirSync(there).sort()).toEqual(['a', 'b']);
    });
  });

  const hasStrace = spawnSync('strace', ['-V']).status === 0;
  (hasStrace ? it : it.skip)(`with fsync syncs the file, renames it, and syncs the folder${hasStrace ? '' : ' (skipped: no strace)'}`, () => {
    const [src, there, log] = [file(MIB), folder(), fresh('log')];
    const script = `require(${JSON.stringify(root)}).copy(${JSON.stringify(src)}, ${JSON.stringify(`${there}/dst`)}, { atomic: true, fsync: true })`;
    const filter = 'trace=fsync,fdatasync,rename,renameat,renameat2';
    execFileSync('strace', ['-f', '-y', '-e', filter, '-o', log, process.execPath, '-e', script]);
    const calls = fs.readFileSync(log, 'utf8').split('\n').filter((line) => line.includes(there));
    expect(calls).toEqual([
      expect.stringMatching(/fsync\(\d+<.*\.tmp>\)\s+= 0/),
      expect.stringMatching(/rename.*\.tmp", .*dst".*= 0/),
      expect.stringMatching(new RegExp(`fsync\\(\\d+<${there}>\\)\\s+= 0`)),
    ]);
  });
});

describe('fsync and syncPolicy', () => {
  const hasStrace = spawnSync('strace', ['-V']).status === 0;
  const rows = [
    [{}, 0],
    [{ fsync: true }, 1],
    [{ syncPolicy: 'end' }, 1],
    [{ fsync: true, syncPolicy: 'none' }, 0],
    [{ fsync: true, syncPolicy: 'default' }, 1],
  ];
  (hasStrace ? it : it.skip)(`as the table has it${hasStrace ? '' : ' (skipped: no strace)'}`, () => {
    const [src, log] = [file(MIB), fresh('log')];
    const names = rows.map(() => fresh());
    const script = `(async () => { const { copy } = require(${JSON.stringify(root)});
      for (const [index, [options]] of ${JSON.stringify(rows)}.entries()) await copy(${JSON.stringify(src)}, ${JSON.stringify(names)}[index], options); })()`;
    execFileSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', log, process.execPath, '-e', script]);
    const calls = fs.readFileSync(log, 'utf8').split('\n');
    expect(names.map((name) => calls.filter((line) => line.includes(`${name}>`)).length)).toEqual(rows.map(([, count]) => count));
  });
});

describe('sparse', () => {
  bothWays(() => {
    it("keeps holes, and 'never' fills them", async () => {
      const src = fresh();
      fs.writeFileSync(src, bytes(MIB));
      fs.truncateSync(src, 8 * MIB);
      for (const [sparse, blocks] of [[undefined, 2 * MIB], ['auto', 2 * MIB], ['never', 9 * MIB]]) {
        const dst = fresh();
        expect(await copy(src, dst, { sparse, reflink: 'never' })).toBe(8 * MIB);
        expect(same(src, dst)).toBe(true);
        const found = fs.statSync(dst).blocks * 512;
        expect(found).toBeLessThanOrEqual(blocks);
        if (sparse === 'never') expect(found).toBeGreaterThanOrEqual(8 * MIB);
      }
    });
  });
});

describe('preserve', () => {
  bothWays(() => {
    it('timestamps, to the nanosecond, and only when asked to', async () => {
      const src = file(MIB);
      fs.utimesSync(src, 1_000_000_000.123456, 1_234_567_890.987654);
      const times = (name) => {
        const { atimeNs, mtimeNs } = fs.statSync(name, { bigint: true });
        return [atimeNs, mtimeNs];
      };
      const wanted = times(src);
      for (const atomic of [false, true]) {
        const [kept, not] = [fresh(), fresh()];
        fs.utimesSync(src, 1_000_000_000.123456, 1_234_567_890.987654);
        await copy(src, kept, { preserve: { timestamps: true }, atomic, fsync: true });
        await copy(src, not, { preserve: { timestamps: false }, atomic });
        expect(times(kept)).toEqual(wanted);
        expect(times(not)[1]).not.toBe(wanted[1]);
      }
    });

    const attributes = (code, ...args) => execFileSync('python3', ['-c', `import os, sys, json\n${code}`, ...args], { encoding: 'utf8' });
    const set = 'os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))';
    const get = 'print(json.dumps({n: os.getxattr(sys.argv[1], n).hex() for n in os.listxattr(sys.argv[1])}))';
    const probe = file(1);
    const can = spawnSync('python3', ['-c', `import os, sys\n${set}`, probe, 'user.probe', '00']).status === 0;

    (can ? it : it.skip)(`xattrs, binary and empty ones, and only when asked to${can ? '' : ' (skipped: no python3, or no xattrs here)'}`, async () => {
      const src = file(10, 0o444);
      const wanted = { 'user.binary': '00ff0a00', 'user.empty': '', 'user.large': '61'.repeat(2000) };
      fs.chmodSync(src, 0o644);
      for (const [name, value] of Object.entries(wanted)) attributes(set, src, name, value);
      fs.chmodSync(src, 0o444);
      const [kept, not] = [fresh(), fresh()];
      await copy(src, kept, { preserve: { xattrs: true } });
      await copy(src, not);
      expect(JSON.parse(attributes(get, kept))).toEqual(wanted);
      expect(JSON.parse(attributes(get, not))).toEqual({});
    });

    const root = process.getuid() === 0;
    (can && root ? it : it.skip)(`xattrs of a read-only file, for who is not root${can && root ? '' : ' (skipped: wants root, python3 and xattrs)'}`, async () => {
      const src = file(10);
      attributes(set, src, 'user.name', '616263');
      fs.chmodSync(src, 0o444);
      const there = folder();
      fs.chmodSync(there, 0o777);
      fs.chmodSync(path.dirname(there), 0o755);
      const dst = path.join(there, 'dst');
      const script = `process.setgid(65534); process.setuid(65534);
        report(await codeOf(uring.copy(${JSON.stringify(src)}, ${JSON.stringify(dst)}, { preserve: { xattrs: true } })));`;
      expect((await inChild(script)).reported).toBe(10);
      expect(JSON.parse(attributes(get, dst))).toEqual({ 'user.name': '616263' });
      expect(permissions(dst)).toBe(0o444);
    });
  });
});

describe('reflink', () => {
  bothWays(() => {
    it("'always' says why it can't be, and harms nothing", async () => {
      const [src, dst, there] = [file(MIB, 0o600), fresh(), file('old', 0o666)];
      // From one filesystem to another it never can.
      const other = '/dev/shm';
      if (fs.statSync(other).dev === fs.statSync(src).dev) return;
      const far = path.join(other, path.basename(src));
      fs.writeFileSync(far, 'text', { mode: 0o600 });
      await expect(copy(far, dst, { reflink: 'always' })).rejects.toMatchObject({ code: 'EXDEV' });
      await expect(copy(far, there, { reflink: 'always' })).rejects.toMatchObject({ code: 'EXDEV' });
      expect(await copy(far, dst, { reflink: 'auto' })).toBe(4);
      fs.rmSync(far);
      expect(fs.readFileSync(there, 'utf8')).toBe('old');
      expect(permissions(there)).toBe(0o666);
    });
  });

  describe.each(['xfs', 'btrfs'])('where blocks can be shared', (kind) => {
    onFilesystem(kind, { size: 400 * MIB }, (name, at) => {
      const used = () => {
        execFileSync('sync', ['-f', at]);
        const { blocks, bfree, bsize } = fs.statfsSync(at);
        return (blocks - bfree) * bsize;
      };
      const source = (length) => {
        const src = name('src');
        fs.writeFileSync(src, bytes(length), { mode: 0o640 });
        return src;
      };

      bothWays(() => {
        it.each(['auto', 'always'])("'%s' shares them, one call says it all", async (reflink) => {
          const [src, dst, calls] = [source(32 * MIB + 5), name('dst'), []];
          fs.rmSync(dst, { force: true });
          const before = used();
          const total = await copy(src, dst, { reflink, progressCb: (...args) => void calls.push(args) });
          expect(total).toBe(32 * MIB + 5);
          expect(calls).toEqual([[total, total]]);
          expect(used() - before).toBeLessThan(8 * MIB);
          expect(same(src, dst)).toBe(true);
          expect(permissions(dst)).toBe(0o640);
        });

        it("'never' copies them", async () => {
          const [src, dst] = [source(32 * MIB), name('dst')];
          fs.rmSync(dst, { force: true });
          const before = used();
          await copy(src, dst, { reflink: 'never' });
          expect(used() - before).toBeGreaterThan(24 * MIB);
          expect(same(src, dst)).toBe(true);
        });

        it.each([[MIB + 5, 3 * MIB], [3 * MIB, MIB + 5], [0, MIB], [5, 0]])("'always' from %i bytes over %i", async (length, old) => {
          const [src, dst] = [source(length), name('dst')];
          fs.writeFileSync(dst, bytes(old), { mode: 0o666 });
          for (const atomic of [false, true]) {
            expect(await copy(src, dst, { reflink: 'always', atomic })).toBe(length);
            expect(same(src, dst)).toBe(true);
            expect(permissions(dst)).toBe(0o640);
          }
        });

        it('a bufferSizeCb is obeyed: bytes are copied', async () => {
          const [src, dst, asked] = [source(4 * MIB), name('dst'), []];
          await copy(src, dst, { bufferSizeCb: (offset) => asked.push(offset) && 2 * MIB });
          expect(asked).toEqual([0, 2 * MIB]);
        });
      });
    });
  });
});
