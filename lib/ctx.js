// UringCtx: one ring. What is regular comes from the table (operations.js); here are the life of a
// ring, reads into memory of its own, batches, submission by hand, and registration.

'use strict';

const native = require('../binding.js');
const check = require('./arguments.js');
const { Extras } = require('./extras.js');
const { UringError, errorFromNative } = require('./errors.js');
const { ByHand, Waiter, readPointer } = require('./by-hand.js');
const { startReadBatch, startReadOffsets } = require('./batch.js');
const { Chain, finishReadWrite, linkedMemory } = require('./chain.js');
const { native: calls } = require('./native.js');
const { Loan, allocate, take } = require('./memory.js');
const { LATER, Operations, startReadInto, startWrite } = require('./operations.js');
const { Pump } = require('./pump.js');
const { PUMP } = require('./pump-shared.js');
const { Copied, Filled } = require('./results.js');

const EINVAL = 22;
const EBUSY = 16;
const ENXIO = 6;
const LONGEST_READ = 0x7ffff000;
const MOST_ENTRIES = 32768;
const UINT32_MAX = 2 ** 32 - 1;

const SETUP = {
  SQPOLL: 1 << 1,
  SUBMIT_ALL: 1 << 7,
  COOP_TASKRUN: 1 << 8,
  TASKRUN_FLAG: 1 << 9,
  SINGLE_ISSUER: 1 << 12,
  DEFER_TASKRUN: 1 << 13,
};

// The fastest for one thread first (`setup flags` in bench/), then what older kernels take.
const DEFAULT_FLAGS = [
  SETUP.SINGLE_ISSUER | SETUP.COOP_TASKRUN | SETUP.TASKRUN_FLAG | SETUP.SUBMIT_ALL,
  SETUP.COOP_TASKRUN | SETUP.TASKRUN_FLAG | SETUP.SUBMIT_ALL,
  SETUP.SUBMIT_ALL,
  0,
];

const MANUAL =
  'see https://man7.org/linux/man-pages/man2/io_uring_setup.2.html and ' +
  'https://github.com/axboe/liburing for what each kernel takes';

const OPTIONS = [
  'entries',
  'cqEntries',
  'setupFlags',
  'sqThreadCpu',
  'sqThreadIdle',
  'singleThreadCheck',
  'maxWorkers',
];

function readOptions(given) {
  const options = check.options(given, OPTIONS);
  const number = (name, preset, min, max) =>
    options[name] === undefined ? preset : check.integer(options[name], `options.${name}`, min, max);
  const entries = number('entries', 64, 1, MOST_ENTRIES);
  return {
    entries,
    cqEntries: number('cqEntries', 0, entries, 2 * MOST_ENTRIES),
    flags: number('setupFlags', undefined, 0, UINT32_MAX),
    sqThreadCpu: number('sqThreadCpu', -1, -1, 2 ** 31 - 1),
    sqThreadIdle: number('sqThreadIdle', 0, 0, UINT32_MAX),
    maxWorkers: number('maxWorkers', 0, 1, UINT32_MAX),
    singleThreadCheck:
      options.singleThreadCheck === undefined
        ? true
        : check.boolean(options.singleThreadCheck, 'options.singleThreadCheck'),
  };
}

function openPump(setup) {
  const candidates = setup.flags === undefined ? DEFAULT_FLAGS : [setup.flags];
  let pump;
  for (const flags of candidates) {
    pump = new Pump({ ...setup, flags });
    if (pump.errno !== EINVAL) break;
  }
  if (pump.errno === 0) return pump;
  throw new UringError(pump.errno, 'UringCtx', { detail: whyRefused(pump.errno, setup.flags) });
}

function whyRefused(errno, flags) {
  if (errno === EINVAL && flags !== undefined) {
    const asked = `setupFlags 0x${flags.toString(16)}`;
    return `this kernel does not take ${asked} with these sizes; ${MANUAL}`;
  }
  const { reason, hint } = native.explainRefusal(errno);
  return `${reason}: ${hint}; ${MANUAL}`;
}

