// The checks of arguments that the whole API shares. Each takes the value and the name under which
// the caller knows it ('fd', 'options.qd'), returns what native code takes, or throws a TypeError or
// RangeError with a `code` and in the wording of node:fs. Failures of the kernel are in errors.js.
//
// Brands instead of `instanceof` throughout: a value may come from another realm, as in every vm
// context and so in every jest test.

'use strict';

const { fileURLToPath } = require('node:url');
const util = require('node:util');

const { isUint8Array, isArrayBuffer } = util.types;

const INT32_MAX = 2 ** 31 - 1;
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const O_CLOEXEC = 0o2000000n;
// For every view without bytes, since one that was detached can't even be copied.
const NO_BYTES = Buffer.alloc(0);
const NO_OPTIONS = Object.freeze({});

// The errors

/** A value in words; there are some that can't be looked at, a Proxy of a Buffer for one. */
function inspect(value, options) {
  try {
    return util.inspect(value, options);
  } catch {
    return `a ${typeof value}`;
  }
}

function coded(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  return error;
}

// Node speaks of `options.qd` as a property and of `fd` as an argument.
const kindOf = (name) => (name.includes('.') ? 'property' : 'argument');

function shorten(text, length) {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function describeType(value) {
  if (value == null) return String(value);
  if (typeof value === 'function') {
    return value.name ? `function ${value.name}` : 'function';
  }
  if (typeof value === 'object') {
    const constructor = value.constructor?.name;
    return constructor ? `an instance of ${constructor}` : inspect(value, { depth: -1 });
  }
  return `type ${typeof value} (${shorten(inspect(value), 25)})`;
}

// 4_294_967_297 is easier to compare with a limit than 4294967297, and Node prints it so.
function describeNumber(value) {
  if (typeof value !== 'number' && typeof value !== 'bigint') return inspect(value);
  const integer = typeof value === 'bigint' || Number.isInteger(value);
  const big = value > 2 ** 32 || value < -(2 ** 32);
  const digits = String(value);
  const text = integer && big ? digits.replace(/\B(?=(\d{3})+$)/g, '_') : digits;
  return typeof value === 'bigint' ? `${text}n` : text;
}

/** `expected` completes "must be": 'of type number', 'an instance of AbortSignal'. */
function invalidArgType(name, expected, value) {
  return coded(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kindOf(name)} must be ${expected}. Received ${describeType(value)}`,
  );
}

/** `reason` completes "The argument 'mode'": "must be one of: 'auto', 'safe'". */
function invalidArgValue(name, reason, value) {
  return coded(
    TypeError,
    'ERR_INVALID_ARG_VALUE',
    `The ${kindOf(name)} '${name}' ${reason}. Received ${shorten(inspect(value), 128)}`,
  );
}

/** `range` completes "It must be": 'an integer', '>= 1 && <= 4096'. */
function outOfRange(name, range, value) {
  return coded(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${describeNumber(value)}`,
  );
}

/** What a callback returned; `expected` completes "Expected": 'a positive integer'. */
function invalidReturnValue(name, expected, value) {
  return coded(
    TypeError,
    'ERR_INVALID_RETURN_VALUE',
    `Expected ${expected} to be returned from the "${name}" function but got ${describeType(value)}.`,
  );
}

// Numbers

/** An integer that a `number` holds, from `min` to `max`. */
function integer(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) {
    const range = `>= ${describeNumber(min)} && <= ${describeNumber(max)}`;
    throw outOfRange(name, range, value);
  }
  return value;
}

/**
 * An integer given as number or bigint. A number comes back where a number is exact, else a bigint,
 * so that native code needs its 64-bit path for the huge ones only.
 */
function int64(value, name, min = 0n, max = INT64_MAX) {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (!Number.isSafeInteger(value)) {
      throw outOfRange(name, 'a safe integer or a bigint', value);
    }
  } else if (typeof value !== 'bigint') {
    throw invalidArgType(name, 'of type number or bigint', value);
  }
  if (value < min || value > max) {
    const range = `>= ${describeNumber(min)} && <= ${describeNumber(max)}`;
    throw outOfRange(name, range, value);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// The hot path asks these for every operation: one cheap test decides for nearly every value.

const isNatural = (value) => typeof value === 'number' && value >= 0 && Number.isSafeInteger(value);

function fd(value, name = 'fd') {
  return isNatural(value) && value <= INT32_MAX ? value : integer(value, name, 0, INT32_MAX);
}

function offset(value, name = 'offset') {
  return isNatural(value) ? value : int64(value, name);
}

function length(value, name = 'length') {
  return isNatural(value) ? value : int64(value, name);
}

/** Any 64 bits by which the caller knows an operation; returned as they came, number or bigint. */
function userData(value, name = 'userData') {
  if (!isNatural(value)) int64(value, name, 0n, UINT64_MAX);
  return value;
}

// Everything else

function boolean(value, name) {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
  return value;
}

function func(value, name) {
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
  return value;
}

/** One of a list of strings. */
function oneOf(value, name, choices) {
  if (choices.includes(value)) return value;
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
  const list = choices.map((choice) => `'${choice}'`).join(', ');
  throw invalidArgValue(name, `must be one of: ${list}`, value);
}

/** An options object with none but the `known` names; left out, it is empty. */
function options(value, known, name = 'options') {
  if (value === undefined) return NO_OPTIONS;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgType(name, 'of type object', value);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      const reason = `is unknown: the options are ${known.join(', ') || 'none'}`;
      throw invalidArgValue(`${name}.${key}`, reason, value[key]);
    }
  }
  return value;
}

