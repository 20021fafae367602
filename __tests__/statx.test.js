// statx: what it tells is what node:fs tells.

'use strict';

const fs = require('node:fs');

const { UringCtx, constants } = require('..');
const { dir, file, fresh } = require('./support/files.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());

test('statx says what fs.stat says, and more', async () => {
  const name = file(5000, 0o640);
  fs.utimesSync(name, 1.5, 1_600_000_000.25);
  const stats = await ctx.statx(name);
  const { atimeNs, mtimeNs, ctimeNs, birthtimeNs } = fs.statSync(name, { bigint: true });
  const { mode, nlink, uid, gid, ino, size, blocks, blksize, dev, rdev, mtime, atime } = fs.statSync(name);
  expect(stats).toMatchObject({ mode, nlink, uid, gid, ino, size, blocks, blksize, dev, rdev, mtime, atime });
  expect(stats).toMatchObject({ atimeNs, mtimeNs, ctimeNs, btimeNs: birthtimeNs });
  expect(stats.mask & 0x7ff).toBe(0x7ff);
  expect(typeof stats.mntId).toBe('number');
  expect(typeof stats.dioMemAlign).toBe('number');
  expect(ctx.statxSync(name)).toEqual(stats);
});

test('statx of a time before 1970, a device, a folder by its descriptor, a link', async () => {
  const name = file('x');
  fs.utimesSync(name, new Date(-1500), new Date(-1500));
  expect((await ctx.statx(name)).mtime).toEqual(new Date(-1500));
  expect((await ctx.statx('/dev/null')).rdev).toBe(fs.statSync('/dev/null').rdev);
  const dirFd = fs.openSync(dir);
  const link = fresh('link');
  fs.symlinkSync(name, link);
  const flags = constants.AT_SYMLINK_NOFOLLOW ?? 0x100;
  const stats = await ctx.statx(link.slice(dir.length + 1), { dirFd, flags });
  fs.closeSync(dirFd);
  expect(stats.ino).toBe(fs.lstatSync(link).ino);
});

test('statx with bigint', async () => {
  const name = file(7);
  const stats = await ctx.statx(name, { bigint: true });
  expect(stats.size).toBe(7n);
  expect(stats.ino).toBe(fs.statSync(name, { bigint: true }).ino);
  expect(stats.mtime).toBeInstanceOf(Date);
  for (const [key, value] of Object.entries(stats)) {
    if (!['atime', 'btime', 'ctime', 'mtime'].includes(key)) expect(typeof value).toBe('bigint');
  }
});

test('statx of nothing, and bad arguments', async () => {
  const path = fresh();
  await expect(ctx.statx(path)).rejects.toMatchObject({ code: 'ENOENT', operation: 'statx', path });
  expect(() => ctx.statxSync(1)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  await expect(ctx.statx(path, { bigint: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('an operation that the kernel lacks names itself and the Linux that brought it', async () => {
  const { PUMP } = require('../lib/pump-shared.js');
  const old = new UringCtx();
  old[PUMP].mask = old.probeSupportedMask().fill(0, 21);
  const error = { code: 'EOPNOTSUPP', operation: 'statx', detail: expect.stringMatching(/statx.*Linux 5\.6/) };
  await expect(old.statx(dir)).rejects.toMatchObject(error);
  expect(() => old.pipeSync()).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP', detail: expect.stringMatching(/6\.16/) }));
  await old.nop();
  old.close();
});
