// The native calls that drive rings: src/binding/ring.rs says what each does.

'use strict';

const binding = require('../binding.js');

const native = binding.ringCalls();

module.exports = { native, queue: native.queue };