const PATH_TYPES = 'of type string or an instance of Buffer, Uint8Array or URL';

/** A path as the string or the bytes it is. The empty one is the kernel's to refuse (ENOENT). */
function path(value, name) {
  const plain = isURL(value) ? pathOfURL(value, name) : value;
  if (typeof plain === 'string' ? plain.includes('\0') : hasNul(bytesOfPath(plain, name))) {
    throw invalidArgValue(name, 'must be a string, Uint8Array or URL without null bytes', value);
  }
  return plain;
}

// A detached view is empty, and nothing can be looked for in it.
const hasNul = (bytes) => bytes.length > 0 && bytes.includes(0);

function bytesOfPath(value, name) {
  if (!isUint8Array(value)) throw invalidArgType(name, PATH_TYPES, value);
  return value;
}

// As Node tells a URL from the objects of url.parse(), which have `auth` and `path`.
function isURL(value) {
  return Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);
}

function pathOfURL(url, name) {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const error = invalidArgValue(name, 'must be a file: URL of a path on this host', url.href);
    error.cause = cause;
    throw error;
  }
}

/** Bytes over an ArrayBuffer, or over the part of it that a view shows. */
function bytesOver(value, name) {
  try {
    return isArrayBuffer(value) ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  } catch {
    throw invalidArgValue(name, 'must not be detached', value);
  }
}

/** Data to write, as bytes over the caller's own memory; a string becomes its UTF-8. */
function dataToWrite(value, name = 'data') {
  if (isUint8Array(value)) return value.length === 0 ? NO_BYTES : value;
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return bytesOver(value, name);
  throw invalidArgType(
    name,
    'of type string or an instance of Buffer, TypedArray, DataView or ArrayBuffer',
    value,
  );
}

/** Memory to read into, as bytes over it. */
function bufferToFill(value, name = 'buffer') {
  if (isUint8Array(value)) return value.length === 0 ? NO_BYTES : value;
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return bytesOver(value, name);
  throw invalidArgType(name, 'an instance of Buffer, TypedArray, DataView or ArrayBuffer', value);
}

/** The name of an extended attribute, with its namespace. */
function attribute(value, name) {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
  if (value.includes('\0')) throw invalidArgValue(name, 'must be a string without null bytes', value);
  return value;
}

/** A `struct open_how` of `{ flags, mode, resolve }`. */
function openHow(value, name) {
  if (value === undefined) throw invalidArgType(name, 'of type object', value);
  const given = options(value, ['flags', 'mode', 'resolve'], name);
  const raw = Buffer.alloc(24);
  ['flags', 'mode', 'resolve'].forEach((key, index) => {
    const number = given[key] === undefined ? 0 : int64(given[key], `${name}.${key}`);
    const cloexec = key === 'flags' ? O_CLOEXEC : 0n;
    raw.writeBigUInt64LE(BigInt(number) | cloexec, 8 * index);
  });
  return raw;
}

/** Descriptors to register; -1 leaves a place empty. */
function descriptors(values, name) {
  if (!Array.isArray(values)) throw invalidArgType(name, 'an instance of Array', values);
  if (values.length === 0) throw invalidArgValue(name, 'must not be empty', values);
  return Int32Array.from(values, (value, index) => integer(value, `${name}[${index}]`, -1, INT32_MAX));
}

/** An AbortSignal or nothing. */
function signal(value, name = 'options.signal') {
  if (value === undefined) return undefined;
  if (typeof value?.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
    throw invalidArgType(name, 'an instance of AbortSignal', value);
  }
  return value;
}

module.exports = {
  descriptors,
  attribute,
  boolean,
  bufferToFill,
  dataToWrite,
  fd,
  func,
  int64,
  integer,
  invalidArgType,
  invalidArgValue,
  invalidReturnValue,
  length,
  offset,
  oneOf,
  openHow,
  options,
  outOfRange,
  path,
  signal,
  userData,
};
