'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { availability } = require('..');
const { inChild } = require('./support/child.js');
const { exercise } = require('./support/exercise.js');
const { file, folder } = require('./support/files.js');
const { refusing, works } = require('./support/seccomp.js');

const script = () => `
  const { exercise } = require(${JSON.stringify(path.join(__dirname, 'support/exercise.js'))});
  report({ availability: uring.availability(), found: await exercise(uring, ${JSON.stringify(folder())}) });`;

/** What the helpers do here, where this package decides; once, in this process. */
let wanted;
beforeAll(async () => {
  wanted = JSON.parse(JSON.stringify(await exercise(require('..'), folder())));
});

const where = works ? describe : describe.skip;
const skipped = works ? '' : ' (skipped: no C compiler, or no seccomp)';

where(`where a seccomp filter forbids io_uring${skipped}`, () => {
  it.each(['EPERM', 'ENOSYS', 'EACCES', 'EOPNOTSUPP'])('by %s, the helpers do the same', async (code) => {
    const { status, reported, stderr } = await inChild(script(), { wrap: refusing({ io_uring_setup: code }) });
    expect([status, stderr]).toEqual([0, '']);
    expect(reported.found).toEqual(wanted);
    expect(reported.availability).toMatchObject({ available: false, code, reason: expect.stringContaining('seccomp') });
    expect(reported.availability.hint).toContain('io_uring_setup');
  });

  it.each([
    ['entered', { io_uring_enter: 'EPERM' }],
    ['registered with', { io_uring_register: 'EPERM' }],
    ['entered nor registered with', { io_uring_enter: 'ENOSYS', io_uring_register: 'ENOSYS' }],
  ])('in part: rings can be made and not %s', async (_, calls) => {
    const { status, reported } = await inChild(script(), { wrap: refusing(calls) });
    expect(status).toBe(0);
    expect(reported.found).toEqual(wanted);
  });

  it('for want of memory', async () => {
    const { reported } = await inChild(script(), { wrap: refusing({ io_uring_setup: 'ENOMEM' }) });
    expect(reported.found).toEqual(wanted);
    expect(reported.availability).toMatchObject({ code: 'ENOMEM', reason: expect.stringContaining('memory'), hint: expect.stringContaining('ulimit -l') });
  });
});

// The sysctl is the whole machine's: here the process sees a file of ours in its place, and the
// kernel's answer comes from the filter.
describe.each([[1, 'privileged'], [2, 'every process']])('kernel.io_uring_disabled = %i', (value, reason) => {
  const sysctl = '/proc/sys/kernel/io_uring_disabled';
  const wrap = () => ['unshare', '--mount', 'sh', '-c', `mount --bind "$0" ${sysctl} && exec "$@"`, file(`${value}\n`)];
  const can = works && process.getuid() === 0 && spawnSync('unshare', [...wrap().slice(1), 'true']).status === 0;

  (can ? it : it.skip)(`is told apart, with the remedy${can ? '' : ' (skipped: wants root, unshare and seccomp)'}`, async () => {
    const { reported } = await inChild('report(uring.availability());', {
      wrap: [...wrap(), ...refusing({ io_uring_setup: 'EPERM' })],
    });
    expect(reported).toEqual({
      available: false,
      errno: 1,
      code: 'EPERM',
      reason: expect.stringContaining(reason),
      hint: expect.stringContaining('sysctl kernel.io_uring_disabled=0'),
    });
  });
});

it('this test ran against a ring', () => {
  const { available, reason } = availability();
  if (!available) console.warn(`no ring here to compare with: ${reason}`);
  expect(wanted.copy[0]).toBe(3_000_001);
});