let hasWarned = false;

// A ring that was dropped is closed as soon as nothing is in flight.
const dropped = new FinalizationRegistry((pump) => {
  if (pump.closed) return;
  if (!hasWarned) {
    hasWarned = true;
    const text = 'A UringCtx was garbage collected without close(). Close it, or declare it with `using`.';
    process.emitWarning(text, { code: 'URING_UNCLOSED' });
  }
  pump.abandon();
});

class UringCtx extends Operations {
  #info;
  #mask;

  constructor(options) {
    super();
    const setup = readOptions(options);
    const pump = openPump(setup);
    const [ringFd, entries, cqEntries, setupFlags, features] = calls.info(pump.id);
    pump.mask = maskOf(pump);
    pump.later = LATER;
    pump.ringFd = ringFd;
    pump.entries = entries;
    Object.defineProperty(this, PUMP, { value: pump });
    this.#info = { ringFd, entries, cqEntries, setupFlags, features, ...pick(setup) };
    dropped.register(this, pump, pump);
  }

  /** A ring whose submissions a kernel thread picks up. */
  static withSqpoll(options) {
    return new this({ ...check.options(options, OPTIONS), setupFlags: SETUP.SQPOLL });
  }

  /** A ring whose completions run only when its thread asks for them. */
  static withDeferTaskrun(options) {
    const setupFlags = SETUP.SINGLE_ISSUER | SETUP.DEFER_TASKRUN;
    return new this({ ...check.options(options, OPTIONS), setupFlags });
  }

  get ringFd() {
    return this.#info.ringFd;
  }

  get entries() {
    return this.#info.entries;
  }

  get cqEntries() {
    return this.#info.cqEntries;
  }

  get setupFlags() {
    return this.#info.setupFlags;
  }

  get features() {
    return this.#info.features;
  }

  get singleThreadCheck() {
    return this.#info.singleThreadCheck;
  }

  get inFlight() {
    return this[PUMP].pending;
  }

  get closed() {
    return this[PUMP].closed;
  }

  // Life

  close() {
    dropped.unregister(this[PUMP]);
    this[PUMP].close();
  }

  drain() {
    return this[PUMP].drain();
  }

  ref() {
    this[PUMP].setRef(true);
    return this;
  }

  unref() {
    this[PUMP].setRef(false);
    return this;
  }

  hasRef() {
    return this[PUMP].isRef;
  }

  stats() {
    return this[PUMP].stats();
  }

  // Reading and writing, where the table's row is not enough

  read(fd, length, offset = 0, options) {
    const pump = this[PUMP];
    try {
      return pump.promise(startRead(pump, false, fd, length, offset, options), 'read');
    } catch (error) {
      return pump.rejected(error);
    }
  }

  readSync(fd, length, offset = 0, options) {
    const pump = this[PUMP];
    return pump.block(startRead(pump, true, fd, length, offset, options), 'read');
  }

  async readBatch(fd, blockSize, blocks, offset = 0) {
    return startReadBatch(this[PUMP], fd, blockSize, blocks, offset).promise();
  }

  readBatchSync(fd, blockSize, blocks, offset = 0) {
    return startReadBatch(this[PUMP], fd, blockSize, blocks, offset).block();
  }

  async readOffsets(fd, blockSize, offsets, options) {
    return startReadOffsets(this[PUMP], fd, blockSize, offsets, options).promise();
  }

  readOffsetsSync(fd, blockSize, offsets, options) {
    return startReadOffsets(this[PUMP], fd, blockSize, offsets, options).block();
  }

  // Chains

  async link(build, options) {
    return new Chain(this[PUMP], build, options, 'link').promise();
  }

  linkSync(build, options) {
    return new Chain(this[PUMP], build, options, 'link').block();
  }

