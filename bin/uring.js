#!/usr/bin/env node
// The command line: finds the command, checks its arguments, and turns what comes of it into one line
// and an exit status: 0, 1 for a failure, 2 for bad usage, 128 + the signal's number for a signal.
// It is a user of the public API like any other.

'use strict';

const os = require('node:os');
const { parseArgs } = require('node:util');

const { version } = require('../package.json');
const { UsageError, commands } = require('./commands.js');

const EVERYWHERE = { help: { type: 'boolean' }, version: { type: 'boolean' } };

const HELP = `Usage: uring COMMAND [ARGUMENTS]

${Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`).join('\n')}

uring COMMAND --help says more. uring --version prints the version.
`;

async function main([name, ...args]) {
  if (name === '--help') return process.stdout.write(HELP);
  if (name === '--version') return process.stdout.write(`${version}\n`);
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  try {
    if (name === undefined) throw new UsageError('no command');
    if (command === undefined) throw new UsageError(`no command '${name}'`);
    await run(command, args);
  } catch (error) {
    fail(command === undefined ? 'uring' : `uring ${name}`, error);
  }
}

async function run(command, args) {
  const { values, positionals } = parse(command, args);
  if (values.help) return process.stdout.write(command.help);
  if (values.version) return process.stdout.write(`${version}\n`);
  if (!command.passesOn && positionals.length !== command.positionals.length) {
    throw new UsageError(`expected ${command.positionals.join(' ') || 'no arguments'}`);
  }
  for (const [option, { choices }] of Object.entries(command.options)) {
    if (choices && values[option] !== undefined && !choices.includes(values[option])) {
      throw new UsageError(`--${option} is one of ${choices.join(', ')}, not '${values[option]}'`);
    }
  }
  return stoppedBySignals((signal) => command.run(positionals, values, signal));
}

function parse({ options, passesOn }, args) {
  if (passesOn) return { values: { help: args[0] === '--help' }, positionals: args };
  try {
    return parseArgs({ args, options: { ...options, ...EVERYWHERE }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0]);
  }
}

/**
 * A signal asks the work to end and clean up; after a second of that, another ends the process at
 * once. Not sooner: npx passes on a Ctrl-C that the terminal has sent to both already.
 */
async function stoppedBySignals(work) {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const letGo = () => signals.forEach((name) => process.removeListener(name, stop));
  const stop = (name) => {
    if (controller.signal.aborted) return;
    controller.abort(new Stopped(name));
    setTimeout(letGo, 1000).unref();
  };
  signals.forEach((name) => process.on(name, stop));
  try {
    await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    letGo();
  }
}

class Stopped extends Error {
  constructor(name) {
    super(name);
    this.status = 128 + os.constants.signals[name];
  }
}

function fail(who, error) {
  if (error instanceof Stopped) {
    process.exitCode = error.status;
  } else if (isUsage(error)) {
    process.exitCode = 2;
    console.error(`${who}: ${error.message}. Try '${who} --help'.`);
  } else {
    process.exitCode = 1;
    console.error(`${who}: ${error?.message ?? error}`);
  }
}

/** What the command line lets through, such as a size beyond all files, the API may still refuse. */
function isUsage(error) {
  return error instanceof UsageError || error?.code === 'ERR_OUT_OF_RANGE';
}

// A reader that had enough, as in `uring probe | head`, is no failure.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

main(process.argv.slice(2));
