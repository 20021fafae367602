'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const uring = require('..');
const { folder } = require('./support/files.js');

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';

// For each kind of argument, what it refuses and how.
const notNumbers = ['1', true, {}, [], null, () => 1, Symbol('one')].map((value) => [value, TYPE]);
const count = (max, ...more) => [
  ...notNumbers,
  ...[0, -1, 1.5, NaN, Infinity, -Infinity, max + 1, 2 ** 53, 1e300].map((value) => [value, RANGE]),
  ...more,
];
const KINDS = {
  path: [
    ...[undefined, null, 1, true, {}, [], () => 1, Symbol('path'), new Date(0), { href: 1 }].map((value) => [value, TYPE]),
    ['a\0b', VALUE],
    [Buffer.from('a\0b'), VALUE],
    [new URL('file:///a%00b'), VALUE],
    [new URL('https://example.org/a'), VALUE],
    [new Uint16Array(2), TYPE],
  ],
  count: (max) => count(max, [1n, TYPE]),
  bytes: (max) => count(max, [0n, RANGE], [-1n, RANGE], [2n ** 63n, RANGE]),
  flag: [0, 1, 'true', null, {}].map((value) => [value, TYPE]),
  callback: [0, true, 'f', null, {}, Promise.resolve()].map((value) => [value, TYPE]),
  choice: [...[0, true, null, {}].map((value) => [value, TYPE]), ['', VALUE], ['Auto', VALUE], ['no such', VALUE]],
  signal: [...[0, true, 's', null, {}, new AbortController()].map((value) => [value, TYPE])],
  preserve: [...[0, true, 'all', null, ['timestamps']].map((value) => [value, TYPE]), [{ mode: true }, VALUE], [{ timestamps: 1 }, TYPE], [{ xattrs: null }, TYPE]],
};

const shape = { qd: KINDS.count(4096), blockSize: KINDS.bytes(2 ** 30), signal: KINDS.signal };
const callbacks = { bufferSizeCb: KINDS.callback, progressCb: KINDS.callback };
const presets = { mode: KINDS.choice, syncPolicy: KINDS.choice };
const size = { totalMb: [...KINDS.count(2 ** 33), [undefined, TYPE]] };
const many = {
  nfiles: [...KINDS.count(2 ** 31), [undefined, TYPE]],
  mbPerFile: [...KINDS.count(2 ** 33), [undefined, TYPE]],
};
const sync = { fsync: KINDS.flag, dsync: KINDS.flag };

// Each helper: its paths, the options that it can't do without, and what each option refuses.
const HELPERS = {
  copy: [
    ['src', 'dst'],
    undefined,
    { ...shape, ...callbacks, ...presets, fsync: KINDS.flag, exclusive: KINDS.flag, atomic: KINDS.flag, reflink: KINDS.choice, sparse: KINDS.choice, preserve: KINDS.preserve },
  ],
  copyPath: [['src', 'dst'], undefined, shape],
  copyPathDynamic: [['src', 'dst'], undefined, { ...shape, ...callbacks, fsync: KINDS.flag }],
  write: [['dst'], { totalMb: 1 }, { ...size, ...shape, ...callbacks, ...presets, ...sync }],
  writeNewfile: [['dst'], { totalMb: 1 }, { ...size, ...shape, ...sync }],
  writeNewfileDynamic: [['dst'], { totalMb: 1 }, { ...size, ...shape, ...callbacks, ...sync }],
  writeMany: [['dir'], { nfiles: 1, mbPerFile: 1 }, { ...many, ...shape, ...presets, fsyncEnd: KINDS.flag }],
  writeManyfiles: [['dir'], { nfiles: 1, mbPerFile: 1 }, { ...many, ...shape, fsyncEnd: KINDS.flag }],
};

describe.each(Object.keys(HELPERS))('%s', (name) => {
  const [paths, needed, options] = HELPERS[name];
  let there;
  beforeAll(() => {
    there = folder();
    fs.mkdirSync(path.join(there, 'dir'));
    fs.writeFileSync(path.join(there, 'src'), 'the source');
    fs.writeFileSync(path.join(there, 'dst'), 'the old destination');
  });

  // Nothing was touched: the same files, with the same contents.
  afterEach(() => {
    expect(fs.readdirSync(there, { recursive: true }).sort()).toEqual(['dir', 'dst', 'src']);
    expect(fs.readFileSync(path.join(there, 'src'), 'utf8')).toBe('the source');
    expect(fs.readFileSync(path.join(there, 'dst'), 'utf8')).toBe('the old destination');
  });

  const good = () => paths.map((argument) => path.join(there, argument));

  /** The call rejects, and does not throw, with an error that names the argument and what came. */
  async function refuses(args, code, argument) {
    let promise;
    expect(() => {
      promise = uring[name](...args);
    }).not.toThrow();
    const error = await promise.then(() => 'it resolved', (reason) => reason);
    expect(error).toMatchObject({
      name: code === RANGE ? 'RangeError' : 'TypeError',
      code,
      message: expect.stringMatching(new RegExp(`["']${argument}(\\.\\w+)?["'].*Received`, 's')),
    });
    expect(error.stack).toContain('bad-arguments.test.js');
  }

  it.each(paths)('%s', async (argument) => {
    for (const [value, code] of KINDS.path) {
      const args = good().map((given, index) => (paths[index] === argument ? value : given));
      await refuses([...args, needed], code, argument);
    }
  });

  it('nothing at all', () => refuses([], TYPE, paths[0]));

  it('options that are no object', async () => {
    for (const value of [null, 1, 'mode', true, [], () => ({})]) await refuses([...good(), value], TYPE, 'options');
    if (needed !== undefined) await refuses(good(), TYPE, `options\\.${Object.keys(needed)[0]}`);
  });

  it.each(Object.keys(options))('options.%s', async (option) => {
    for (const [value, code] of options[option]) {
      await refuses([...good(), { ...needed, [option]: value }], code, `options\\.${option}`);
    }
  });

  it('options that are unknown, of other helpers, or of the reference', async () => {
    const all = new Set(Object.values(HELPERS).flatMap(([, , known]) => Object.keys(known)));
    const unknown = ['', 'Qd', 'block_size', 'total_mb', 'toString', ...[...all].filter((option) => !(option in options))];
    for (const option of unknown) await refuses([...good(), { ...needed, [option]: undefined }], VALUE, `options\\.${option}`);
  });

  it('comes before an abort, and paths before options', async () => {
    await refuses([...good(), { ...needed, qd: 0, signal: AbortSignal.abort() }], RANGE, 'options\\.qd');
    await refuses([...paths.map(() => 1), { ...needed, qd: 0 }], TYPE, paths[0]);
  });
});

it('what is undefined is left out', async () => {
  const there = folder();
  const [src, dst] = [path.join(there, 'src'), path.join(there, 'dst')];
  fs.writeFileSync(src, 'text');
  const [, , options] = HELPERS.copy;
  const nothing = Object.fromEntries(Object.keys(options).map((option) => [option, undefined]));
  expect(await uring.copy(pathToFileURL(src), dst, nothing)).toBe(4);
});