  async linkReadWrite(fdIn, buffer, offIn, fdOut, offOut, options) {
    const loan = linkedMemory(this[PUMP], buffer);
    const [read, write] = await this.link(() => this.#readWrite(fdIn, loan, offIn, fdOut, offOut), options);
    const rest = finishReadWrite(loan, read, write);
    return rest === undefined ? write.value : this.write(fdOut, rest, offOut);
  }

  linkReadWriteSync(fdIn, buffer, offIn, fdOut, offOut, options) {
    const loan = linkedMemory(this[PUMP], buffer);
    const [read, write] = this.linkSync(() => this.#readWrite(fdIn, loan, offIn, fdOut, offOut), options);
    const rest = finishReadWrite(loan, read, write);
    return rest === undefined ? write.value : this.writeSync(fdOut, rest, offOut);
  }

  #readWrite(fdIn, { view }, offIn, fdOut, offOut) {
    this.readInto(fdIn, view, offIn);
    this.write(fdOut, view, offOut);
  }

  // By hand

  readAsync(fd, buf, offset = 0, userData = 0) {
    this.#queue('readAsync', startReadInto, false, fd, buf, offset, userData);
  }

  writeAsync(fd, data, offset = 0, userData = 0) {
    this.#queue('writeAsync', startWrite, true, fd, data, offset, userData);
  }

  readAsyncPtr(fd, ptr, length, offset = 0, userData = 0) {
    this.#queuePointer('readAsyncPtr', false, fd, ptr, length, offset, userData);
  }

  writeAsyncPtr(fd, ptr, length, offset = 0, userData = 0) {
    this.#queuePointer('writeAsyncPtr', true, fd, ptr, length, offset, userData);
  }

  #queue(name, start, writes, fd, memory, offset, userData) {
    const pump = this[PUMP];
    pump.open(name);
    check.userData(userData);
    if (Array.isArray(memory)) {
      const [ptr, length] = readPointer(memory, writes ? 'data' : 'buf');
      return this.#queuePointer(name, writes, fd, ptr, length, offset, userData);
    }
    pump.checkName(userData);
    new ByHand(pump, userData, true).attach(start(pump, true, fd, memory, offset));
  }

