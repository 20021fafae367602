'use strict';

const path = require('node:path');

const { inChild, root } = require('./support/child.js');

// In a process of its own, since a panic prints its backtrace, and might abort.
it('a panic of the native code is an Error ERR_URING_INTERNAL, not an abort', async () => {
  const script = `
    const { faultyJob } = require(${JSON.stringify(path.join(root, 'binding.js'))});
    const { run } = require(${JSON.stringify(path.join(root, 'lib/job.js'))});
    const { callSite } = require(${JSON.stringify(path.join(root, 'lib/errors.js'))});
    async function operation() {
      return run(faultyJob(), {}, { operation: 'copy', info: {}, site: callSite(operation) });
    }
    const errors = [];
    for (let round = 0; round < 2; round += 1) {
      await operation().catch(({ name, code, message, stack }) => errors.push({ name, code, message, stack }));
    }
    report({ errors, available: typeof uring.availability().available });`;
  const { status, reported, stderr } = await inChild(script);
  expect(stderr).toContain('panicked');
  expect(status).toBe(0);
  const error = { name: 'Error', code: 'ERR_URING_INTERNAL', message: 'uring failed internally in copy: a fault made for a test' };
  expect(reported).toMatchObject({ errors: [error, error], available: 'boolean' });
  expect(reported.errors[0].stack).toContain('[eval]');
});
