// getxattr, setxattr, fgetxattr, fsetxattr: what one form sets the others read.

'use strict';

const fs = require('node:fs');

const { UringCtx } = require('..');
const { bytes, file, fresh } = require('./support/files.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());

test('setxattr and getxattr, by path and by descriptor', async () => {
  const name = file('x');
  const fd = fs.openSync(name, 'r+');
  const value = bytes(900);
  await ctx.setxattr(name, 'user.one', value);
  expect(await ctx.getxattr(name, 'user.one')).toEqual(value);
  expect(ctx.fgetxattrSync(fd, 'user.one')).toEqual(value);
  ctx.fsetxattrSync(fd, 'user.two', 'zwei');
  expect(ctx.getxattrSync(name, 'user.two').toString()).toBe('zwei');
  await ctx.fsetxattr(fd, 'user.empty', '');
  expect(await ctx.fgetxattr(fd, 'user.empty')).toEqual(Buffer.alloc(0));
  fs.closeSync(fd);
});

test('the flags of setxattr, and what is missing', async () => {
  const name = file('x');
  const create = 1;
  ctx.setxattrSync(name, 'user.one', '1', create);
  await expect(ctx.setxattr(name, 'user.one', '2', create)).rejects.toMatchObject({ code: 'EEXIST', path: name });
  await expect(ctx.getxattr(name, 'user.none')).rejects.toMatchObject({ code: 'ENODATA', operation: 'getxattr' });
  expect(() => ctx.getxattrSync(fresh(), 'user.one')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  await expect(ctx.fgetxattr(1 << 20, 'user.one')).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => ctx.fsetxattrSync(1 << 20, 'user.one', '')).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test('bad names', async () => {
  await expect(ctx.getxattr('x', 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  await expect(ctx.setxattr('x', 'user.\0', '')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
});
