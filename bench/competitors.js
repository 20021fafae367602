// How a competitor takes a turn. There are three kinds, and each is timed in one way:
//
//   process   a command, from spawn to exit, so its start is part of it, as for who types it
//   inside    work in a process that has long been running (Node, Bun, Python, or the engine as a
//             plain Rust program), timed there: only the work
//   measured  a fresh process that prints one figure of its own, such as its peak memory
//
// A competitor is { kind, missing(), start(context) }; start() gives { sample(), stop() }. Arguments
// are a function of the row's context, since the paths are not known before.

'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { isInstalled } = require('./scratch.js');

const root = path.join(__dirname, '..');
const PEERS = path.join(__dirname, 'peers');

function exitOf(child, name) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} ended with ${signal ?? code}`));
    });
  });
}

/** A whole process, timed from spawn to exit. */
function command(file, argumentsOf) {
  return {
    kind: 'process',
    missing: () => (isInstalled(file) ? null : `${path.basename(file)} is not installed`),
    start(context) {
      const args = argumentsOf(context);
      const sample = async () => {
        const begin = process.hrtime.bigint();
        await exitOf(spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] }), file);
        return Number(process.hrtime.bigint() - begin) / 1e9;
      };
      return { sample };
    },
  };
}

const node = (script, argumentsOf) =>
  command(process.execPath, (context) => ['-e', script, root, ...argumentsOf(context)]);

/**
 * A task of a process that keeps running. It reads `task<TAB>argument...` a line, and answers with
 * the seconds that the work took, or with `error: ` and what went wrong.
 */
function peer({ missing, file, args, env }, task, argumentsOf) {
  return {
    kind: 'inside',
    missing,
    start(context) {
      const child = spawn(file(), args, {
        env: { ...process.env, ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = exitOf(child, file());
      ended.catch(() => {});
      const answers = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const line = [task, ...argumentsOf(context)].join('\t');
      const sample = async () => {
        child.stdin.write(`${line}\n`);
        const { value } = await Promise.race([answers.next(), ended.then(() => ({}))]);
        const seconds = Number(value);
        if (!(seconds >= 0)) throw new Error(`${task}: ${value ?? 'the process ended'}`);
        return seconds;
      };
      const stop = () => {
        child.stdin.end();
        return ended;
      };
      return { sample, stop };
    },
  };
}

const here = () => null;
const NODE = { missing: here, file: () => process.execPath, args: [path.join(PEERS, 'peer.js')] };
const NODE_URING = { ...NODE, env: { UV_USE_IO_URING: '1' } };

function bunFile() {
  const name = `@oven/bun-linux-${process.arch}/bin/bun`;
  const installed = path.join(__dirname, 'node_modules', name);
  if (fs.existsSync(installed)) return installed;
  return isInstalled('bun') ? 'bun' : null;
}
const BUN = {
  missing: () => (bunFile() === null ? 'Bun is not installed: npm install in bench/' : null),
  file: bunFile,
  args: [path.join(PEERS, 'peer.js')],
};

const python = () => process.env.PYURING_PYTHON ?? 'python3';
const PYURING = {
  missing: () =>
    spawnSync(python(), ['-c', 'import pyuring']).status === 0
      ? null
      : 'pyuring is not installed: PYURING_PYTHON names a python that has it',
  file: python,
  args: [path.join(PEERS, 'pyuring_peer.py')],
};

const target = () => process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
const example = (name) => ({
  missing() {
    // Built anew each time, since a stale one would be the wrong limit; nothing to do is fast.
    const args = ['build', '--quiet', '--release', '--example', name];
    const build = spawnSync('cargo', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return build.status === 0 ? null : `it needs cargo: cargo build --release --example ${name}`;
  },
  file: () => path.join(target(), 'release/examples', name),
  args: [],
});
const ENGINE = example('engine');
const LIMIT = example('limit');

/** A fresh process for each sample; `figureOf` finds the figure in what it prints. */
function printed({ missing, file, argumentsOf, figureOf = Number }) {
  return {
    kind: 'measured',
    missing,
    start(context) {
      const args = argumentsOf(context);
      const sample = async () => {
        const child = spawn(file(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
        const ended = exitOf(child, path.basename(file()));
        let text = '';
        for await (const chunk of child.stdout) text += chunk;
        await ended;
        return figureOf(text);
      };
      return { sample };
    },
  };
}

/** A script of peers/ that prints one number. */
const measured = (script, argumentsOf) =>
  printed({
    missing: here,
    file: () => process.execPath,
    argumentsOf: (context) => [path.join(PEERS, script), ...argumentsOf(context)],
  });

/** The limit of reads: io_uring without JavaScript, limit.rs. */
const limit = (argumentsOf) =>
  printed({ ...LIMIT, argumentsOf, figureOf: (text) => JSON.parse(text).seconds });

/** fio, which draws offsets of its own: the seconds that `reads` take at its speed. */
const fio = (reads, argumentsOf) =>
  printed({
    missing: () => (isInstalled('fio') ? null : 'fio is not installed'),
    file: () => 'fio',
    argumentsOf,
    figureOf(text) {
      const { runtime, total_ios: done } = JSON.parse(text).jobs[0].read;
      return (runtime / 1000 / done) * reads;
    },
  });

module.exports = {
  BUN,
  ENGINE,
  NODE,
  NODE_URING,
  PYURING,
  bunFile,
  command,
  fio,
  limit,
  measured,
  node,
  peer,
  python,
};
