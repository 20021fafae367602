// The package as npm packs and installs it, outside this clone.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const manifest = require('../package.json');

const root = path.join(__dirname, '..');
const addon = fs.readdirSync(root).find((name) => name.endsWith('.node'));
const platform = path.basename(addon, '.node').replace('.', '-'); // uring-linux-x64-gnu

// npm tells its children where it works, and a npm among them would work there too.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

function run(command, args, { cwd, env = {} }) {
  const options = { cwd, encoding: 'utf8', env: { ...environment, ...env } };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

function succeed(command, args, options) {
  const { status, stdout, stderr } = run(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${status}:\n${stdout}${stderr}`);
  return stdout;
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'uring-package-'));
let packed;
beforeAll(() => {
  [packed] = JSON.parse(succeed('npm', ['pack', '--json', '--pack-destination', scratch], { cwd: root }));
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

/** A project in which npm has unpacked the package, and not yet run its install script. */
function unpacked() {
  const project = fs.mkdtempSync(path.join(scratch, 'project-'));
  const home = path.join(project, 'node_modules/uring');
  fs.mkdirSync(home, { recursive: true });
  succeed('tar', ['xf', path.join(scratch, packed.filename), '--strip-components=1', '-C', home], { cwd: project });
  return { project, home };
}

/** A folder for PATH with scripts that stand for programs. */
function programs(project, scripts) {
  const folder = path.join(project, 'programs');
  fs.mkdirSync(folder);
  for (const [name, script] of Object.entries(scripts)) {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

const install = (home, { PATH, before = [] }) =>
  run(process.execPath, [...before, 'scripts/install.js'], { cwd: home, env: { PATH } });

describe('the tarball', () => {
  test('has what it needs to run and to be built, and nothing else', () => {
    const folders = new Set(packed.files.map((file) => file.path.split('/')[0]));
    expect([...folders].sort()).toEqual([
      'CHANGELOG.md',
      'Cargo.lock',
      'Cargo.toml',
      'LICENSE',
      'README.md',
      'bin',
      'binding.d.ts',
      'binding.js',
      'build.rs',
      'index.d.mts',
      'index.d.ts',
      'index.js',
      'index.mjs',
      'lib',
      'package.json',
      'scripts',
      'src',
    ]);
    expect(packed.files.map((file) => file.path)).not.toContain(addon);
  });

  test('bears the same version as the crate and the addon', () => {
    const crate = /^version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'));
    expect(crate[1]).toBe(manifest.version);
    expect(fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${manifest.version}`);
    expect(require('..').version).toBe(manifest.version);
  });

  test('needs no other package', () => {
    expect(manifest.dependencies).toBeUndefined();
  });
});

