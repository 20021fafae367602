'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { copy, write, writeMany } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { inChild } = require('./support/child.js');
const { MIB, atEnd, dir, file, folder, fresh, permissions } = require('./support/files.js');
const { onFilesystem } = require('./support/filesystems.js');

const isRoot = process.getuid() === 0;
const asRoot = isRoot ? it : it.skip;
const wantsRoot = isRoot ? '' : ' (skipped: wants root)';
const quoted = (value) => JSON.stringify(value);

describe.each([
  ['tmpfs', MIB],
  ['ext4', 2 * MIB],
])('a full filesystem', (kind, size) => {
  onFilesystem(kind, { size }, (name, at) => {
    bothWays(() => {
      const rows = {
        copy: (dst) => copy(file(4 * MIB), dst),
        'copy, small blocks': (dst) => copy(file(4 * MIB), dst, { mode: 'safe', blockSize: 4096, progressCb() {} }),
        'copy, from a stream': (dst) => copy('/dev/zero', dst),
        'atomic copy': (dst) => copy(file(4 * MIB), dst, { atomic: true }),
        write: (dst) => write(dst, { totalMb: 4 }),
        'write, small blocks': (dst) => write(dst, { totalMb: 4, mode: 'safe', progressCb() {} }),
      };

      it.each(Object.keys(rows))('%s: ENOSPC, and its file is gone', async (row) => {
        const before = fs.readdirSync(at);
        await expect(rows[row](name('dst'))).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(fs.readdirSync(at)).toEqual(before);
        expect(fs.statfsSync(at).bfree).toBeGreaterThan(0);
      });

      it('a file that was there stays there', async () => {
        fs.writeFileSync(name('dst'), 'old');
        await expect(copy(file(4 * MIB), name('dst'), { atomic: true })).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(fs.readFileSync(name('dst'), 'utf8')).toBe('old');
        await expect(copy(file(4 * MIB), name('dst'))).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(fs.existsSync(name('dst'))).toBe(true);
        fs.rmSync(name('dst'));
      });

      it('writeMany keeps the files that were finished', async () => {
        const there = name('many');
        fs.mkdirSync(there);
        const failed = writeMany(there, { nfiles: 8, mbPerFile: 1, mode: 'safe' });
        await expect(failed).rejects.toMatchObject({ code: 'ENOSPC', operation: 'writeMany', path: expect.stringContaining('file_00000') });
        const kept = fs.readdirSync(there);
        expect(kept.every((one) => fs.statSync(path.join(there, one)).size === MIB)).toBe(true);
        expect(kept).toEqual(kept.map((_, index) => `file_00000${index}.dat`));
        fs.rmSync(there, { recursive: true });
      });
    });
  });
});

describe('read only', () => {
  onFilesystem('tmpfs', { size: MIB, options: ',ro' }, (name) => {
    bothWays(() => {
      it('is EROFS', async () => {
        const [src, dst] = [file(10), name('dst')];
        await expect(copy(src, dst)).rejects.toMatchObject({ code: 'EROFS', path: src, dest: dst });
        await expect(copy(src, dst, { atomic: true })).rejects.toMatchObject({ code: 'EROFS' });
        await expect(write(dst, { totalMb: 1 })).rejects.toMatchObject({ code: 'EROFS', path: dst });
      });
    });
  });
});

