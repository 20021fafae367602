'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const fs = require('node:fs');

const { copy, copyPathDynamic, write, writeNewfileDynamic } = require('..');
const { bothWays } = require('./support/both-ways.js');
const { MIB, file, fresh } = require('./support/files.js');

const LENGTH = 3 * MIB + 5;

// Every function that takes callbacks: how to call it, and the length of what it makes.
const FUNCTIONS = {
  copy: [(dst, options) => copy(file(LENGTH), dst, options), LENGTH],
  copyPathDynamic: [(dst, options) => copyPathDynamic(file(LENGTH), dst, options), LENGTH],
  write: [(dst, options) => write(dst, { totalMb: 2, ...options }), 2 * MIB],
  writeNewfileDynamic: [(dst, options) => writeNewfileDynamic(dst, { totalMb: 2, ...options }), 2 * MIB],
};

bothWays(() => {
  describe.each(Object.keys(FUNCTIONS))('%s', (name) => {
    const [call, length] = FUNCTIONS[name];

    describe('bufferSizeCb', () => {
      it('is called once per chunk, in order, with the true offset, and its size is used', async () => {
        const dst = fresh();
        const wanted = [1, 4096, 70_001, 333, MIB];
        const [asked, sizes, done] = [[], [], []];
        const bufferSizeCb = (offset, total, preset) => {
          asked.push([offset, total, preset]);
          sizes.push(wanted[sizes.length % wanted.length]);
          return sizes.at(-1);
        };
        await call(dst, { bufferSizeCb, blockSize: 8192, qd: 3, progressCb: (bytes) => void done.push(bytes) });

        let offset = 0;
        for (const [index, size] of sizes.entries()) {
          expect(asked[index]).toEqual([offset, length, 8192]);
          offset += size;
        }
        expect(offset).toBeGreaterThanOrEqual(length);
        expect(offset - sizes.at(-1)).toBeLessThan(length);
        // Chunks of a batch finish in any order, and each of them is one step.
        const steps = done.map((bytes, index) => bytes - (done[index - 1] ?? 0));
        const chunks = [...sizes.slice(0, -1), length - (offset - sizes.at(-1))];
        const ascending = (list) => [...list].sort((a, b) => a - b);
        expect(ascending(steps)).toEqual(ascending(chunks));
        expect(fs.statSync(dst).size).toBe(length);
      });

      it('is never asked ahead: no more than qd chunks beyond what is done', async () => {
        let [done, ahead] = [0, 0];
        await call(fresh(), {
          qd: 4,
          bufferSizeCb: (offset) => {
            ahead = Math.max(ahead, offset - done);
            return 65_536;
          },
          progressCb: (bytes) => void (done = bytes),
          ...(name === 'copy' ? { mode: 'safe' } : {}),
        });
        const depth = name === 'write' ? 256 : 4;
        expect(ahead).toBeLessThanOrEqual(depth * 65_536);
      });

      it('is asked nothing after a cancel', async () => {
        let asked = 0;
        const bufferSizeCb = () => {
          asked += 1;
          return 16_384;
        };
        const cancelled = call(fresh(), { qd: 1, bufferSizeCb, progressCb: () => true });
        await expect(cancelled).rejects.toMatchObject({ code: 'ECANCELED' });
        expect(asked).toBeLessThanOrEqual(32);
      });

      it.each([1e9, 2 ** 40, Number.MAX_SAFE_INTEGER])('may ask for more than there is: %p', async (size) => {
        const dst = fresh();
        expect(await call(dst, { bufferSizeCb: () => size })).toBe(length);
        expect(fs.statSync(dst).size).toBe(length);
      });

      it.each([0, -1, NaN, 1.5, Infinity, '4096', 4096n, null, undefined, {}, Promise.resolve(4096), 2 ** 53])(
        'that returns %p is a TypeError, and nothing is left',
        async (size) => {
          const dst = fresh();
          await expect(call(dst, { bufferSizeCb: () => size })).rejects.toMatchObject({
            name: 'TypeError',
            code: 'ERR_INVALID_RETURN_VALUE',
            message: expect.stringContaining('bufferSizeCb'),
          });
          expect(fs.existsSync(dst)).toBe(false);
        },
      );

      it('that throws, at once or later: the very same object, and nothing is left', async () => {
        for (const after of [0, 3]) {
          const [dst, thrown] = [fresh(), { not: 'even an error' }];
          let calls = 0;
          const bufferSizeCb = () => {
            if (calls++ === after) throw thrown;
            return 100_000;
          };
          await expect(call(dst, { bufferSizeCb })).rejects.toBe(thrown);
          expect(calls).toBe(after + 1);
          expect(fs.existsSync(dst)).toBe(false);
        }
      });
    });

    describe('progressCb', () => {
      it('is called as done rises, and last with all of it', async () => {
        const [dst, calls] = [fresh(), []];
        const total = await call(dst, { blockSize: 65_536, qd: 4, progressCb: (...args) => void calls.push(args) });
        expect(calls.length).toBeGreaterThan(5);
        expect(calls.every(([done, all], index) => all === total && done > (calls[index - 1]?.[0] ?? 0))).toBe(true);
        expect(calls.at(-1)).toEqual([length, length]);
      });

      it.each(['the first time', 'the last time'])('that returns true, %s, cancels', async (when) => {
        const [dst, after] = [fresh(), []];
        const progressCb = (done, total) => {
          after.push(done);
          return when === 'the first time' || done === total;
        };
        const error = await call(dst, { progressCb }).catch((reason) => reason);
        expect(error).toMatchObject({ name: 'UringError', errno: 125, code: 'ECANCELED', operation: name });
        if (when === 'the first time') expect(after).toHaveLength(1);
        expect(fs.existsSync(dst)).toBe(false);
      });

      it.each([false, undefined, null, 0, 1, 'true', {}])('that returns %p does not', async (value) => {
        expect(await call(fresh(), { progressCb: () => value })).toBe(length);
      });

      it('that resolves to true cancels', async () => {
        const dst = fresh();
        await expect(call(dst, { progressCb: async () => true })).rejects.toMatchObject({ code: 'ECANCELED' });
        expect(fs.existsSync(dst)).toBe(false);
      });

      it('that throws or rejects: the very same object, and nothing is left', async () => {
        for (const thrown of [new Error('mine'), undefined, null, 'text']) {
          const throws = () => {
            throw thrown;
          };
          for (const progressCb of [throws, () => Promise.reject(thrown)]) {
            const dst = fresh();
            const outcome = await call(dst, { progressCb }).then(() => 'resolved', (reason) => ({ reason }));
            expect(outcome).toEqual({ reason: thrown });
            expect(outcome.reason).toBe(thrown);
            expect(fs.existsSync(dst)).toBe(false);
          }
        }
      });

      it('that returns a promise is not called again before that settles', async () => {
        let [running, most, calls] = [0, 0, 0];
        const progressCb = async () => {
          most = Math.max(most, ++running);
          calls += 1;
          await new Promise(setImmediate);
          running -= 1;
        };
        await call(fresh(), { blockSize: 262_144, qd: 4, progressCb });
        expect(calls).toBeGreaterThan(1);
        expect([running, most]).toEqual([0, 1]);
      });

      it('whose promise is pending holds the writes back', async () => {
        const dst = fresh();
        let release;
        const held = new Promise((resolve) => (release = resolve));
        let first;
        const called = new Promise((resolve) => (first = resolve));
        const over = call(dst, {
          qd: 1,
          blockSize: 65_536,
          progressCb: () => {
            first();
            return held;
          },
        });
        await called;
        const written = () => fs.statSync(dst).blocks;
        await new Promise((resolve) => setTimeout(resolve, 100));
        const before = written();
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(written()).toBe(before);
        release();
        expect(await over).toBe(length);
      });

      it('of a thenable is waited for too', async () => {
        let settled = 0;
        const progressCb = () => ({
          then(resolve) {
            setImmediate(() => resolve(++settled > 1e9));
          },
        });
        expect(await call(fresh(), { progressCb })).toBe(length);
        expect(settled).toBeGreaterThan(0);
      });
    });

    it('callbacks run in the async context of the call', async () => {
      const storage = new AsyncLocalStorage();
      const seen = new Set();
      const look = (value) => {
        seen.add(storage.getStore());
        return value;
      };
      await Promise.all(
        ['one', 'two'].map((store) =>
          storage.run(store, () =>
            call(fresh(), { bufferSizeCb: () => look(MIB), progressCb: async () => look(undefined) }),
          ),
        ),
      );
      expect([...seen].sort()).toEqual(['one', 'two']);
    });
  });

  describe('copy, where the length is unknown', () => {
    it('asks for a size only when there is a chunk, and tells a total of 0 until the end', async () => {
      const [dst, asked, calls] = [fresh(), [], []];
      const bufferSizeCb = (...args) => {
        asked.push(args);
        return 100;
      };
      const name = '/proc/filesystems';
      const { length } = fs.readFileSync(name);
      await copy(name, dst, { bufferSizeCb, blockSize: 4096, progressCb: (...args) => void calls.push(args) });
      const offsets = Array.from({ length: Math.ceil(length / 100) }, (_, index) => index * 100);
      expect(asked).toEqual(offsets.map((offset) => [offset, 0, 4096]));
      expect([...new Set(calls.map(([done]) => done))]).toEqual([...offsets.slice(1), length]);
      expect(calls.slice(0, -1).every(([, total]) => total === 0)).toBe(true);
      expect(calls.at(-1)).toEqual([length, length]);
      expect(fs.readFileSync(dst).equals(fs.readFileSync(name))).toBe(true);
    });

    it('asks nothing and tells nothing of an empty file', async () => {
      const called = jest.fn(() => 1);
      expect(await copy(file(0), fresh(), { bufferSizeCb: called, progressCb: called })).toBe(0);
      expect(called).not.toHaveBeenCalled();
    });
  });

  it('holes count as done, and no size is asked for them', async () => {
    const src = fresh();
    const fd = fs.openSync(src, 'w');
    for (const at of [4 * MIB, 12 * MIB]) fs.writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, at);
    fs.ftruncateSync(fd, 20 * MIB);
    fs.closeSync(fd);
    const [asked, calls] = [[], []];
    const bufferSizeCb = (offset) => {
      asked.push(offset);
      return MIB;
    };
    await copy(src, fresh(), { bufferSizeCb, progressCb: (...args) => void calls.push(args) });
    expect(asked).toEqual([4 * MIB, 12 * MIB]);
    expect(calls.map(([done]) => done).every((done, index, all) => index === 0 || done > all[index - 1])).toBe(true);
    expect(calls.at(-1)).toEqual([20 * MIB, 20 * MIB]);
  });
});
