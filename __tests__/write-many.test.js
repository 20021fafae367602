'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const { writeMany } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { MIB, file, folder, fresh } = require('./support/files.js');

const pattern = Buffer.alloc(MIB, Buffer.from(Array.from({ length: 256 }, (_, index) => index)));

bothWays(() => {
  it.each(['auto', 'safe', 'fast'])('writes its files in mode %s', async (mode) => {
    const dir = folder();
    expect(await writeMany(dir, { nfiles: 12, mbPerFile: 1, mode, fsyncEnd: true })).toBe(12 * MIB);
    expect(fs.readdirSync(dir)).toEqual(Array.from({ length: 12 }, (_, index) => `file_${String(index).padStart(6, '0')}.dat`));
    for (const name of fs.readdirSync(dir)) expect(fs.readFileSync(path.join(dir, name)).equals(pattern)).toBe(true);
  });

  it('takes a folder as Buffer, URL, and with a slash', async () => {
    for (const as of [Buffer.from, pathToFileURL, (dir) => `${dir}/`, (dir) => Buffer.from(`${dir}/`)]) {
      const dir = folder();
      expect(await writeMany(as(dir), { nfiles: 1, mbPerFile: 2 })).toBe(2 * MIB);
      expect(fs.statSync(`${dir}/file_000000.dat`).size).toBe(2 * MIB);
    }
  });

  it.each(['auto', 'safe'])('keeps the finished files when one fails, in mode %s', async (mode) => {
    const dir = folder();
    fs.mkdirSync(path.join(dir, 'file_000003.dat'));
    const error = await writeMany(dir, { nfiles: 64, mbPerFile: 1, mode }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'EISDIR', operation: 'writeMany', path: path.join(dir, 'file_000003.dat') });
    expect(error.stack).toContain('write-many.test.js');
    const files = fs.readdirSync(dir).filter((name) => name !== 'file_000003.dat');
    for (const name of files) expect(fs.statSync(path.join(dir, name)).size).toBe(MIB);
    if (mode === 'safe') expect(files).toEqual(['file_000000.dat', 'file_000001.dat', 'file_000002.dat']);
    expect(files.length).toBeLessThan(63);
  });

  it.each([
    ['that is missing', 'ENOENT', fresh],
    ['that is a file', 'ENOTDIR', () => file(1)],
  ])('refuses a folder %s', async (_, code, dir) => {
    await expect(writeMany(dir(), { nfiles: 2, mbPerFile: 1 })).rejects.toMatchObject({ code });
  });

  it('can be aborted: before, and meanwhile', async () => {
    const [dir, reason] = [folder(), new Error('enough')];
    const options = { nfiles: 1000, mbPerFile: 8 };
    await expect(writeMany(dir, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fs.readdirSync(dir)).toEqual([]);
    const controller = new AbortController();
    const written = writeMany(dir, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(written).rejects.toBe(reason);
    const sizes = fs.readdirSync(dir).map((name) => fs.statSync(path.join(dir, name)).size);
    expect(sizes.length).toBeLessThan(1000);
    expect(sizes.every((size) => size === 8 * MIB)).toBe(true);
  });
});
