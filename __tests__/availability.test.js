'use strict';

const { explainRefusal } = require('../binding.js');
const { availability } = require('..');
const { inChild } = require('./support/child.js');

it('says all in nulls where a ring can be made, else the errno, its name, the reason and a hint', () => {
  const found = availability();
  expect(Object.keys(found)).toEqual(['available', 'errno', 'code', 'reason', 'hint']);
  if (found.available) {
    expect(found).toEqual({ available: true, errno: null, code: null, reason: null, hint: null });
  } else {
    expect(found).toEqual({ available: false, errno: expect.any(Number), code: expect.stringMatching(/^E/), reason: expect.any(String), hint: expect.any(String) });
  }
});

it('keeps nothing open', async () => {
  const script = `
    const count = () => fs.readdirSync('/proc/self/fd').length;
    uring.availability();
    const before = count();
    for (let index = 0; index < 100; index += 1) uring.availability();
    report(count() - before);`;
  expect((await inChild(script)).reported).toBe(0);
});

it('is asked of the kernel anew each time', async () => {
  const script = `
    const fds = [];
    const before = uring.availability().available;
    try { for (;;) fds.push(fs.openSync('/dev/null')); } catch {}
    const full = uring.availability();
    for (const fd of fds) fs.closeSync(fd);
    report([before, full, uring.availability().available]);`;
  const { reported } = await inChild(script, { wrap: ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh'] });
  const [before, full, after] = reported;
  expect(after).toBe(before);
  if (before) expect(full).toMatchObject({ available: false, code: 'EMFILE', hint: expect.stringContaining('ulimit -n') });
});

it.each([
  [38, 'io_uring', 'CONFIG_IO_URING'],
  [12, 'memory', 'ulimit -l'],
  [24, 'descriptor', 'ulimit -n'],
  [5, 'refused', 'io_uring_setup(2)'],
])('errno %i has its cause and its remedy', (errno, cause, remedy) => {
  const { reason, hint } = explainRefusal(errno);
  expect([reason, hint]).toEqual([expect.stringContaining(cause), expect.stringContaining(remedy)]);
});
