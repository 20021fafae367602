// The types of index.mjs: those of index.js by name, and as a whole by default.

import * as uring from './index.js';

export * from './index.js';
export default uring;
