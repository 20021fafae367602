// Failures of the kernel: `UringError`, what its errnos are called, and how an error that is made
// when an operation ends shows the line that began it. Mistakes of the caller are in arguments.js.

'use strict';

const { fileURLToPath } = require('node:url');
const util = require('node:util');

const EINVAL = 22;
const EOPNOTSUPP = 95;

// What libuv has no name for, or (95) a name and a text that mislead: its "on socket" would come
// from any file. Numbers of asm-generic, which every supported architecture shares.
const LINUX_ERRNOS = {
  8: ['ENOEXEC', 'exec format error'],
  10: ['ECHILD', 'no child processes'],
  15: ['ENOTBLK', 'block device required'],
  33: ['EDOM', 'numerical argument out of domain'],
  35: ['EDEADLK', 'resource deadlock avoided'],
  37: ['ENOLCK', 'no locks available'],
  42: ['ENOMSG', 'no message of desired type'],
  43: ['EIDRM', 'identifier removed'],
  44: ['ECHRNG', 'channel number out of range'],
  45: ['EL2NSYNC', 'level 2 not synchronized'],
  46: ['EL3HLT', 'level 3 halted'],
  47: ['EL3RST', 'level 3 reset'],
  48: ['ELNRNG', 'link number out of range'],
  49: ['EUNATCH', 'protocol driver not attached'],
  50: ['ENOCSI', 'no CSI structure available'],
  51: ['EL2HLT', 'level 2 halted'],
  52: ['EBADE', 'invalid exchange'],
  53: ['EBADR', 'invalid request descriptor'],
  54: ['EXFULL', 'exchange full'],
  55: ['ENOANO', 'no anode'],
  56: ['EBADRQC', 'invalid request code'],
  57: ['EBADSLT', 'invalid slot'],
  59: ['EBFONT', 'bad font file format'],
  60: ['ENOSTR', 'device not a stream'],
  61: ['ENODATA', 'no data available'],
  62: ['ETIME', 'timer expired'],
  63: ['ENOSR', 'out of streams resources'],
  65: ['ENOPKG', 'package not installed'],
  66: ['EREMOTE', 'object is remote'],
  67: ['ENOLINK', 'link has been severed'],
  68: ['EADV', 'advertise error'],
  69: ['ESRMNT', 'srmount error'],
  70: ['ECOMM', 'communication error on send'],
  72: ['EMULTIHOP', 'multihop attempted'],
  73: ['EDOTDOT', 'RFS specific error'],
  74: ['EBADMSG', 'bad message'],
  76: ['ENOTUNIQ', 'name not unique on network'],
  77: ['EBADFD', 'file descriptor in bad state'],
  78: ['EREMCHG', 'remote address changed'],
  79: ['ELIBACC', 'cannot access a needed shared library'],
  80: ['ELIBBAD', 'accessing a corrupted shared library'],
  81: ['ELIBSCN', '.lib section in a.out corrupted'],
  82: ['ELIBMAX', 'attempting to link in too many shared libraries'],
  83: ['ELIBEXEC', 'cannot exec a shared library directly'],
  85: ['ERESTART', 'interrupted system call should be restarted'],
  86: ['ESTRPIPE', 'streams pipe error'],
  87: ['EUSERS', 'too many users'],
  95: ['EOPNOTSUPP', 'operation not supported'],
  96: ['EPFNOSUPPORT', 'protocol family not supported'],
  102: ['ENETRESET', 'network dropped connection on reset'],
  109: ['ETOOMANYREFS', 'too many references: cannot splice'],
  115: ['EINPROGRESS', 'operation now in progress'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  118: ['ENOTNAM', 'not a XENIX named type file'],
  119: ['ENAVAIL', 'no XENIX semaphores available'],
  120: ['EISNAM', 'is a named type file'],
  122: ['EDQUOT', 'disk quota exceeded'],
  123: ['ENOMEDIUM', 'no medium found'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
  126: ['ENOKEY', 'required key not available'],
  127: ['EKEYEXPIRED', 'key has expired'],
  128: ['EKEYREVOKED', 'key has been revoked'],
  129: ['EKEYREJECTED', 'key was rejected by service'],
  130: ['EOWNERDEAD', 'owner died'],
  131: ['ENOTRECOVERABLE', 'state not recoverable'],
  132: ['ERFKILL', 'operation not possible due to RF-kill'],
  133: ['EHWPOISON', 'memory page has hardware error'],
  // Never meant for user space, and yet filesystems leak it.
  524: ['ENOTSUPP', 'operation is not supported'],
};

// Read at the first failure: the map is built anew at every call, and most programs need none.
let names;

/** The name and the text of an errno: `[ 'ENOENT', 'no such file or directory' ]`. */
function describeErrno(errno) {
  if (names === undefined) {
    names = new Map();
    const libuv = util.getSystemErrorMap?.() ?? [];
    for (const [negative, nameAndText] of libuv) names.set(-negative, nameAndText);
    for (const [number, nameAndText] of Object.entries(LINUX_ERRNOS)) {
      names.set(Number(number), nameAndText);
    }
  }
  return names.get(errno) ?? nameWithoutText(errno);
}

function nameWithoutText(errno) {
  const { errno: numbers } = require('node:os').constants;
  const name = Object.keys(numbers).find((key) => numbers[key] === errno);
  return name === undefined ? ['UNKNOWN', `unknown error ${errno}`] : [name, `error ${errno}`];
}

// A path in a message is text, whatever it came as; bytes that are not UTF-8 lose nothing by it,
// since the error only names the file.
function pathText(path) {
  if (typeof path === 'string') return path;
  if (ArrayBuffer.isView(path)) {
    if (path.byteLength === 0) return '';
    return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString();
  }
  return path.protocol === 'file:' ? fileURLToPath(path) : textOf(path);
}

/** Anything as text, also what refuses to be. */
function textOf(value) {
  try {
    return String(value);
  } catch {
    return `a ${typeof value}`;
  }
}

function messageOf(code, text, { operation, path, dest, detail }) {
  let message = `${code}: ${text}`;
  if (operation !== undefined) message += `, ${textOf(operation)}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  if (detail !== null) message += ` [${textOf(detail)}]`;
  return message;
}

/** The kernel, or the ring, said no. */
class UringError extends Error {
  constructor(errno, operation, given) {
    const info = given ?? {};
    const number = Number.isInteger(errno) && errno > 0 ? errno : EINVAL;
    const [code, text] = describeErrno(number);
    const detail = info.detail ?? null;
    const path = info.path == null ? undefined : pathText(info.path);
    const dest = info.dest == null ? undefined : pathText(info.dest);
    super(messageOf(code, text, { operation, path, dest, detail }));

    this.errno = number;
    this.code = code;
    this.operation = operation;
    this.syscall = operation;
    this.detail = detail;
    if (path !== undefined) this.path = path;
    if (dest !== undefined) this.dest = dest;
    if (info.offset != null) this.offset = info.offset;
    if (info.length != null) this.length = info.length;
  }
}
// On the prototype and hidden, as the built-in errors have it: the stack's first line reads it.
Object.defineProperty(UringError.prototype, 'name', {
  value: 'UringError',
  writable: true,
  configurable: true,
});

/**
 * Remembers where `entry` was called from, for an error that may be made much later. Some
 * microseconds: right for a copy, too dear for a read (see `rejectAwaited`).
 */
function callSite(entry) {
  const site = {};
  Error.captureStackTrace?.(site, entry);
  return site;
}

/** Gives `error` the stack of a `callSite`. The text is only made here, on failure. */
function showCallSite(error, site) {
  const frames = typeof site?.stack === 'string' ? site.stack.indexOf('\n    at ') : -1;
  if (frames !== -1) {
    Object.defineProperty(error, 'stack', {
      value: `${error}${site.stack.slice(frames)}`,
      writable: true,
      configurable: true,
    });
  }
  return error;
}

/** What native hands over is `-errno`; `site`, where given, is the `callSite` of the call. */
function errorFromNative(negativeErrno, operation, info, site) {
  const error = new UringError(-negativeErrno, operation, info);
  return site === undefined ? error : showCallSite(error, site);
}

/** Use after `close()`. */
function closedError(operation) {
  return new UringError(EINVAL, operation, { detail: 'closed' });
}

/** An operation whose opcode this kernel has not; `since` is the Linux that brought it. */
function lacks(operation, since) {
  const detail = `this kernel has no ${operation}: it came with Linux ${since}`;
  return new UringError(EOPNOTSUPP, operation, { detail });
}

/** Whether the running kernel is older than a version such as '6.1'. */
function isOlderThan(version) {
  const [major, minor] = require('node:os').release().split('.').map(Number.parseFloat);
  const [thatMajor, thatMinor] = version.split('.').map(Number);
  return major < thatMajor || (major === thatMajor && minor < thatMinor);
}

/**
 * Rejects the promise behind `resolve` with what `makeError` returns, in such a way that the stack
 * names the `async` function that awaits it, at no cost to operations that succeed.
 *
 * V8 walks from the running microtask along the promises that wait for it. So the error has to be
 * made in a microtask, and by a promise that the caller's already follows: following takes one
 * microtask, hence the empty step before.
 */
function rejectAwaited(resolve, makeError) {
  const failed = Promise.resolve()
    .then(() => {})
    .then(() => {
      throw makeError();
    });
  resolve(failed);
}

module.exports = {
  UringError,
  callSite,
  closedError,
  describeErrno,
  errorFromNative,
  isOlderThan,
  lacks,
  rejectAwaited,
  showCallSite,
};
