'use strict';

const { onAbort } = require('../lib/abort.js');
const { inChild } = require('./support/child.js');
const { MIB, file, folder } = require('./support/files.js');

it('calls all who listen, once, and nobody who stopped', () => {
  const controller = new AbortController();
  const calls = [jest.fn(), jest.fn(), jest.fn()];
  const stops = calls.map((call) => onAbort(controller.signal, call));
  stops[1]();
  controller.abort();
  expect(calls.map((call) => call.mock.calls.length)).toEqual([1, 0, 1]);
  for (const stop of [...stops, ...stops]) stop();
});

it('leaves no listener on the signal, and can begin again', () => {
  const { signal } = new AbortController();
  const [add, remove] = [jest.spyOn(signal, 'addEventListener'), jest.spyOn(signal, 'removeEventListener')];
  for (let round = 1; round <= 2; round += 1) {
    const stops = [onAbort(signal, () => {}), onAbort(signal, () => {})];
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([round, round - 1]);
    for (const stop of stops) stop();
    expect(remove.mock.calls).toEqual(add.mock.calls);
  }
});

it('100 calls share a signal without a warning, and all end with its reason', async () => {
  const script = `
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 100 }, (_, index) =>
      index % 2 ? uring.copy(${JSON.stringify(file(MIB))}, ${JSON.stringify(folder())} + '/' + index, { signal, progressCb: () => new Promise(() => {}) })
        : uring.writeMany(${JSON.stringify(folder())}, { nfiles: 1000, mbPerFile: 1, signal }));
    setTimeout(() => controller.abort('why'), 50);
    const outcomes = await Promise.allSettled(calls);
    report(outcomes.filter(({ reason }) => reason === 'why').length);`;
  expect(await inChild(script)).toMatchObject({ status: 0, stderr: '', reported: 100 });
});