describe('the install script says in one line what is missing:', () => {
  const rustc = (version) => `echo 'rustc ${version} (0123abcd 2025-01-01)'`;
  const wanted = /^rust-version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
  const fake = (property, value) => `data:text/javascript,Object.defineProperty(process,'${property}',{value:'${value}'})`;

  test.each([
    ['cargo', {}, [], /^uring: can't be installed: there is no cargo .* install Rust \S+ or newer .*\n$/],
    ['rustc', { cargo: '' }, [], /^uring: can't be installed: there is no working rustc .* install Rust .*\n$/],
    ['a newer rustc', { cargo: '', rustc: rustc('1.70.0') }, [], /: rustc 1\.70 is too old: install Rust .*\n$/],
    ['Linux', {}, ['--import', fake('platform', 'darwin')], /: it needs Linux, and this is darwin\n$/],
    ['a known CPU', {}, ['--import', fake('arch', 'riscv64')], /: it supports the CPUs x64 and arm64, .* riscv64\n$/],
    ['a linker', { cargo: '[ $1 = --version ]', rustc: rustc(`${wanted}.0`) }, [], /: cargo could not build it .*, and there is no C linker: .*\n$/],
    [
      'crates',
      { cargo: '[ $1 = --version ]', rustc: rustc(`${wanted}.0`), cc: '' },
      [],
      /: cargo could not build it \(its messages are above\)\n$/,
    ],
  ])('%s', (_what, scripts, before, line) => {
    const { project, home } = unpacked();
    const { status, stdout, stderr } = install(home, { PATH: programs(project, scripts), before });
    expect(stderr).toMatch(line);
    expect(stderr.split('\n')).toHaveLength(2);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});

describe('a prebuilt platform package', () => {
  function withPlatformPackage(version) {
    const { project, home } = unpacked();
    const folder = path.join(project, 'node_modules', platform);
    fs.mkdirSync(folder);
    fs.copyFileSync(path.join(root, addon), path.join(folder, addon));
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: platform, version, main: addon }));
    return { project, home, PATH: programs(project, {}) };
  }

  test('is taken, and nothing is built', () => {
    const { project, home, PATH } = withPlatformPackage(manifest.version);
    expect(install(home, { PATH })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(fs.readdirSync(home).filter((name) => name.endsWith('.node') || name === 'target')).toEqual([]);
    const print = 'console.log(typeof require("uring").copy)';
    expect(succeed(process.execPath, ['-e', print], { cwd: project })).toBe('function\n');
  });

  test('is not taken if it is of another version', () => {
    const { home, PATH } = withPlatformPackage('9.9.9');
    expect(install(home, { PATH }).stderr).toMatch(/there is no cargo/);
  });
});

test('a build in a project leaves the addon and no target directory', () => {
  const { project, home } = unpacked();
  const artifact = JSON.stringify({ reason: 'compiler-artifact', filenames: [`${home}/target/release/liburing.so`] });
  const PATH = programs(project, {
    cargo: `[ $1 = --version ] || { /bin/mkdir -p target/release; /bin/cp '${path.join(root, addon)}' target/release/liburing.so; echo '${artifact}'; }`,
    rustc: 'echo rustc 99.0.0',
  });
  expect(install(home, { PATH })).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(fs.readdirSync(home)).toContain(addon);
  expect(fs.readdirSync(home)).not.toContain('target');
  const again = install(home, { PATH: '' });
  expect(again).toEqual({ status: 0, stdout: '', stderr: '' });
});

describe('without an addon, the import says what to do', () => {
  const load = (project, ...before) => run(process.execPath, [...before, '-e', 'require("uring")'], { cwd: project });

  test('on Linux', () => {
    const { project, home } = unpacked();
    const message = `Error: uring has no native addon for linux-${process.arch} that loads: build it with: node ${home}/scripts/install.js`;
    expect(load(project).stderr).toContain(message);
  });

  test('elsewhere', () => {
    const { project } = unpacked();
    const elsewhere = "data:text/javascript,Object.defineProperty(process,'platform',{value:'darwin'})";
    expect(load(project, '--import', elsewhere).stderr).toContain('that loads: it works on Linux only');
  });
});

describe('npm install of the tarball into an empty project builds the source:', () => {
  // Dependencies are built once for all runs of this test, and nothing is optimised.
  const CARGO_TARGET_DIR = path.join(root, 'target/package-test');
  const build = { CARGO_TARGET_DIR, CARGO_PROFILE_RELEASE_OPT_LEVEL: '0', CARGO_PROFILE_RELEASE_LTO: 'off' };
  const tarball = () => path.join(scratch, packed.filename);
  let project;

  beforeAll(() => {
    project = fs.mkdtempSync(path.join(scratch, 'npm-'));
    // A npm that holds install scripts back wants to be told.
    const mine = { name: 'mine', version: '1.0.0', allowScripts: { [`file:${tarball()}`]: true } };
    fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify(mine));
    succeed('npm', ['install', '--no-audit', '--no-fund', tarball()], { cwd: project, env: build });
    fs.writeFileSync(path.join(project, 'a'), 'some bytes');
  }, 300_000);

  afterAll(() => {
    // Each run's crate lies at a path of its own, and its build would never be used again.
    const home = path.join(project, 'node_modules/uring');
    run('cargo', ['clean', '--release', '-p', 'uring', '--offline'], { cwd: home, env: build });
  });

  const script = (name, source) => {
    fs.writeFileSync(path.join(project, name), source);
    return succeed(process.execPath, [name], { cwd: project });
  };

  test('require()', () => {
    const source = "const uring = require('uring');\nuring.copy('a', 'b').then(console.log);\n";
    expect(script('require.js', source)).toBe('10\n');
    expect(fs.readFileSync(path.join(project, 'b'), 'utf8')).toBe('some bytes');
  });

  test('import', () => {
    const source =
      "import uring, { copy } from 'uring';\n" +
      "import * as all from 'uring';\n" +
      "console.log(await copy('a', 'c'), uring.copy === copy);\n" +
      'console.log(Object.keys(uring).every((name) => all[name] === uring[name]));\n';
    expect(script('import.mjs', source)).toBe('10 true\ntrue\n');
  });

  test('npx uring', () => {
    expect(succeed('npx', ['uring', '--version'], { cwd: project })).toBe(`${manifest.version}\n`);
    expect(succeed('npx', ['uring', 'cp', 'a', 'd'], { cwd: project })).toBe('');
    expect(fs.readFileSync(path.join(project, 'd'), 'utf8')).toBe('some bytes');
    const { status, stderr } = run('npx', ['uring', 'bench'], { cwd: project });
    expect(stderr).toContain('uring bench: the benchmark is in bench/ of the source');
    expect(status).toBe(1);
  });

  test('tsc --strict', () => {
    fs.symlinkSync(path.join(root, 'node_modules/@types'), path.join(project, 'node_modules/@types'));
    fs.copyFileSync(path.join(root, 'examples/types.ts'), path.join(project, 'example.mts'));
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    succeed(path.join(root, 'node_modules/.bin/tsc'), [...options, 'example.mts'], { cwd: project });
  });
});
