// The command line as a user meets it: exit statuses, what is printed where, signals, the terminal.

'use strict';

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { version } = require('../package.json');
const { startProgress } = require('../bin/progress.js');

const program = path.join(__dirname, '../bin/uring.js');
const MIB = 1 << 20;

let folder;
const children = [];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'uring-cli-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true });
});

function uring(args, env = {}) {
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { status, stdout, stderr };
}

const file = (name) => path.join(folder, name);
const bytes = Buffer.alloc(3 * MIB + 1, 'some bytes ');
const silence = { status: 0, stdout: '', stderr: '' };

describe('usage', () => {
  test.each([
    [[], 'uring: no command'],
    [['frobnicate'], "uring: no command 'frobnicate'"],
    [['toString'], "uring: no command 'toString'"],
    [['cp'], 'uring cp: expected SRC DST'],
    [['cp', 'a'], 'uring cp: expected SRC DST'],
    [['cp', 'a', 'b', 'c'], 'uring cp: expected SRC DST'],
    [['cp', 'a', 'b', '--unknown'], "uring cp: Unknown option '--unknown'"],
    [['cp', 'a', 'b', '--mode'], "uring cp: Option '--mode <value>' argument missing"],
    [['cp', 'a', 'b', '--mode', 'x'], "uring cp: --mode is one of auto, safe, fast, not 'x'"],
    [['cp', 'a', 'b', '--reflink', 'x'], "uring cp: --reflink is one of auto, always, never, not 'x'"],
    [['write', 'a'], 'uring write: expected --mb N'],
    [['write', '--mb', '1'], 'uring write: expected DST'],
    ...['0', '-1', '1.5', 'x', ''].map((mb) => [
      ['write', 'a', `--mb=${mb}`],
      `uring write: --mb is a whole number from 1, not '${mb}'`,
    ]),
    [['write', 'a', '--mb', '9999999999'], 'Received 9_999_999_999'],
    [['probe', 'a'], 'uring probe: expected no arguments'],
  ])('%j is told what is wrong with it', (args, message) => {
    const { status, stdout, stderr } = uring(args);
    expect(stderr).toMatch(/^[^\n]+ Try 'uring( \w+)? --help'\.\n$/);
    expect(stderr).toContain(`${message}. Try`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test.each([[[]], [['cp']], [['write']], [['probe']], [['bench']]])('%j --help', (command) => {
    const { status, stdout, stderr } = uring([...command, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: ${['uring', ...command].join(' ')}`));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each([[[]], [['cp']], [['write']], [['probe']]])('%j --version', (command) => {
    expect(uring([...command, '--version'])).toEqual({ ...silence, stdout: `${version}\n` });
  });
});

describe('cp', () => {
  beforeEach(() => fs.writeFileSync(file('a'), bytes));

  test.each([
    [[]],
    [['--fsync', '--mode', 'safe', '--reflink', 'never', '--atomic']],
  ])('copies, and says nothing in a pipe: %j', (options) => {
    expect(uring(['cp', 'a', 'b', ...options])).toEqual(silence);
    expect(fs.readFileSync(file('b')).equals(bytes)).toBe(true);
    expect(fs.readdirSync(folder)).toEqual(['a', 'b']);
  });

  test('copies into a directory', () => {
    fs.mkdirSync(file('d'));
    expect(uring(['cp', 'a', 'd'])).toEqual(silence);
    expect(fs.readFileSync(file('d/a')).equals(bytes)).toBe(true);
  });

  test('takes a name that begins with a dash after --', () => {
    expect(uring(['cp', '--', 'a', '-b'])).toEqual(silence);
    expect(fs.readdirSync(folder)).toEqual(['-b', 'a']);
  });

  test.each([
    ['missing', 'b', "ENOENT: no such file or directory, copy 'missing' -> 'b'"],
    ['.', 'b', 'EISDIR'],
    ['a', 'a', 'EINVAL'],
    ['a', 'missing/b', 'ENOENT'],
    ['a', 'a/', 'EISDIR'],
  ])('%s to %s fails with one line', (src, dst, message) => {
    const { status, stdout, stderr } = uring(['cp', src, dst]);
    expect(stderr).toMatch(/^uring cp: [^\n]+\n$/);
    expect(stderr).toContain(`uring cp: ${message}`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(fs.readdirSync(folder)).toEqual(['a']);
  });
});

test('write fills a file of the size asked for', () => {
  expect(uring(['write', 'a', '--mb', '2', '--mode', 'fast', '--fsync'])).toEqual(silence);
  expect(fs.statSync(file('a')).size).toBe(2 * MIB);
});

describe('probe', () => {
  test('lists what the kernel has, or says why not', () => {
    const { status, stdout, stderr } = uring(['probe']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`kernel     Linux ${os.release()} ${os.arch()}\n`);
    expect(stdout).toMatch(/^io_uring {3}yes\n\n(?:.*\n)* 22 {2}IORING_OP_READ +yes\n|^io_uring {3}no: .+\nremedy {5}.+\n/m);
  });

  test('gives the reason and the remedy where there is no ring', () => {
    const { status, stdout } = uring(['probe'], { URING_FALLBACK: '1' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^io_uring {3}no: .*URING_FALLBACK/m);
    expect(stdout).toMatch(/^remedy {5}.+/m);
  });

  test('stands a reader that leaves', () => {
    const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${program}" probe | head -1`]);
    expect(stderr.toString()).toBe('');
  });
});

test('bench runs the benchmark of the clone with the arguments given', () => {
  const { status, stdout } = uring(['bench', '--list', 'write']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^write: /);
});

describe('a signal', () => {
  beforeEach(() => {
    execFileSync('mkfifo', [file('fifo')]);
    // A source that has given something and stays open: there is always a copy to interrupt.
    start('sh', ['-c', 'exec 3>fifo; echo begun >&3; exec sleep 60']);
  });

  async function interrupted(signal, args) {
    const child = start(process.execPath, [program, 'cp', 'fifo', ...args]);
    let printed = '';
    child.stderr.on('data', (chunk) => (printed += chunk));
    const wanted = () => fs.readdirSync(folder).some((name) => name !== 'fifo' && size(name) === 6);
    await until(wanted);
    child.kill(signal);
    const status = await new Promise((resolve) => child.on('exit', resolve));
    return { status, printed };
  }

  const size = (name) => fs.statSync(file(name), { throwIfNoEntry: false })?.size;

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('%s leaves no partial file and exits %i', async (signal, status) => {
    expect(await interrupted(signal, ['b'])).toEqual({ status, printed: '' });
    expect(fs.readdirSync(folder)).toEqual(['fifo']);
  });

  test('leaves no partial file under the name of an old one', async () => {
    fs.writeFileSync(file('b'), 'what was here before');
    expect(await interrupted('SIGINT', ['b'])).toEqual({ status: 130, printed: '' });
    expect(fs.readdirSync(folder)).toEqual(['fifo']);
  });

  test('leaves the old file alone with --atomic', async () => {
    fs.writeFileSync(file('b'), 'what was here before');
    expect(await interrupted('SIGINT', ['b', '--atomic'])).toEqual({ status: 130, printed: '' });
    expect(fs.readFileSync(file('b'), 'utf8')).toBe('what was here before');
    expect(fs.readdirSync(folder)).toEqual(['b', 'fifo']);
  });

  test('Ctrl-C on a terminal', async () => {
    const terminal = onTerminal(['cp', 'fifo', 'b']);
    await until(() => size('b') === 6);
    terminal.child.stdin.write('\x03');
    expect(await terminal.status).toBe(130);
    expect(fs.readdirSync(folder)).toEqual(['fifo']);
  });
});

describe('the progress bar', () => {
  test('is drawn on a terminal', async () => {
    fs.writeFileSync(file('a'), bytes);
    const terminal = onTerminal(['cp', 'a', 'b']);
    expect(await terminal.status).toBe(0);
    expect(terminal.printed()).toMatch(/100% {2}3\.0 MiB in \d+\.\d s, [\d.]+ [KMG]iB\/s\r\n$/);
  });

  test('gives way to the message of a failure', async () => {
    const terminal = onTerminal(['cp', 'missing', 'b']);
    expect(await terminal.status).toBe(1);
    expect(terminal.printed()).toMatch(/\r\x1b\[Kuring cp: ENOENT: [^\n]*\n$/); // eslint-disable-line no-control-regex
  });

  describe('line by line', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    function screen(columns) {
      const lines = [];
      return { isTTY: true, columns, lines, write: (text) => lines.push(text.replace('\r\x1b[K', '')) };
    }

    test('shows percent, bytes, rate and time left, ten times a second at most', () => {
      const stream = screen(80);
      const progress = startProgress(stream);
      for (let done = 0; done <= 100; done += 1) {
        progress.update(done * MIB, 1024 * MIB);
        jest.advanceTimersByTime(10);
      }
      expect(stream.lines).toHaveLength(10);
      expect(stream.lines.at(-1)).toBe('  9% [==                       ]   99.0 MiB of 1.0 GiB   99.0 MiB/s  0:10 left');
      progress.update(1024 * MIB, 1024 * MIB);
      jest.advanceTimersByTime(100);
      expect(stream.lines.at(-1)).toContain('syncing');
      progress.finish();
      expect(stream.lines.at(-1)).toBe('100%  1.0 GiB in 1.1 s, 922.5 MiB/s\n');
    });

    test('never fills the line, and does without a bar on a narrow terminal', () => {
      for (const columns of [20, 40, 60, 200]) {
        const stream = screen(columns);
        const progress = startProgress(stream);
        progress.update(MIB, 4 * MIB);
        jest.advanceTimersByTime(100);
        progress.clear();
        expect(stream.lines[0].length).toBeLessThan(columns);
        expect(stream.lines[0].includes('[')).toBe(columns >= 60);
      }
    });

    test('shows bytes and rate while the length is unknown', () => {
      const stream = screen(80);
      const progress = startProgress(stream);
      progress.update(3 * MIB, 0);
      jest.advanceTimersByTime(1000);
      progress.clear();
      expect(stream.lines.at(-2)).toBe('3.0 MiB  3.0 MiB/s');
    });

    test('is nothing but on a terminal', () => {
      expect(startProgress({ isTTY: false })).toBeNull();
    });
  });
});

/** A process that does not outlive its test. */
function start(command, args, env = {}) {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env } });
  children.push(child);
  return child;
}

/** Runs the program on a pseudo-terminal, which script(1) makes. */
function onTerminal(args) {
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
  const child = start('script', ['-qec', command, '/dev/null'], { TERM: 'xterm' });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  const status = new Promise((resolve) => child.on('close', resolve));
  return { child, status, printed: () => printed };
}

async function until(condition) {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come about in ten seconds');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
