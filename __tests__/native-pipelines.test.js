'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');

const uring = require('..');
const { bothWays } = require('./support/both-ways.js');
const { root } = require('./support/child.js');
const { MIB, file, folder, fresh } = require('./support/files.js');

const pattern = (length) => Buffer.alloc(length, Buffer.from(Array.from({ length: 256 }, (_, index) => index)));

bothWays(() => {
  describe.each(['copyPath', 'copyPathDynamic'])('%s', (name) => {
    it('copies', async () => {
      for (const shape of [undefined, {}, { qd: 1 }, { qd: 5, blockSize: 3001n }, { blockSize: 1 }]) {
        const [src, dst] = [file(shape?.blockSize === 1 ? 500 : 2 * MIB + 1), fresh()];
        expect(await uring[name](src, dst, shape)).toBe(fs.statSync(src).size);
        expect(fs.readFileSync(dst).equals(fs.readFileSync(src))).toBe(true);
      }
    });

    it('names itself in errors', async () => {
      const error = await uring[name](fresh(), fresh()).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'ENOENT', operation: name });
    });

    it('can be aborted', async () => {
      const dst = fresh();
      await expect(uring[name](file(1), dst, { signal: AbortSignal.abort('why') })).rejects.toBe('why');
      expect(fs.existsSync(dst)).toBe(false);
    });

    it('knows no presets', async () => {
      for (const option of ['mode', 'syncPolicy', 'atomic']) {
        await expect(uring[name](file(1), fresh(), { [option]: 'auto' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
      }
    });
  });

  describe.each(['writeNewfile', 'writeNewfileDynamic'])('%s', (name) => {
    it('writes', async () => {
      for (const shape of [{}, { qd: 3, blockSize: 5000 }, { fsync: true, dsync: true, blockSize: 65_536 }]) {
        const dst = fresh();
        expect(await uring[name](dst, { totalMb: 1, ...shape })).toBe(MIB);
        expect(fs.readFileSync(dst).equals(pattern(MIB))).toBe(true);
      }
    });

    it('names itself in errors', async () => {
      await expect(uring[name](folder(), { totalMb: 1 })).rejects.toMatchObject({ code: 'EISDIR', operation: name });
    });
  });

  it('writeManyfiles writes, and names itself in errors', async () => {
    const dir = folder();
    expect(await uring.writeManyfiles(dir, { nfiles: 3, mbPerFile: 1, blockSize: 65_536, fsyncEnd: true })).toBe(3 * MIB);
    expect(fs.readdirSync(dir)).toEqual(['file_000000.dat', 'file_000001.dat', 'file_000002.dat']);
    await expect(uring.writeManyfiles(fresh(), { nfiles: 1, mbPerFile: 1 })).rejects.toMatchObject({ code: 'ENOENT', operation: 'writeManyfiles' });
  });

  it('exactly the block size asked for is used', async () => {
    const steps = async (call) => {
      const seen = [];
      await call({ blockSize: 100_000, progressCb: (done) => void seen.push(done) });
      return seen;
    };
    const blocks = Array.from({ length: 10 }, (_, index) => (index + 1) * 100_000);
    const src = file(1_000_000);
    expect(await steps((options) => uring.copyPathDynamic(src, fresh(), { qd: 1, ...options }))).toEqual(blocks);
    const written = await steps((options) => uring.writeNewfileDynamic(fresh(), { totalMb: 1, qd: 1, ...options }));
    expect(written).toEqual([...blocks, MIB]);
  });
});

const hasStrace = spawnSync('strace', ['-V']).status === 0 && uring.availability().available;
(hasStrace ? it : it.skip)(`exactly the depth asked for is the ring's, up to the number of blocks${hasStrace ? '' : ' (skipped: no strace, or no ring)'}`, () => {
  const [src, log] = [file(64 * 4096), fresh('log')];
  const script = `(async () => { const { copyPath } = require(${JSON.stringify(root)});
    for (const qd of [2, 32, 64, 4096]) await copyPath(${JSON.stringify(src)}, ${JSON.stringify(fresh())}, { qd, blockSize: 4096 }); })()`;
  execFileSync('strace', ['-f', '-e', 'trace=io_uring_setup', '-o', log, process.execPath, '-e', script]);
  const entries = [...fs.readFileSync(log, 'utf8').matchAll(/io_uring_setup\((\d+),/g)].map(([, count]) => Number(count));
  expect(entries).toEqual([2, 32, 64, 64]);
});

it('direct and raw carry every name', () => {
  expect(uring.direct.copyPath).toBe(uring.copyPath);
  expect(Object.keys(uring.raw)).toEqual(Object.keys(uring));
});
