// The constants of io_uring, by their names in <linux/io_uring.h>, and those of the system that
// calls take and Node does not export.

'use strict';

const { systemConstants } = require('../binding.js');
const UAPI_CONSTANTS = Object.freeze(require('./uapi-constants.json'));

module.exports = {
  UAPI_CONSTANTS,
  UAPI_CONSTANT_NAMES: Object.freeze(Object.keys(UAPI_CONSTANTS).sort()),
  constants: Object.freeze(systemConstants()),
};
