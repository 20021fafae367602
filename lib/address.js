// Socket addresses in both directions: `{ family, address, port }`, `{ path }`, or the bytes of a
// sockaddr as they are; and the messages that carry one.

'use strict';

const net = require('node:net');

const check = require('./arguments.js');
const { Loan } = require('./memory.js');
const { closeLate } = require('./results.js');

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const LONGEST_PATH = 107;
const LONGEST = 128;

/** The sockaddr of an address. */
function encode(address, name = 'address') {
  if (ArrayBuffer.isView(address)) return encodeRaw(check.bufferToFill(address, name), name);
  if (typeof address !== 'object' || address === null) {
    throw check.invalidArgType(name, 'of type object or an instance of Buffer', address);
  }
  return address.path === undefined ? encodeInternet(address, name) : encodeUnix(address.path, name);
}

function encodeRaw(bytes, name) {
  if (bytes.length >= 2 && bytes.length <= LONGEST) return bytes;
  throw check.outOfRange(`${name}.length`, `>= 2 && <= ${LONGEST}`, bytes.length);
}

// A path that begins with NUL is a name of the abstract namespace, as in node:net.
function encodeUnix(path, name) {
  if (typeof path !== 'string') throw check.invalidArgType(`${name}.path`, 'of type string', path);
  const bytes = Buffer.from(path);
  const isAbstract = bytes[0] === 0;
  if (bytes.length > LONGEST_PATH) {
    throw check.outOfRange(`${name}.path.length`, `<= ${LONGEST_PATH}`, bytes.length);
  }
  if (!isAbstract && bytes.includes(0)) {
    throw check.invalidArgValue(`${name}.path`, 'must not have a null byte after its first', path);
  }
  const raw = Buffer.alloc(2 + bytes.length + (isAbstract ? 0 : 1));
  raw.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(raw, 2);
  return raw;
}

function encodeInternet({ family, address, port = 0 }, name) {
  if (typeof address !== 'string') throw check.invalidArgType(`${name}.address`, 'of type string', address);
  const version = net.isIP(address);
  if (version === 0) throw check.invalidArgValue(`${name}.address`, 'must be an IP address', address);
  if (family !== undefined && family !== `IPv${version}`) {
    throw check.invalidArgValue(`${name}.family`, `must be 'IPv${version}' for that address`, family);
  }
  check.integer(port, `${name}.port`, 0, 65535);
  const raw = Buffer.alloc(version === 4 ? 16 : 28);
  raw.writeUInt16LE(version === 4 ? AF_INET : AF_INET6, 0);
  raw.writeUInt16BE(port, 2);
  if (version === 4) address.split('.').forEach((part, index) => (raw[4 + index] = Number(part)));
  else writeIPv6(raw, address);
  return raw;
}

function writeIPv6(raw, text) {
  const [address, zone] = text.split('%');
  // A URL has it in its shortest form, without dots.
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head, tail] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  [...head, ...Array(zeros).fill('0'), ...(tail ?? [])].forEach((group, index) => {
    raw.writeUInt16BE(Number.parseInt(group, 16), 8 + 2 * index);
  });
  if (zone !== undefined) raw.writeUInt32LE(scopeOf(zone), 24);
}

function scopeOf(zone) {
  if (/^\d+$/.test(zone)) return Number(zone) >>> 0;
  const found = require('node:os').networkInterfaces()[zone]?.find((one) => one.scopeid > 0);
  return found?.scopeid ?? 0;
}

/** The address of a sockaddr: null where there is none, a Buffer where its family is another. */
function decode(raw) {
  if (raw.length < 2) return null;
  const family = raw.readUInt16LE(0);
  if (family === AF_UNIX) return { path: pathOf(raw.subarray(2)) };
  if (family === AF_INET) {
    return { family: 'IPv4', address: raw.subarray(4, 8).join('.'), port: raw.readUInt16BE(2) };
  }
  if (family === AF_INET6) return decodeIPv6(raw);
  return Buffer.from(raw);
}

function pathOf(bytes) {
  if (bytes.length === 0 || bytes[0] === 0) return bytes.toString();
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function decodeIPv6(raw) {
  const groups = Array.from({ length: 8 }, (_, index) => raw.readUInt16BE(8 + 2 * index));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const plain = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname;
  const address = isMapped ? `::ffff:${raw.subarray(20, 24).join('.')}` : plain.slice(1, -1);
  const scope = raw.readUInt32LE(24);
  const zone = scope === 0 ? '' : `%${scope}`;
  return { family: 'IPv6', address: address + zone, port: raw.readUInt16BE(2) };
}

// Where an accepted address lies, and behind it its length: as in src/ops/operation.rs.
const LENGTH_AT = 112;

/** Memory for the address of a connection. */
function acceptedMemory() {
  const loan = new Loan(LONGEST);
  loan.view.writeUInt32LE(LENGTH_AT, LENGTH_AT);
  return loan;
}

/** `make` of a completed accept. */
function acceptedOf(fd, memory) {
  const length = Math.min(memory.readUInt32LE(LENGTH_AT), LENGTH_AT);
  return { fd, address: decode(memory.subarray(0, length)) };
}
acceptedOf.late = closeLate;

/** `make` of an address that was asked for. */
function addressOf(result, memory) {
  return acceptedOf(-1, memory).address;
}

// struct msghdr, as far as it is not pointers, and the address after it.
const HEADER = 56;
const NAME_LENGTH_AT = 8;
const FLAGS_AT = 48;

/** Memory for a message that comes, or that goes to an address (its sockaddr) or to the peer. */
function messageMemory(room, address) {
  const loan = new Loan(HEADER + LONGEST);
  const memory = loan.view.fill(0);
  memory.writeUInt32LE(address === undefined ? room : address.length, NAME_LENGTH_AT);
  if (address !== undefined) memory.set(address, HEADER);
  return loan;
}

/** `make` of a received message. */
function messageOf(bytes, memory, full) {
  if (!full) return bytes;
  const length = Math.min(memory.readUInt32LE(NAME_LENGTH_AT), LONGEST);
  const address = decode(memory.subarray(HEADER, HEADER + length));
  return { bytes, flags: memory.readUInt32LE(FLAGS_AT), address };
}

const receivedMemory = () => messageMemory(LONGEST);
const sentMemory = (address) => messageMemory(0, address);

module.exports = { acceptedMemory, acceptedOf, addressOf, decode, encode, messageOf, receivedMemory, sentMemory };