describe.each([['on a ring', ''], ['with plain system calls', '1']])('%s', (_, URING_FALLBACK) => {
  const env = { URING_FALLBACK };

  it('a limit on file sizes is EFBIG, and its file is gone', async () => {
    const [src, names] = [file(4 * MIB), [fresh(), fresh(), fresh()]];
    const script = `process.on('SIGXFSZ', () => {});
      const [one, two, three] = ${quoted(names)};
      report([
        await codeOf(uring.copy(${quoted(src)}, one)),
        await codeOf(uring.copy(${quoted(src)}, two, { atomic: true, mode: 'safe', blockSize: 4096 })),
        await codeOf(uring.write(three, { totalMb: 4 })),
      ]);`;
    const { reported, signal } = await inChild(script, { env, wrap: ['sh', '-c', 'ulimit -f 2048; exec "$@"', 'sh'] });
    expect([signal, reported]).toEqual([null, ['EFBIG', 'EFBIG', 'EFBIG']]);
    expect(names.some((name) => fs.existsSync(name))).toBe(false);
  });

  it('no descriptor left is EMFILE, and the next copy works', async () => {
    const [src, dst] = [file(MIB), fresh()];
    const script = `
      const copy = () => codeOf(uring.copy(${quoted(src)}, ${quoted(dst)}, { mode: 'safe', blockSize: 4096 }));
      await copy();
      const fds = [];
      try { for (;;) fds.push(fs.openSync('/dev/null')); } catch {}
      const found = [];
      // From none left to enough for both files and no ring.
      for (let free = 0; free <= 3; free += 1) { found.push(await copy()); fs.closeSync(fds.pop()); }
      for (const fd of fds) fs.closeSync(fd);
      report([...found, await copy()]);`;
    const { reported } = await inChild(script, { env, wrap: ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh'] });
    expect(reported).toEqual(['EMFILE', 'EMFILE', MIB, MIB, MIB]);
    expect(fs.statSync(dst).size).toBe(MIB);
  });

  asRoot(`what another user may not do is EACCES or EPERM, as in node:fs${wantsRoot}`, async () => {
    fs.chmodSync(dir, 0o755);
    const [theirs, open, there] = [file(10, 0o600), file(10, 0o644), folder()];
    const [locked, writable] = [file(10, 0o644), file(10, 0o666)];
    const script = `process.setgid(65534); process.setuid(65534);
      const both = async (src, dst) => [await codeOf(uring.copy(src, dst)), await codeOf(fs.promises.copyFile(src, dst))];
      report([
        await both(${quoted(theirs)}, ${quoted(`${there}/a`)}),
        await both(${quoted(open)}, ${quoted(`${there}/a`)}),
        await both(${quoted(open)}, ${quoted(locked)}),
        await both(${quoted(open)}, ${quoted(writable)}),
      ]);`;
    const { reported } = await inChild(script, { env });
    expect(reported).toEqual([['EACCES', 'EACCES'], ['EACCES', 'EACCES'], ['EACCES', 'EACCES'], ['EPERM', 'EPERM']]);
    expect(fs.readdirSync(there)).toEqual([]);
    expect(permissions(writable)).toBe(0o666);
  });

  asRoot(`another user's own files: a read-only source, every mode kept${wantsRoot}`, async () => {
    fs.chmodSync(dir, 0o755);
    const [src, there] = [file(MIB, 0o444), folder()];
    fs.chmodSync(there, 0o777);
    const script = `process.setgid(65534); process.setuid(65534);
      report([await codeOf(uring.copy(${quoted(src)}, ${quoted(`${there}/a`)})), await codeOf(uring.copy(${quoted(src)}, ${quoted(`${there}/b`)}, { atomic: true }))]);`;
    expect((await inChild(script, { env })).reported).toEqual([MIB, MIB]);
    for (const name of ['a', 'b']) expect(permissions(path.join(there, name))).toBe(0o444);
  });

  it('a storm of signals changes nothing', async () => {
    const [src, dst] = [file(64 * MIB), fresh()];
    const script = `
      let heard = 0;
      process.on('SIGUSR2', () => (heard += 1));
      const storm = setInterval(() => { for (let index = 0; index < 50; index += 1) process.kill(process.pid, 'SIGUSR2'); }, 1);
      const total = await codeOf(uring.copy(${quoted(src)}, ${quoted(dst)}, { mode: 'safe', blockSize: 65536, progressCb: () => new Promise(setImmediate) }));
      clearInterval(storm);
      report([total, heard > 0]);`;
    expect((await inChild(script, { env })).reported).toEqual([64 * MIB, true]);
    expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
  });
});

describe('a block device', () => {
  const { execFileSync } = require('node:child_process');
  let device;
  try {
    const image = file(3 * MIB);
    device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8', stdio: 'pipe' }).trim();
    atEnd(() => execFileSync('losetup', ['--detach', device]));
  } catch {
    device = undefined;
  }
  (device ? bothWays : (body) => describe.skip('(skipped: no loop device)', body))(() => {
    it('is copied from and to, whole, also into a stream', async () => {
      const dst = fresh();
      expect(await copy(device, dst)).toBe(3 * MIB);
      expect(await copy(device, '/dev/null')).toBe(3 * MIB);
      const src = file(2 * MIB);
      expect(await copy(src, device, { fsync: true })).toBe(2 * MIB);
      expect(await copy(device, dst)).toBe(3 * MIB);
      expect(fs.readFileSync(dst).subarray(0, 2 * MIB).equals(fs.readFileSync(src))).toBe(true);
      await expect(copy(file(4 * MIB), device)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(fs.statSync(device).isBlockDevice()).toBe(true);
    });
  });
});
