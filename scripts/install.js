// Gives the package its native addon when npm installs it. In a user's project a prebuilt platform
// package is taken if there is one; otherwise, and always in a clone, cargo builds the shipped
// source. Runs before anything else is installed, so it needs nothing but Node and Rust.

'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const CPUS = ['x64', 'arm64'];

/** What the user lacks or has wrong: told in one line, without a stack. */
class Missing extends Error {}

function install() {
  checkPlatform();
  const inUsersProject = root.split(path.sep).includes('node_modules');
  if (inUsersProject && loads()) return;
  checkRust();
  place(build());
  if (inUsersProject) fs.rmSync(path.join(root, 'target'), { recursive: true, force: true });
}

function checkPlatform() {
  if (process.platform !== 'linux') throw new Missing(`it needs Linux, and this is ${process.platform}`);
  if (!CPUS.includes(process.arch)) {
    throw new Missing(`it supports the CPUs ${CPUS.join(' and ')}, and this is ${process.arch}`);
  }
}

/** Whether the loader finds an addon of this very version: a platform package or an earlier build. */
function loads() {
  process.env.NAPI_RS_ENFORCE_VERSION_CHECK = '1';
  try {
    require('../binding.js');
    return true;
  } catch {
    return false;
  }
}

function checkRust() {
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
  const [, wanted] = /^rust-version = "(.+)"$/m.exec(manifest);
  const remedy = `install Rust ${wanted} or newer (https://rustup.rs)`;
  if (run('cargo', ['--version']).error) throw new Missing(`there is no cargo to build it with: ${remedy}`);
  const [, found] = /^rustc (\d+\.\d+)/.exec(run('rustc', ['--version']).stdout ?? '') ?? [];
  if (!found) throw new Missing(`there is no working rustc to build it with: ${remedy}`);
  if (isOlder(found, wanted)) throw new Missing(`rustc ${found} is too old: ${remedy}`);
}

function isOlder(found, wanted) {
  const [major, minor] = found.split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** Builds the addon and returns the path of the library: cargo's settings may put it anywhere. */
function build() {
  const env = { ...process.env };
  // A musl toolchain links statically by default, and then can make no shared library.
  if (isMusl()) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`.trim();
  const args = ['build', '--release', '--locked', '--message-format=json-render-diagnostics'];
  const cargo = run('cargo', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  if (cargo.status !== 0) {
    const linker = run('cc', ['--version']).error ? ', and there is no C linker: install gcc or clang' : '';
    throw new Missing(`cargo could not build it (its messages are above)${linker}`);
  }
  const artifacts = cargo.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const files = artifacts.flatMap((artifact) => artifact.filenames ?? []);
  return files.find((file) => path.basename(file) === 'liburing.so');
}

/** Puts the library where binding.js looks for it. */
function place(library) {
  const abi = isMusl() ? 'musl' : 'gnu';
  const addon = path.join(root, `uring.linux-${process.arch}-${abi}.node`);
  const built = fs.readFileSync(library);
  if (fs.existsSync(addon) && built.equals(fs.readFileSync(addon))) return;
  // Renamed into place: a process that has the old one mapped would crash if it changed underneath.
  const temporary = `${addon}.${process.pid}`;
  fs.writeFileSync(temporary, built);
  fs.renameSync(temporary, addon);
}

function isMusl() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}

function run(command, args, options) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
}

try {
  install();
} catch (error) {
  console.error(`uring: can't be installed: ${error instanceof Missing ? error.message : error}`);
  process.exitCode = 1;
}
