// What TypeScript makes of the package from a project of its own, as CommonJS and as a module.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const tsc = path.join(root, 'node_modules/.bin/tsc');

let project;
beforeAll(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), 'uring-types-'));
  fs.mkdirSync(path.join(project, 'node_modules'));
  fs.symlinkSync(root, path.join(project, 'node_modules/uring'));
  fs.symlinkSync(path.join(root, 'node_modules/@types'), path.join(project, 'node_modules/@types'));
});
afterAll(() => fs.rmSync(project, { recursive: true }));

/** What the compiler says of a file, nothing if all is well. */
function compile(name, source) {
  fs.writeFileSync(path.join(project, name), source);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  const { stdout } = spawnSync(tsc, [...options, name], { cwd: project, encoding: 'utf8' });
  return stdout;
}

const example = fs.readFileSync(path.join(root, 'examples/types.ts'), 'utf8');

test.each(['example.ts', 'example.cts', 'example.mts'])('the example compiles as %s', (name) => {
  expect(compile(name, example)).toBe('');
});

test('require() compiles', () => {
  const source = `
    import uring = require('uring');
    const done: Promise<number> = uring.direct.raw.copy('a', new URL('file:///b'), { preserve: { xattrs: true } });
    const flags: 4096 = uring.IORING_SETUP_SINGLE_ISSUER;
    console.log(done, flags, uring.UAPI_CONSTANT_NAMES.length, uring.constants.RWF_DSYNC);
  `;
  expect(compile('require.cts', source)).toBe('');
});

describe('misuse', () => {
  const misuses = [
    'copy(1, "b")',
    'copy("a")',
    'copy("a", "b", { unknown: 1 })',
    'copy("a", "b", { mode: "slow" })',
    'copy("a", "b", { syncPolicy: "data" })',
    'copy("a", "b", { reflink: true })',
    'copy("a", "b", { bufferSizeCb: () => "1" })',
    'copy("a", "b", { progressCb: () => 1 })',
    'copy("a", "b", { signal: new AbortController() })',
    'copyPath("a", "b", { mode: "auto" })',
    'write("a")',
    'write("a", { mode: "auto" })',
    'write("a", { totalMb: "1" })',
    'writeMany("a", { nfiles: 1 })',
    'writeMany("a", { nfiles: 1, mbPerFile: 1, progressCb() {} })',
    'opcodeSupported("IORING_OP_READ")',
    'new UringError("ENOENT", "copy")',
  ];
  let complaints;
  beforeAll(() => {
    const imports = 'copy, copyPath, opcodeSupported, write, writeMany, UringError';
    // One run of the compiler for all, a second each otherwise: the line tells which it is.
    complaints = compile('misuse.mts', `import { ${imports} } from 'uring';\n${misuses.join(';\n')};\n`);
  });

  test.each(misuses.map((misuse, index) => [misuse, index + 2]))('%s does not compile', (_misuse, line) => {
    expect(complaints).toMatch(new RegExp(`^misuse\\.mts\\(${line},\\d+\\): error`, 'm'));
  });

  test('is all that is wrong there', () => {
    expect(complaints.match(/^misuse\.mts\(\d+,\d+\): error/gm)).toHaveLength(misuses.length);
    expect(complaints).not.toMatch(/TS2307|TS2305|TS2304/);
  });
});
