// UringError and how it is made: `lib/errors.js`.

'use strict';

const os = require('node:os');
const util = require('node:util');
const {
  UringError,
  callSite,
  closedError,
  describeErrno,
  errorFromNative,
  rejectAwaited,
} = require('../lib/errors.js');

describe('new UringError()', () => {
  it('takes an errno that is not a positive integer for EINVAL', () => {
    for (const errno of [0, -2, 1.5, NaN, Infinity, '2', 2n, null, undefined, {}]) {
      const error = new UringError(errno, 'copy');
      expect(error.errno).toBe(os.constants.errno.EINVAL);
      expect(error.code).toBe('EINVAL');
    }
  });

  it('is an Error with the fields of a Node system error', () => {
    const error = new UringError(os.constants.errno.ENOENT, 'copy', { path: '/a', dest: '/b' });
    expect(error).toBeInstanceOf(UringError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('UringError');
    expect(error.errno).toBe(2);
    expect(error.code).toBe('ENOENT');
    expect(error.operation).toBe('copy');
    expect(error.syscall).toBe('copy');
    expect(error.detail).toBeNull();
    expect(error.message).toBe("ENOENT: no such file or directory, copy '/a' -> '/b'");
    expect(error.stack).toMatch(/^UringError: ENOENT: no such file/);
    expect(error.stack).toContain(__filename);
  });

  it('puts the detail into brackets at the end', () => {
    const error = new UringError(1, 'UringCtx', { detail: 'allow it in the seccomp profile' });
    expect(error.detail).toBe('allow it in the seccomp profile');
    expect(error.message).toBe(
      'EPERM: operation not permitted, UringCtx [allow it in the seccomp profile]',
    );
  });

  it('has only the fields that were given', () => {
    const bare = new UringError(5, 'read');
    for (const field of ['path', 'dest', 'offset', 'length']) expect(bare).not.toHaveProperty(field);

    const full = new UringError(5, 'read', { path: '/a', offset: 0, length: 1n << 60n });
    expect(full).toMatchObject({ path: '/a', offset: 0, length: 1n << 60n });
    expect(full).not.toHaveProperty('dest');
  });

  it('names a path as text, whatever it came as', () => {
    const pathOf = (path) => new UringError(2, 'copy', { path }).path;
    expect(pathOf(Buffer.from('/tmp/ä'))).toBe('/tmp/ä');
    expect(pathOf(new Uint8Array([47, 97]))).toBe('/a');
    expect(pathOf(new URL('file:///tmp/a%20b'))).toBe('/tmp/a b');
    expect(pathOf(new URL('http://localhost/x'))).toBe('http://localhost/x');
  });
});

describe('names and texts of errnos', () => {
  it('agree with Node for every errno that Node names', () => {
    const ours = { ENOTSUP: 'EOPNOTSUPP', EWOULDBLOCK: 'EAGAIN' };
    for (const [name, errno] of Object.entries(os.constants.errno)) {
      expect(describeErrno(errno)[0]).toBe(ours[name] ?? name);
    }
  });

  it('agree with libuv, but for the text that speaks of a socket', () => {
    for (const [errno, nameAndText] of util.getSystemErrorMap()) {
      // libuv's own numbers (EAI_*, EOF...) begin at 3000: no kernel returns them.
      if (errno <= -3000 || errno === -95) continue;
      expect(describeErrno(-errno)).toEqual(nameAndText);
    }
    expect(describeErrno(95)).toEqual(['EOPNOTSUPP', 'operation not supported']);
  });

  it('cover every errno of Linux', () => {
    const holes = [41, 58]; // numbers that no errno has
    for (let errno = 1; errno <= 133; errno++) {
      expect(describeErrno(errno)[0]).toMatch(holes.includes(errno) ? /^UNKNOWN$/ : /^E[0-9A-Z]+$/);
    }
    expect(describeErrno(122)).toEqual(['EDQUOT', 'disk quota exceeded']);
  });

  it('still say which, where nobody knows the errno', () => {
    expect(new UringError(600, 'read').message).toBe('UNKNOWN: unknown error 600, read');
  });

  it('do without a list from libuv', () => {
    const spy = jest.spyOn(util, 'getSystemErrorMap').mockReturnValue(undefined);
    jest.isolateModules(() => {
      const fresh = require('../lib/errors.js');
      expect(fresh.describeErrno(2)).toEqual(['ENOENT', 'error 2']);
      expect(fresh.describeErrno(122)).toEqual(['EDQUOT', 'disk quota exceeded']);
    });
    spy.mockRestore();
  });
});

// Lines and not function names: jest's source maps name a frame after the function it calls.
const lineHere = () => Number(/errors\.test\.js:(\d+)/.exec(new Error().stack.split('\n')[2])[1]);

describe('the stack of an error made later', () => {
  it('shows the line that called, by callSite()', async () => {
    let site;
    function publicFunction() {
      site = callSite(publicFunction);
    }
    const line = lineHere() + 1;
    publicFunction();
    await new Promise(setImmediate);

    const error = errorFromNative(-28, 'copy', { path: '/a' }, site);
    expect(error.code).toBe('ENOSPC');
    const [first, second] = error.stack.split('\n');
    expect(first).toBe("UringError: ENOSPC: no space left on device, copy '/a'");
    expect(second).toContain(`${__filename}:${line}:`);
    expect(Object.keys(error)).not.toContain('stack');
  });

  it('shows the line that awaits, by rejectAwaited()', async () => {
    const failLater = () =>
      new Promise((resolve) => {
        setImmediate(() => rejectAwaited(resolve, () => errorFromNative(-9, 'read')));
      });
    let line;
    async function awaits() {
      line = lineHere() + 1;
      await failLater();
    }
    async function catches() {
      line = lineHere() + 1;
      throw await failLater().catch((error) => error);
    }
    for (const theCaller of [awaits, catches]) {
      const error = await theCaller().catch((reason) => reason);
      expect(error.code).toBe('EBADF');
      expect(error.stack).toContain(`${__filename}:${line}:`);
    }
  });

  it('needs no call site', () => {
    expect(errorFromNative(-9, 'read').stack).toContain(__filename);
  });
});

it('closedError() is EINVAL with the detail "closed"', () => {
  const error = closedError('read');
  expect(error).toMatchObject({ code: 'EINVAL', operation: 'read', detail: 'closed' });
  expect(error.message).toBe('EINVAL: invalid argument, read [closed]');
});
