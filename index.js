// The public door: what a user may touch, nothing else. Each name comes from the file in lib/ that
// has its subject; index.mjs and the types follow from this list (`npm run generate`).

'use strict';

requireAddon();

const { UringError } = require('./lib/errors.js');
const helpers = require('./lib/helpers.js');
const probe = require('./lib/probe.js');
const { UringAsync, waitCompletionInExecutor } = require('./lib/async.js');
const { UringCtx } = require('./lib/ctx.js');
const { BufferPool } = require('./lib/pool.js');
const { BufferRing } = require('./lib/buffer-ring.js');
const { iterMultishotAccept, sendfileSplice } = require('./lib/sendfile.js');
const { UringPool } = require('./lib/uring-pool.js');
const { UAPI_CONSTANTS, UAPI_CONSTANT_NAMES, constants } = require('./lib/constants.js');

const uring = {
  copy: helpers.copy,
  write: helpers.write,
  writeMany: helpers.writeMany,
  copyPath: helpers.copyPath,
  copyPathDynamic: helpers.copyPathDynamic,
  writeNewfile: helpers.writeNewfile,
  writeNewfileDynamic: helpers.writeNewfileDynamic,
  writeManyfiles: helpers.writeManyfiles,

  availability: probe.availability,
  getProbeInfo: probe.getProbeInfo,
  opcodeSupported: probe.opcodeSupported,
  requireOpcodeSupported: probe.requireOpcodeSupported,

  UringCtx,
  UringAsync,
  waitCompletionInExecutor,
  sendfileSplice,
  iterMultishotAccept,
  BufferPool,
  BufferRing,
  UringPool,

  UringError,
  ...UAPI_CONSTANTS,
  UAPI_CONSTANT_NAMES,
  constants,
  version: require('./package.json').version,
};

// The reference reaches every name in these ways too.
uring.direct = uring;
uring.raw = uring;

module.exports = uring;

/** The kernel is asked nothing here: where it has no io_uring, the import works all the same. */
function requireAddon() {
  try {
    require('./binding.js');
  } catch (cause) {
    const remedy =
      process.platform === 'linux'
        ? `build it with: node ${require.resolve('./scripts/install.js')}`
        : 'it works on Linux only';
    const platform = `${process.platform}-${process.arch}`;
    throw new Error(`uring has no native addon for ${platform} that loads: ${remedy}`, { cause });
  }
}
