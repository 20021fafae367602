// Futexes: words of a SharedArrayBuffer that threads wait for.

'use strict';

const { Worker } = require('node:worker_threads');
const { once } = require('node:events');

const { UringCtx } = require('..');

const ctx = new UringCtx();
afterAll(() => ctx.close());

const words = (count = 4) => new Int32Array(new SharedArrayBuffer(4 * count));

/** Wakes until somebody was there to be woken: the wait of another thread begins when it does. */
async function wake(array, index, count = 1) {
  let woken = 0;
  while (woken < count) woken += await ctx.futexWake(array, index, count - woken);
  return woken;
}

describe('bad arguments', () => {
  test.each([
    [() => ctx.futexWait(), 'ERR_INVALID_ARG_TYPE'],
    [() => ctx.futexWait(new Int32Array(4), 0, 0), 'ERR_INVALID_ARG_TYPE'],
    [() => ctx.futexWait(new Uint32Array(new SharedArrayBuffer(4)), 0, 0), 'ERR_INVALID_ARG_TYPE'],
    [() => ctx.futexWait(words(), 4, 0), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWait(words(), -1, 0), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWait(words(), 0, 2 ** 33), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWake(words(), 0, -1), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWaitv({}), 'ERR_INVALID_ARG_TYPE'],
    [() => ctx.futexWaitv([]), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWaitv([{ array: words(), index: 9, value: 0 }]), 'ERR_OUT_OF_RANGE'],
    [() => ctx.futexWaitv([{ array: words(), index: 0 }]), 'ERR_INVALID_ARG_TYPE'],
  ])('%#', async (call, code) => {
    await expect(call()).rejects.toMatchObject({ code });
  });
});

test('a word that holds something else is EAGAIN', async () => {
  const array = words();
  array[2] = -5;
  await expect(ctx.futexWait(array, 2, 0)).rejects.toMatchObject({ code: 'EAGAIN', operation: 'futexWait' });
  expect(() => ctx.futexWaitSync(array, 2, -4)).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  const both = [0, 2].map((index) => ({ array, index, value: 0 }));
  await expect(ctx.futexWaitv(both)).rejects.toMatchObject({ code: 'EAGAIN', operation: 'futexWaitv' });
});

test('futexWake wakes as many as it is told to', async () => {
  const array = words();
  let woken = 0;
  const waits = Array.from({ length: 3 }, () => ctx.futexWait(array, 1, 0).then(() => woken++));
  await ctx.nop();
  expect(await ctx.futexWake(array, 0, 10)).toBe(0);
  expect(await ctx.futexWake(array, 1, 2)).toBe(2);
  expect(ctx.futexWakeSync(array, 1)).toBe(1);
  await Promise.all(waits);
  expect(woken).toBe(3);
});

test('futexWaitv says which word it was', async () => {
  const [one, two] = [words(), words()];
  two[3] = 7;
  const wait = ctx.futexWaitv([
    { array: one, index: 0, value: 0 },
    { array: two, index: 3, value: 7 },
  ]);
  await ctx.nop();
  expect(await ctx.futexWake(two, 3)).toBe(1);
  expect(await wait).toBe(1);
});

test('an abort ends a wait', async () => {
  const controller = new AbortController();
  const array = words();
  const waits = [
    ctx.futexWait(array, 0, 0, { signal: controller.signal }),
    ctx.futexWaitv([{ array, index: 1, value: 0 }], { signal: controller.signal }),
  ];
  await ctx.nop();
  controller.abort();
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ name: 'AbortError' });
  expect(ctx.inFlight).toBe(0);
});

test('between the rings of two threads, in both directions and both forms', async () => {
  const array = words();
  const worker = new Worker(
    `const { workerData: { array, root } } = require('node:worker_threads');
     const { UringCtx } = require(root);
     const ctx = new UringCtx();
     (async () => {
       ctx.futexWaitSync(array, 0, 0);
       array[1] = 42;
       while (ctx.futexWakeSync(array, 1) === 0);
       await ctx.futexWait(array, 2, 0);
       array[3] = 1;
       ctx.close();
     })();`,
    { eval: true, workerData: { array, root: require.resolve('..') } },
  );
  await wake(array, 0);
  await ctx.futexWait(array, 1, 0).catch((error) => expect(error.code).toBe('EAGAIN'));
  expect(array[1]).toBe(42);
  // If the word held 42 already, the worker is still waking.
  while (array[3] === 0) {
    await ctx.futexWait(array, 1, 42, { timeout: 1 }).catch(() => {});
    await ctx.futexWake(array, 2);
  }
  await once(worker, 'exit');
  expect(array[3]).toBe(1);
});

test('a thread that ends with a wait in flight leaves nothing', async () => {
  const array = words();
  const worker = new Worker(
    `const { workerData: { array, root }, parentPort } = require('node:worker_threads');
     const { UringCtx } = require(root);
     const ctx = new UringCtx();
     ctx.futexWait(array, 0, 0);
     ctx.nop().then(() => parentPort.postMessage('waits'));`,
    { eval: true, workerData: { array, root: require.resolve('..') } },
  );
  await once(worker, 'message');
  await worker.terminate();
  expect(await ctx.futexWake(array, 0, 10)).toBe(0);
});
