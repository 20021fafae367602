'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');

const { write } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { root } = require('./support/child.js');
const { MIB, file, folder, fresh, permissions } = require('./support/files.js');

const pattern = (length) => Buffer.alloc(length, Buffer.from(Array.from({ length: 256 }, (_, index) => index)));

bothWays(() => {
  it.each(['auto', 'safe', 'fast'])('writes the pattern, every byte of it, in mode %s', async (mode) => {
    for (const shape of [{}, { qd: 1, blockSize: 1000 }, { qd: 7, blockSize: 12_345 }, { qd: 4096 }, { blockSize: 2 ** 30 }]) {
      const dst = fresh();
      expect(await write(dst, { totalMb: 3, mode, ...shape })).toBe(3 * MIB);
      expect(fs.readFileSync(dst).equals(pattern(3 * MIB))).toBe(true);
      expect(fs.statSync(dst).blocks * 512).toBeGreaterThanOrEqual(3 * MIB);
    }
  });

  it('writes the same whatever the sizes of the chunks', async () => {
    const dst = fresh();
    let calls = 0;
    await write(dst, { totalMb: 2, bufferSizeCb: () => ((calls++ * 7919) % 100_000) + 1 });
    expect(fs.readFileSync(dst).equals(pattern(2 * MIB))).toBe(true);
  });

  it('makes a file as node:fs does, and replaces the one there', async () => {
    const [ours, theirs, there] = [fresh(), fresh(), file(3 * MIB, 0o600)];
    fs.writeFileSync(theirs, '');
    await write(ours, { totalMb: 1 });
    expect(permissions(ours)).toBe(permissions(theirs));
    await write(there, { totalMb: 1 });
    expect(fs.readFileSync(there).equals(pattern(MIB))).toBe(true);
    expect(permissions(there)).toBe(0o600);
  });

  it('takes a path as string, Buffer and URL', async () => {
    for (const as of [String, Buffer.from, pathToFileURL]) {
      const dst = fresh();
      expect(await write(as(dst), { totalMb: 1 })).toBe(MIB);
      expect(fs.statSync(dst).size).toBe(MIB);
    }
  });

  it('refuses what is no file, in the words of the kernel', async () => {
    const rows = [
      [folder(), 'EISDIR'],
      [`${fresh()}/file`, 'ENOENT'],
      ['', 'ENOENT'],
      ['/dev/full', 'ENOSPC'],
    ];
    for (const [dst, code] of rows) {
      const error = await write(dst, { totalMb: 1 }).catch((reason) => reason);
      expect(error).toMatchObject({ name: 'UringError', code, operation: 'write', path: dst });
      expect(error.stack).toContain('write.test.js');
    }
    expect(await write('/dev/null', { totalMb: 1 })).toBe(MIB);
  });

  it('takes back what it made when it is cancelled or aborted, and touches nothing once aborted', async () => {
    const [dst, reason, controller] = [fresh(), new Error('enough'), new AbortController()];
    await expect(write(dst, { totalMb: 4, progressCb: () => true })).rejects.toMatchObject({ code: 'ECANCELED', operation: 'write', path: dst });
    expect(fs.existsSync(dst)).toBe(false);
    const progressCb = () => controller.abort(reason);
    await expect(write(dst, { totalMb: 4, signal: controller.signal, progressCb })).rejects.toBe(reason);
    expect(fs.existsSync(dst)).toBe(false);
    const there = file('old');
    await expect(write(there, { totalMb: 4, signal: controller.signal })).rejects.toBe(reason);
    const late = new AbortController();
    const begun = write(there, { totalMb: 4, signal: late.signal });
    late.abort(reason);
    await expect(begun).rejects.toBe(reason);
    expect(fs.readFileSync(there, 'utf8')).toBe('old');
  });

  const hasStrace = spawnSync('strace', ['-V']).status === 0;
  (hasStrace ? it : it.skip)(`syncs as fsync, dsync and syncPolicy say${hasStrace ? '' : ' (skipped: no strace)'}`, () => {
    // fsync of the file, and RWF_DSYNC of its writes: seen in the plain system calls.
    const rows = [
      [{}, 0, false],
      [{ fsync: true }, 1, false],
      [{ dsync: true }, 0, true],
      [{ fsync: true, dsync: true, syncPolicy: 'none' }, 0, false],
      [{ dsync: true, syncPolicy: 'end' }, 1, false],
      [{ fsync: true, syncPolicy: 'data' }, 0, true],
      [{ syncPolicy: 'end_and_data' }, 1, true],
    ];
    const [names, log] = [rows.map(() => fresh()), fresh('log')];
    const script = `(async () => { const { write } = require(${JSON.stringify(root)});
      for (const [index, [options]] of ${JSON.stringify(rows)}.entries()) await write(${JSON.stringify(names)}[index], { totalMb: 1, ...options }); })()`;
    const env = { ...process.env, URING_FALLBACK: '1' };
    execFileSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync,pwritev2', '-o', log, process.execPath, '-e', script], { env });
    const calls = fs.readFileSync(log, 'utf8').split('\n');
    const found = names.map((name) => {
      const own = calls.filter((line) => line.includes(`${name}>`));
      return [own.filter((line) => line.includes('sync(')).length, own.some((line) => line.includes('RWF_DSYNC'))];
    });
    expect(found).toEqual(rows.map(([, syncs, dsync]) => [syncs, dsync]));
  });
});
