// link() and linkReadWrite(): operations that the kernel begins one after the other.

'use strict';

const fs = require('node:fs');

const { BufferPool, UringCtx, UringError } = require('..');
const { file, fresh } = require('./support/files.js');

const ctx = new UringCtx();
afterAll(() => ctx.close());

const code = (value) => expect.objectContaining({ code: value });
const opened = [];
const open = (content) => {
  const fd = fs.openSync(file(content), 'r+');
  opened.push(fd);
  return fd;
};
const pipe = () => {
  const pair = ctx.pipeSync();
  opened.push(...pair);
  return pair;
};
afterAll(() => opened.forEach((fd) => fs.closeSync(fd)));

/** The promise form and the blocking form of a chain. */
const forms = [
  ['link', (build, options) => ctx.link(build, options)],
  ['linkSync', async (build, options) => ctx.linkSync(build, options)],
];

describe.each(forms)('%s', (_, link) => {
  test.each([
    [[], 'ERR_INVALID_ARG_TYPE'],
    [['build'], 'ERR_INVALID_ARG_TYPE'],
    [[() => {}, { hard: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[() => {}, { timeout: -1 }], 'ERR_OUT_OF_RANGE'],
    [[() => {}, { deadline: 1 }], 'ERR_INVALID_ARG_VALUE'],
  ])('bad arguments %#', async (args, expected) => {
    await expect(link(...args)).rejects.toMatchObject({ code: expected });
  });

  test('nothing started is nothing done', async () => {
    expect(await link(() => {})).toEqual([]);
  });

  test('runs the operations in their order', async () => {
    const fd = open('0123456789');
    const outcomes = await link(() => {
      ctx.write(fd, 'AB', 0);
      ctx.read(fd, 4, 0);
      ctx.write(fd, 'CD', 0);
      ctx.read(fd, 4, 0);
    });
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
    expect(outcomes.map(({ operation }) => operation)).toEqual(['write', 'read', 'write', 'read']);
    expect([outcomes[1], outcomes[3]].map(({ value }) => value.toString())).toEqual(['AB23', 'CD23']);
  });

  test('opens, reads and closes a file in one submission, by its place among the registered files', async () => {
    ctx.registerFiles([-1]);
    const path = file('content of the file');
    const IOSQE_FIXED_FILE = 1;
    const before = ctx.stats().batches;
    const [opening, reading, closing] = await link(() => {
      ctx.openatDirect(path, 0, 0, 0);
      ctx.read(0, 7, 0, { sqeFlags: IOSQE_FIXED_FILE });
      ctx.closeDirect(0);
    });
    expect([opening.value, reading.value.toString(), closing.status]).toEqual([0, 'content', 'fulfilled']);
    expect(ctx.stats().batches - before).toBe(1);
    ctx.unregisterFiles();
  });

  test('a step that fails breaks the chain, and the others say which it was', async () => {
    const fd = open('0123456789');
    const [first, second, third] = await link(() => {
      ctx.fsync(fd);
      ctx.openat(fresh('missing'), 0);
      ctx.write(fd, 'XX', 0);
    });
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', operation: 'openat', reason: { code: 'ENOENT' } });
    expect(second.brokenBy).toBeUndefined();
    expect(third).toMatchObject({ status: 'rejected', brokenBy: 1, reason: { code: 'ECANCELED', operation: 'write' } });
    expect(third.reason).toBeInstanceOf(UringError);
    expect(third.reason.detail).toBe('step 1 of the chain, openat, failed with ENOENT');
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('0123456789');
  });

  test('a short read breaks it too', async () => {
    const fd = open('0123456789');
    const [read, write] = await link(() => {
      ctx.read(fd, 100, 4);
      ctx.write(fd, 'XX', 0);
    });
    expect(read.value.toString()).toBe('456789');
    expect(write).toMatchObject({ brokenBy: 0, reason: { detail: 'step 0 of the chain, read, ended short with 6' } });
  });

  test('a hard chain goes on', async () => {
    const fd = open('0123456789');
    const build = () => {
      ctx.openat(fresh('missing'), 0);
      ctx.write(fd, 'XX', 0);
    };
    const [failed, write] = await link(build, { hard: true });
    expect([failed.reason.code, write.value]).toEqual(['ENOENT', 2]);
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('XX23456789');
  });

  test('a deadline for one step', async () => {
    const [readFd] = pipe();
    const [read, deadline, sync] = await link(() => {
      ctx.read(readFd, 4);
      ctx.linkTimeout(5);
      ctx.fsync(readFd);
    });
    expect(read).toMatchObject({ brokenBy: 1, reason: { code: 'ECANCELED', detail: 'step 1 of the chain, linkTimeout, ran out' } });
    expect(deadline).toMatchObject({ status: 'fulfilled', value: true });
    expect(sync).toMatchObject({ brokenBy: 1, reason: { code: 'ECANCELED' } });
  });

  test('a deadline that is not needed', async () => {
    const fd = open('0123456789');
    const [read, deadline, write] = await link(() => {
      ctx.read(fd, 4);
      ctx.linkTimeout(60_000);
      ctx.write(fd, 'XX');
    });
    expect([read.value.toString(), deadline.value, write.value]).toEqual(['0123', false, 2]);
  });

  test('a deadline for all of it', async () => {
    const [readFd] = pipe();
    const fd = open('0123456789');
    const build = () => {
      ctx.write(fd, 'XX');
      ctx.read(readFd, 4);
      ctx.write(fd, 'YY');
    };
    const [first, read, last] = await link(build, { timeout: 20 });
    expect(first.value).toBe(2);
    expect(read.reason).toMatchObject({ code: 'ETIMEDOUT', operation: 'read' });
    expect(last.reason.detail).toBe('step 1 of the chain, read, ran into the deadline');
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('XX23456789');
    expect(ctx.inFlight).toBe(0);
  });

  test('what build throws is the rejection, and nothing was submitted', async () => {
    const fd = open('0123456789');
    const mistake = new Error('mine');
    const build = () => {
      ctx.write(fd, 'XX');
      throw mistake;
    };
    await expect(link(build)).rejects.toBe(mistake);
    await ctx.drain();
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('0123456789');
  });

  test('an async build is refused, and nothing was submitted', async () => {
    const fd = open('0123456789');
    const build = async () => {
      ctx.write(fd, 'XX');
      throw new Error('would be lost');
    };
    await expect(link(build)).rejects.toMatchObject({ code: 'ERR_INVALID_RETURN_VALUE' });
    await ctx.drain();
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('0123456789');
  });

  test('a bad argument of a step is the rejection, and nothing was submitted', async () => {
    const fd = open('0123456789');
    const build = () => {
      ctx.write(fd, 'XX');
      ctx.read('fd', 1);
    };
    await expect(link(build)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await ctx.drain();
    expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('0123456789');
  });

  test('refuses what could never end: a blocking call, or a chain in a chain', async () => {
    const fd = open('0123456789');
    await expect(link(() => ctx.readSync(fd, 1))).rejects.toMatchObject({ code: 'EINVAL', operation: 'read' });
    await expect(link(() => ctx.linkSync(() => {}))).rejects.toMatchObject({ code: 'EINVAL', operation: 'link' });
    await ctx.drain();
    expect(ctx.readSync(fd, 2).toString()).toBe('01');
  });

  test('refuses what is longer than the ring, which would tear it', async () => {
    const build = () => {
      for (let step = 0; step <= ctx.entries; step++) ctx.nop();
    };
    await expect(link(build)).rejects.toMatchObject({ code: 'EINVAL', detail: expect.stringContaining('64 entries') });
    await ctx.drain();
    expect(await link(() => Array.from({ length: ctx.entries }, () => ctx.nop()))).toHaveLength(ctx.entries);
  });

  test('whole chains wait for room, beside operations that are not linked', async () => {
    const small = new UringCtx({ entries: 4 });
    const fd = open('0'.repeat(64));
    const others = Array.from({ length: 50 }, (_each, index) => small.read(fd, 1, index));
    const chains = Array.from({ length: 10 }, (_each, index) =>
      small.link(() => {
        small.write(fd, String(index), 50);
        small.read(fd, 1, 50);
        small.nop();
      }),
    );
    expect((await Promise.all(others)).every((byte) => byte.toString() === '0')).toBe(true);
    const outcomes = await Promise.all(chains);
    expect(outcomes.flat().every(({ status }) => status === 'fulfilled')).toBe(true);
    small.close();
  });
});

test('the promises of the steps settle too, with the same', async () => {
  const fd = open('0123456789');
  const promises = [];
  const outcomes = await ctx.link(() => promises.push(ctx.read(fd, 100), ctx.write(fd, 'x')));
  const settled = await Promise.allSettled(promises);
  expect(settled[0].value).toBe(outcomes[0].value);
  expect(settled[1].reason).toBe(outcomes[1].reason);
});

test('an abort cancels what is left and rejects with the reason', async () => {
  const [readFd] = pipe();
  const fd = open('0123456789');
  const controller = new AbortController();
  const build = () => {
    ctx.read(readFd, 1);
    ctx.write(fd, 'XX');
  };
  const linked = ctx.link(build, { signal: controller.signal });
  await ctx.nop();
  controller.abort();
  await expect(linked).rejects.toMatchObject({ name: 'AbortError' });
  expect(ctx.inFlight).toBe(0);
  await expect(ctx.link(build, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('0123456789');
});

test('cancelling a step that waits for room cancels those after it, and none before', async () => {
  const small = new UringCtx({ entries: 2, cqEntries: 2 });
  const [readFd, writeFd] = pipe();
  const waiting = [small.read(readFd, 1), small.read(readFd, 1)];
  const fd = open('0123456789');
  const controller = new AbortController();
  const linked = small.link(() => {
    small.write(fd, 'XX', 0);
    small.write(fd, 'YY', 2, { signal: controller.signal });
  });
  await Promise.resolve();
  controller.abort();
  fs.writeSync(writeFd, 'ab');
  await Promise.all(waiting);
  const [first, second] = await linked;
  expect(first.value).toBe(2);
  expect(second.reason.name).toBe('AbortError');
  expect(fs.readFileSync(`/proc/self/fd/${fd}`, 'utf8')).toBe('XX23456789');
  small.close();
});

test('after close() a chain is refused, and one in flight ends', async () => {
  const own = new UringCtx();
  const [readFd] = pipe();
  const linked = own.link(() => {
    own.read(readFd, 1);
    own.nop();
  });
  await own.nop();
  own.close();
  const outcomes = await linked;
  expect(outcomes.map(({ reason }) => reason.code)).toEqual(['ECANCELED', 'ECANCELED']);
  await expect(own.link(() => {})).rejects.toMatchObject({ detail: 'closed' });
});

describe.each([
  ['linkReadWrite', (...args) => ctx.linkReadWrite(...args)],
  ['linkReadWriteSync', async (...args) => ctx.linkReadWriteSync(...args)],
])('%s', (_, linkReadWrite) => {
  const pool = BufferPool.create({ initialCount: 1, initialSize: 4 });
  afterAll(() => pool.close());

  test.each([
    ['a buffer of the caller', () => Buffer.alloc(4)],
    ['a slot of a pool', () => pool.buffer(0)],
  ])('reads and writes with %s', async (__, buffer) => {
    const [from, to] = [open('0123456789'), open('')];
    const memory = buffer();
    expect(await linkReadWrite(from, memory, 2, to, 1)).toBe(4);
    expect(fs.readFileSync(`/proc/self/fd/${to}`, 'latin1')).toBe('\x002345');
    expect(memory.toString()).toBe('2345');
  });

  test('writes what there was to read', async () => {
    const [from, to] = [open('0123456789'), open('')];
    expect(await linkReadWrite(from, Buffer.alloc(100), 6, to, 0)).toBe(4);
    expect(fs.readFileSync(`/proc/self/fd/${to}`, 'utf8')).toBe('6789');
    expect(await linkReadWrite(from, Buffer.alloc(100), 60, to, 0)).toBe(0);
    expect(fs.readFileSync(`/proc/self/fd/${to}`, 'utf8')).toBe('6789');
  });

  test('fails as the half that failed', async () => {
    const fd = open('0123456789');
    const readOnly = fs.openSync(file('x'), 'r');
    opened.push(readOnly);
    await expect(linkReadWrite(fd, Buffer.alloc(4), 0, readOnly, 0)).rejects.toMatchObject({
      code: 'EBADF',
      operation: 'linkReadWrite',
    });
    await expect(linkReadWrite(fd, 'x', 0, fd, 0)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await expect(linkReadWrite(fd, Buffer.alloc(4), -1, fd, 0)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

test('linkTimeout for itself has no operation to stop', async () => {
  await expect(ctx.linkTimeout(5)).rejects.toMatchObject({ code: 'EINVAL', operation: 'linkTimeout' });
  expect(() => ctx.linkTimeoutSync('x')).toThrow(code('ERR_INVALID_ARG_TYPE'));
});
