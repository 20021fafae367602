// The argument checks that every function shares: `lib/arguments.js`.

'use strict';

const vm = require('node:vm');
const args = require('../lib/arguments.js');

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };

function thrownBy(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

// Each row: the check, the value, the kind of error, the message.
const REFUSED = [
  [() => args.integer('x', 'qd'), TYPE, 'The "qd" argument must be of type number. Received type string (\'x\')'],
  [() => args.integer(undefined, 'options.totalMb'), TYPE, 'The "options.totalMb" property must be of type number. Received undefined'],
  [() => args.integer(0, 'options.qd', 1, 4096), RANGE, 'The value of "options.qd" is out of range. It must be >= 1 && <= 4096. Received 0'],
  [() => args.integer(NaN, 'qd'), RANGE, 'The value of "qd" is out of range. It must be an integer. Received NaN'],
  [() => args.integer(2 ** 53, 'n', 1), RANGE, 'The value of "n" is out of range. It must be >= 1 && <= 9_007_199_254_740_991. Received 9_007_199_254_740_992'],
  [() => args.integer(1n, 'qd'), TYPE, 'The "qd" argument must be of type number. Received type bigint (1n)'],
  [() => args.int64(0.5, 'offset'), RANGE, 'The value of "offset" is out of range. It must be an integer. Received 0.5'],
  [() => args.int64(2 ** 60, 'offset'), RANGE, 'The value of "offset" is out of range. It must be a safe integer or a bigint. Received 1_152_921_504_606_847_000'],
  [() => args.int64(-1, 'offset'), RANGE, 'The value of "offset" is out of range. It must be >= 0n && <= 9_223_372_036_854_775_807n. Received -1'],
  [() => args.int64(2n ** 63n, 'offset'), RANGE, 'The value of "offset" is out of range. It must be >= 0n && <= 9_223_372_036_854_775_807n. Received 9_223_372_036_854_775_808n'],
  [() => args.int64('1', 'offset'), TYPE, 'The "offset" argument must be of type number or bigint. Received type string (\'1\')'],
  [() => args.fd(-1), RANGE, 'The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received -1'],
  [() => args.fd('3'), TYPE, 'The "fd" argument must be of type number. Received type string (\'3\')'],
  [() => args.fd(null), TYPE, 'The "fd" argument must be of type number. Received null'],
  [() => args.offset(1.5), RANGE, 'The value of "offset" is out of range. It must be an integer. Received 1.5'],
  [() => args.offset({}), TYPE, 'The "offset" argument must be of type number or bigint. Received an instance of Object'],
  [() => args.length(-5), RANGE, 'The value of "length" is out of range. It must be >= 0n && <= 9_223_372_036_854_775_807n. Received -5'],
  [() => args.userData(-1n), RANGE, 'The value of "userData" is out of range. It must be >= 0n && <= 18_446_744_073_709_551_615n. Received -1n'],
  [() => args.userData(1n << 64n), RANGE, /^The value of "userData" is out of range/],
  [() => args.boolean(1, 'options.fsync'), TYPE, 'The "options.fsync" property must be of type boolean. Received type number (1)'],
  [() => args.func('f', 'options.progressCb'), TYPE, 'The "options.progressCb" property must be of type function. Received type string (\'f\')'],
  [() => args.oneOf('slow', 'options.mode', ['auto', 'fast']), VALUE, "The property 'options.mode' must be one of: 'auto', 'fast'. Received 'slow'"],
  [() => args.oneOf(1, 'mode', ['auto']), TYPE, 'The "mode" argument must be of type string. Received type number (1)'],
  [() => args.options({ blocksize: 1 }, ['qd', 'blockSize']), VALUE, "The property 'options.blocksize' is unknown: the options are qd, blockSize. Received 1"],
  [() => args.options({ x: undefined }, []), VALUE, "The property 'options.x' is unknown: the options are none. Received undefined"],
  [() => args.options(null, []), TYPE, 'The "options" argument must be of type object. Received null'],
  [() => args.options([], []), TYPE, 'The "options" argument must be of type object. Received an instance of Array'],
  [() => args.options(() => {}, []), TYPE, 'The "options" argument must be of type object. Received function'],
  [() => args.options('fast', []), TYPE, /must be of type object/],
  [() => args.path(undefined, 'src'), TYPE, 'The "src" argument must be of type string or an instance of Buffer, Uint8Array or URL. Received undefined'],
  [() => args.path(new Uint16Array(2), 'src'), TYPE, /Received an instance of Uint16Array$/],
  [() => args.path({ href: '' }, 'src'), TYPE, /Received an instance of Object$/],
  [() => args.path('a\0b', 'src'), VALUE, "The argument 'src' must be a string, Uint8Array or URL without null bytes. Received 'a\\x00b'"],
  [() => args.path(Buffer.from('a\0b'), 'dst'), VALUE, /^The argument 'dst' must be a string/],
  [() => args.path(new URL('file:///a%00b'), 'src'), VALUE, /without null bytes/],
  [() => args.path(new URL('http://localhost/a'), 'src'), VALUE, "The argument 'src' must be a file: URL of a path on this host. Received 'http://localhost/a'"],
  [() => args.path(new URL('file://elsewhere/a'), 'src'), VALUE, /must be a file: URL/],
  [() => args.dataToWrite(5), TYPE, 'The "data" argument must be of type string or an instance of Buffer, TypedArray, DataView or ArrayBuffer. Received type number (5)'],
  [() => args.dataToWrite([1, 2]), TYPE, /Received an instance of Array$/],
  [() => args.bufferToFill('text'), TYPE, 'The "buffer" argument must be an instance of Buffer, TypedArray, DataView or ArrayBuffer. Received type string (\'text\')'],
  [() => args.bufferToFill(null, 'buf'), TYPE, /^The "buf" argument .* Received null$/],
  [() => args.signal({ aborted: false }), TYPE, 'The "options.signal" property must be an instance of AbortSignal. Received an instance of Object'],
  [() => args.signal(null), TYPE, /Received null$/],
];

describe('a refused argument', () => {
  it.each(REFUSED)('%s', (call, kind, message) => {
    const error = thrownBy(call);
    expect(error).toMatchObject(kind);
    expect(error).toBeInstanceOf(kind === RANGE ? RangeError : TypeError);
    if (message instanceof RegExp) expect(error.message).toMatch(message);
    else expect(error.message).toBe(message);
  });

  it('is cut short in the message', () => {
    const { message } = thrownBy(() => args.fd('x'.repeat(1000)));
    expect(message).toMatch(/\('x{24}\.\.\.\)$/);
  });

  it('is described though it has no prototype', () => {
    const { message } = thrownBy(() => args.fd(Object.create(null)));
    expect(message).toMatch(/Received \[Object: null prototype\] \{\}$/);
  });

  it('keeps what node:url said of it', () => {
    const error = thrownBy(() => args.path(new URL('http://localhost/a'), 'src'));
    expect(error.cause.code).toBe('ERR_INVALID_URL_SCHEME');
  });
});

it('a callback that returned nonsense is ERR_INVALID_RETURN_VALUE', () => {
  const error = args.invalidReturnValue('bufferSizeCb', 'a positive integer', -1);
  expect(error).toBeInstanceOf(TypeError);
  expect(error.code).toBe('ERR_INVALID_RETURN_VALUE');
  expect(error.message).toBe(
    'Expected a positive integer to be returned from the "bufferSizeCb" function but got type number (-1).',
  );
});

describe('numbers', () => {
  it('pass within their bounds, which belong to them', () => {
    expect(args.integer(1, 'qd', 1, 4096)).toBe(1);
    expect(args.integer(4096, 'qd', 1, 4096)).toBe(4096);
    expect(args.fd(0)).toBe(0);
    expect(args.fd(2 ** 31 - 1)).toBe(2 ** 31 - 1);
    expect(() => args.fd(2 ** 31)).toThrow(RangeError);
  });

  it('of 64 bits are a number where that is exact, else a bigint', () => {
    for (const check of [args.int64, args.offset, args.length]) {
      expect(check(0, 'n')).toBe(0);
      expect(check(7n, 'n')).toBe(7);
      expect(check(2 ** 40, 'n')).toBe(2 ** 40);
      expect(check(2 ** 53 - 1, 'n')).toBe(2 ** 53 - 1);
      expect(check(2n ** 53n, 'n')).toBe(2n ** 53n);
      expect(check(2n ** 63n - 1n, 'n')).toBe(2n ** 63n - 1n);
      expect(() => check(2 ** 53, 'n')).toThrow(RangeError);
    }
    expect(args.int64(-1, 'offset', -1)).toBe(-1);
  });

  it('that name an operation return as they came', () => {
    for (const name of [0, 7, 2 ** 53 - 1, 0n, 7n, 2n ** 64n - 1n]) {
      expect(args.userData(name)).toBe(name);
    }
  });
});

describe('options', () => {
  it('left out are an empty object that nobody can change', () => {
    expect(args.options(undefined, ['qd'])).toEqual({});
    expect(Object.isFrozen(args.options(undefined, ['qd']))).toBe(true);
  });

  it('are the very object that came', () => {
    const options = { qd: 1 };
    expect(args.options(options, ['qd'])).toBe(options);
    const bare = Object.assign(Object.create(null), { qd: 1 });
    expect(args.options(bare, ['qd'])).toBe(bare);
  });
});

describe('paths', () => {
  it('are a string or bytes', () => {
    const bytes = Buffer.from([47, 255, 254]);
    expect(args.path('/tmp/ä', 'src')).toBe('/tmp/ä');
    expect(args.path(bytes, 'src')).toBe(bytes);
    expect(args.path(new URL('file:///tmp/a%20b'), 'src')).toBe('/tmp/a b');
  });

  it('that are empty are left to the kernel', () => {
    expect(args.path('', 'src')).toBe('');
    expect(args.path(Buffer.alloc(0), 'src')).toHaveLength(0);
  });
});

describe('memory', () => {
  it('to write or to fill is viewed, never copied', () => {
    const memory = new ArrayBuffer(16);
    const bytes = new Uint8Array(memory, 4, 8);
    const words = new Uint32Array(memory, 4, 2);
    for (const check of [args.dataToWrite, args.bufferToFill]) {
      expect(check(bytes)).toBe(bytes);
      for (const view of [words, new DataView(memory, 4, 8)]) {
        const seen = check(view);
        expect([seen.buffer, seen.byteOffset, seen.byteLength]).toEqual([memory, 4, 8]);
      }
      expect(check(memory).buffer).toBe(memory);
      expect(check(new Uint8Array(new SharedArrayBuffer(4)))).toHaveLength(4);
      expect(check(new ArrayBuffer(0))).toHaveLength(0);
    }
  });

  it('to write may be text, which becomes UTF-8', () => {
    expect(args.dataToWrite('ä')).toEqual(Buffer.from([0xc3, 0xa4]));
    expect(args.dataToWrite('')).toHaveLength(0);
  });
});

it('choices, flags, functions and signals come back as they were', () => {
  const f = () => {};
  const { signal } = new AbortController();
  expect(args.oneOf('fast', 'mode', ['auto', 'fast'])).toBe('fast');
  expect(args.boolean(false, 'fsync')).toBe(false);
  expect(args.func(f, 'progressCb')).toBe(f);
  expect(args.signal(signal)).toBe(signal);
  expect(args.signal(undefined)).toBeUndefined();
});

it('values of another realm are as good as our own', () => {
  const foreign = vm.runInNewContext(
    '({ bytes: new Uint8Array(3), words: new Uint16Array(2), memory: new ArrayBuffer(5), options: { qd: 1 } })',
  );
  expect(args.path(vm.runInNewContext('new Uint8Array([47])'), 'src')).toHaveLength(1);
  expect(args.bufferToFill(foreign.bytes)).toBe(foreign.bytes);
  expect(args.bufferToFill(foreign.words)).toHaveLength(4);
  expect(args.dataToWrite(foreign.memory)).toHaveLength(5);
  expect(args.options(foreign.options, ['qd'])).toBe(foreign.options);
});
