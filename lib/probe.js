// What this kernel offers: whether a ring can be made, and which operations it has.

'use strict';

const native = require('../binding.js');
const check = require('./arguments.js');
const { UringError, describeErrno } = require('./errors.js');

const EOPNOTSUPP = 95;
const MANUAL =
  'see https://man7.org/linux/man-pages/man2/io_uring_enter.2.html and ' +
  'https://docs.kernel.org/userspace-api/ for what each kernel has';

/** Set to anything but '' or '0', it keeps the helpers off io_uring. */
const FALLBACK = 'URING_FALLBACK';

function isFallbackForced() {
  const value = process.env[FALLBACK];
  return value !== undefined && value !== '' && value !== '0';
}

function availability() {
  if (isFallbackForced()) {
    return {
      available: false,
      errno: null,
      code: null,
      reason: `${FALLBACK} is set in the environment`,
      hint: `unset ${FALLBACK} to use io_uring again`,
    };
  }
  const refusal = native.refusal();
  if (refusal === null) return { available: true, errno: null, code: null, reason: null, hint: null };
  const { errno, reason, hint } = refusal;
  return { available: false, errno, code: describeErrno(errno)[0], reason, hint };
}

let cached;

function getProbeInfo(options) {
  const { refresh = false } = check.options(options, ['refresh']);
  check.boolean(refresh, 'options.refresh');
  if (cached === undefined || refresh) {
    const { errno, lastOp, opcodeMask } = native.probeKernel();
    if (errno !== 0) {
      const { reason, hint } = native.explainRefusal(errno);
      throw new UringError(errno, 'getProbeInfo', { detail: `${reason}: ${hint}` });
    }
    cached = { lastOp, opcodeMask };
  }
  // A copy, since a Buffer can be written to and the cache is everybody's.
  return { lastOp: cached.lastOp, opcodeMask: Buffer.from(cached.opcodeMask) };
}

function opcodeSupported(op) {
  check.integer(op, 'op', 0, 255);
  if (cached === undefined) getProbeInfo();
  return cached.opcodeMask[op] === 1;
}

function requireOpcodeSupported(op, operation) {
  if (typeof operation !== 'string') {
    throw check.invalidArgType('operation', 'of type string', operation);
  }
  if (opcodeSupported(op)) return;
  const detail = `this kernel has no io_uring opcode ${op}; ${MANUAL}`;
  throw new UringError(EOPNOTSUPP, operation, { detail });
}

module.exports = {
  availability,
  getProbeInfo,
  isFallbackForced,
  opcodeSupported,
  requireOpcodeSupported,
};
