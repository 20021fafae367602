// What waits: polls, timeouts, cancellation, epoll, child processes, messages between rings; and pipes.

'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');

const { UringCtx, constants } = require('..');
const { file, fresh } = require('./support/files.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());

const POLLIN = 1;
const code = (value) => expect.objectContaining({ code: value });
const ends = [];
const pipe = () => {
  const pair = ctx.pipeSync();
  ends.push(...pair);
  return pair;
};
afterAll(() => ends.forEach((fd) => fs.closeSync(fd)));

test('pipe, splice with and without offsets, tee', async () => {
  const [readFd, writeFd] = await ctx.pipe();
  const [otherRead, otherWrite] = pipe();
  ends.push(readFd, writeFd);
  expect(fs.readlinkSync(`/proc/self/fd/${readFd}`)).toMatch(/^pipe:/);
  const fd = fs.openSync(file('0123456789'));
  expect(await ctx.splice(fd, 2, writeFd, -1, 4)).toBe(4);
  expect(await ctx.tee(readFd, otherWrite, 100)).toBe(4);
  expect(ctx.readSync(readFd, 10).toString()).toBe('2345');
  expect(ctx.readSync(otherRead, 10).toString()).toBe('2345');
  expect(ctx.spliceSync(fd, -1, writeFd, -1, 3)).toBe(3);
  expect(ctx.readSync(readFd, 10).toString()).toBe('012');
  fs.closeSync(fd);
  await expect(ctx.pipe(1)).rejects.toMatchObject({ code: 'EINVAL', operation: 'pipe' });
  await expect(ctx.tee(fd, writeFd, 'x')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('openat2 opens, creates, and keeps to what resolve allows', async () => {
  const name = fresh();
  const { O_CREAT, O_WRONLY } = fs.constants;
  const fd = await ctx.openat2(name, { flags: O_CREAT | O_WRONLY, mode: 0o600 });
  expect(fs.fstatSync(fd).ino).toBe(fs.statSync(name).ino);
  expect(fs.statSync(name).mode & 0o777).toBe(0o600);
  fs.closeSync(fd);
  const link = fresh('link');
  fs.symlinkSync(name, link);
  const resolve = constants.RESOLVE_NO_SYMLINKS ?? 4;
  await expect(ctx.openat2(link, { resolve })).rejects.toMatchObject({ code: 'ELOOP', path: link });
  fs.closeSync(ctx.openat2Sync(link, {}));
  expect(() => ctx.openat2Sync(name, { mod: 1 })).toThrow(code('ERR_INVALID_ARG_VALUE'));
  await expect(ctx.openat2(name)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('pollAdd, pollUpdate, pollRemove', async () => {
  const [readFd, writeFd] = pipe();
  const ready = ctx.pollAdd(readFd, POLLIN);
  fs.writeSync(writeFd, 'x');
  expect((await ready) & POLLIN).toBe(POLLIN);
  const [silent, end] = pipe();
  const gone = ctx.pollAdd(silent, POLLIN, { userData: 7 });
  const refused = expect(gone).rejects.toMatchObject({ code: 'ECANCELED' });
  await ctx.pollUpdate(7, { newUserData: 8 });
  await expect(ctx.pollRemove(7)).rejects.toMatchObject({ code: 'ENOENT' });
  await ctx.pollRemove(8);
  await refused;
  const later = ctx.pollAdd(end, POLLIN, { userData: 9n });
  ctx.pollUpdateSync(9, { mask: 4 });
  expect((await later) & 4).toBe(4);
  await expect(ctx.pollUpdate(7, { mask: 'x' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('timeout: running out is success; timeoutUpdate, timeoutRemove, a count', async () => {
  const start = performance.now();
  await ctx.timeout(20);
  ctx.timeoutSync({ nsec: 5_000_000 });
  expect(performance.now() - start).toBeGreaterThanOrEqual(24);
  const long = ctx.timeout({ sec: 1000 }, { userData: 1 });
  await ctx.timeoutUpdate(1, 5);
  await long;
  const removed = expect(ctx.timeout(1e6, { userData: 2 })).rejects.toMatchObject({ code: 'ECANCELED' });
  await ctx.timeoutRemove(2);
  await removed;
  await expect(ctx.timeoutRemove(2)).rejects.toMatchObject({ code: 'ENOENT' });
  const counted = ctx.timeout(1e6, { count: 1 });
  await ctx.nop();
  await counted;
  await expect(ctx.timeout(-1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('asyncCancel and asyncCancelFd say how many', async () => {
  const [readFd] = pipe();
  const codes = [1, 2, 3].map((userData) =>
    ctx.pollAdd(readFd, POLLIN, { userData }).catch((error) => error.code),
  );
  expect(await ctx.asyncCancel(1)).toBe(1);
  await expect(ctx.asyncCancel(1)).rejects.toMatchObject({ code: 'ENOENT' });
  const ALL = 1;
  expect(await ctx.asyncCancelFd(readFd, ALL)).toBe(2);
  expect(() => ctx.asyncCancelFdSync(readFd, ALL)).toThrow(code('ENOENT'));
  expect(await Promise.all(codes)).toEqual(Array(3).fill('ECANCELED'));
  expect(ctx.inFlight).toBe(0);
});

test('a cancellation does not wait for room in the ring', async () => {
  const small = new UringCtx({ entries: 1 });
  const [readFd] = pipe();
  const codes = [1, 2, 3, 4, 5].map((userData) =>
    small.pollAdd(readFd, POLLIN, { userData }).catch((error) => error.code),
  );
  await small.asyncCancel(1);
  expect(await codes[0]).toBe('ECANCELED');
  small.close();
  expect(await Promise.all(codes)).toEqual(Array(5).fill('ECANCELED'));
});

test('waitid tells how a child ended', async () => {
  const child = spawn('sh', ['-c', 'sleep 0.05; exit 7'], { stdio: 'ignore' });
  const P_PID = 1;
  const WEXITED_NOWAIT = 4 | 0x01000000;
  const info = await ctx.waitid(P_PID, child.pid, WEXITED_NOWAIT);
  expect(info).toEqual({ signo: 17, code: 1, pid: child.pid, uid: process.getuid(), status: 7 });
  await expect(ctx.waitid(P_PID, 1, 4)).rejects.toMatchObject({ code: 'ECHILD' });
});

test('msgRing arrives in the other ring, by hand', async () => {
  const other = new UringCtx();
  const arrived = other.waitCompletion();
  await ctx.msgRing(other.ringFd, 5, 2n ** 62n);
  expect(await arrived).toEqual([2n ** 62n, 5]);
  ctx.msgRingSync(other.ringFd, 6, 1);
  expect(other.waitCompletionSync()).toEqual([1n, 6]);
  other.close();
  const [readFd] = pipe();
  await expect(ctx.msgRing(readFd, 1, 1)).rejects.toMatchObject({ code: 'EBADFD' });
  await expect(ctx.msgRing(readFd, 1, 2n ** 63n)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('epollCtl adds and removes; epollWait wants an epoll set', async () => {
  const [readFd] = pipe();
  await expect(ctx.epollCtl(1 << 20, readFd, 1, { events: POLLIN, data: 1 })).rejects.toMatchObject({ code: 'EBADF' });
  await expect(ctx.epollCtl(readFd, readFd, 1, { events: 'x' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  const set = Number(fs.readdirSync('/proc/self/fd').find((fd) => isEpoll(fd)));
  await expect(ctx.epollWait(readFd, 4)).rejects.toMatchObject({ code: 'EINVAL' });
  const [silent] = pipe();
  ctx.epollCtlSync(set, silent, 1, { events: POLLIN, data: 2n ** 60n });
  ctx.epollCtlSync(set, silent, 2);
  await expect(ctx.epollCtl(set, silent, 2)).rejects.toMatchObject({ code: 'ENOENT' });
});

function isEpoll(fd) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventpoll]';
  } catch {
    return false;
  }
}