  #queuePointer(name, writes, fd, ptr, length, offset, userData) {
    const pump = this[PUMP];
    pump.open(name);
    check.fd(fd);
    check.int64(ptr, 'ptr', 0n, 2n ** 64n - 1n);
    check.integer(length, 'length', 0, UINT32_MAX);
    check.offset(offset);
    check.userData(userData);
    const ticket = pump.ticket();
    const refused = calls.queuePointer(pump.id, ticket, writes, fd, ptr, length, offset);
    if (refused !== undefined) pump.refuse(ticket, refused, name);
    new ByHand(pump, userData, false).attach(ticket);
  }

  submit() {
    const pump = this[PUMP];
    pump.open('submit');
    return pump.submit();
  }

  async submitAndWait(waitNr = 1, options) {
    const pump = this[PUMP];
    pump.open('submitAndWait');
    check.integer(waitNr, 'waitNr', 0, UINT32_MAX);
    const submitted = pump.submit();
    await new Waiter(pump, waitNr, () => undefined, options).promise;
    return submitted;
  }

  submitAndWaitSync(waitNr = 1) {
    const pump = this[PUMP];
    pump.open('submitAndWait');
    check.integer(waitNr, 'waitNr', 0, UINT32_MAX);
    const submitted = pump.submit();
    while (pump.completions.length < waitNr) pump.blockForAny('submitAndWait');
    return submitted;
  }

  async waitCompletion(options) {
    this[PUMP].open('waitCompletion');
    return new Waiter(this[PUMP], 1, (completions) => completions.shift(), options).promise;
  }

  waitCompletionSync() {
    const pump = this[PUMP];
    pump.open('waitCompletion');
    while (pump.completions.length === 0) pump.blockForAny('waitCompletion');
    return pump.completions.shift();
  }

  peekCompletion() {
    const pump = this[PUMP];
    pump.open('peekCompletion');
    if (pump.completions.length === 0) pump.collect();
    return pump.completions.length === 0 ? null : pump.completions.shift();
  }

  // Registration

  registerFiles(fds) {
    const pump = this[PUMP];
    pump.open('registerFiles');
    refuse(calls.registerFiles(pump.id, check.descriptors(fds, 'fds')), 'registerFiles');
  }

  unregisterFiles() {
    const pump = this[PUMP];
    pump.open('unregisterFiles');
    refuse(calls.registerFiles(pump.id, new Int32Array(0)), 'unregisterFiles');
  }

  registerBuffers(buffers) {
    const pump = this[PUMP];
    pump.open('registerBuffers');
    if (!Array.isArray(buffers)) throw check.invalidArgType('buffers', 'an instance of Array', buffers);
    if (buffers.length === 0) throw check.invalidArgValue('buffers', 'must not be empty', buffers);
    const sources = Array.from(buffers, (buffer, index) => {
      const source = check.bufferToFill(buffer, `buffers[${index}]`);
      if (source.length > 0) return source;
      throw check.invalidArgValue(`buffers[${index}]`, 'must not be empty', buffer);
    });
    if (pump.buffers.length > 0) {
      throw new UringError(EBUSY, 'registerBuffers', { detail: 'buffers are registered already' });
    }
    // A caller's own memory is never lent to the kernel: pages of ours stand in for it.
    const entries = sources.map((source) => {
      const isOurs = calls.isLent(source) >= 0;
      return { source, memory: isOurs ? source : allocate(source.length) };
    });
    const memory = entries.map((entry) => entry.memory);
    refuse(calls.registerBuffers(pump.id, memory), 'registerBuffers');
    pump.buffers = entries;
  }

  unregisterBuffers() {
    const pump = this[PUMP];
    pump.open('unregisterBuffers');
    if (pump.buffers.length === 0) throw new UringError(ENXIO, 'unregisterBuffers');
    refuse(calls.registerBuffers(pump.id, []), 'unregisterBuffers');
    pump.buffers = [];
  }

  // Probe

  probeSupportedMask() {
    const pump = this[PUMP];
    pump.open('probeSupportedMask');
    if (this.#mask === undefined) {
      const mask = calls.probe(pump.id);
      if (typeof mask === 'number') throw errorFromNative(mask, 'probeSupportedMask');
      this.#mask = mask;
    }
    return Buffer.from(this.#mask);
  }

  probeLastOp() {
    return this.probeSupportedMask().length - 1;
  }

  probeOpcodeSupported(op) {
    check.integer(op, 'op', 0, 255);
    return this.probeSupportedMask()[op] === 1;
  }
}

// Node 20 has the symbols only as its own.
if (Symbol.dispose !== undefined) {
  UringCtx.prototype[Symbol.dispose] = function dispose() {
    this.close();
  };
}
if (Symbol.asyncDispose !== undefined) {
  UringCtx.prototype[Symbol.asyncDispose] = async function disposeAsync() {
    if (!this.closed) await this.drain();
    this.close();
  };
}

let kernelMask;

/** Which opcodes the kernel has: one answer for the process. A kernel that can't tell may have any. */
function maskOf(pump) {
  if (kernelMask === undefined) {
    const mask = calls.probe(pump.id);
    kernelMask = typeof mask === 'number' ? new Uint8Array(256).fill(1) : mask;
  }
  return kernelMask;
}

const pick = ({ singleThreadCheck }) => ({ singleThreadCheck });

function refuse(result, name) {
  if (result < 0) throw errorFromNative(result, name);
}

function startRead(pump, blocking, fd, length, offset, options) {
  pump.open('read');
  check.integer(length, 'length', 0, LONGEST_READ);
  const loan = blocking ? new Loan(length) : undefined;
  const memory = blocking ? loan.view : take(length);
  const ticket = startReadInto(pump, blocking, fd, memory, offset, options);
  const value = blocking ? new Copied(loan) : new Filled(memory);
  const extras = pump.values[ticket];
  if (extras instanceof Extras) extras.wrap('read', value);
  else pump.values[ticket] = value;
  return ticket;
}

module.exports = { UringCtx };
