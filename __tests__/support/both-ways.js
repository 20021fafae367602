// The same tests on a ring and with plain system calls: same results, same callbacks, same errors.

'use strict';

const { availability } = require('../..');

function bothWays(body) {
  const found = process.env.URING_FALLBACK;
  const ring = availability();
  (ring.available ? describe : describe.skip)(`on a ring${ring.available ? '' : `: ${ring.reason}`}`, body);

  describe('with plain system calls', () => {
    beforeAll(() => {
      process.env.URING_FALLBACK = '1';
    });
    afterAll(() => {
      if (found === undefined) delete process.env.URING_FALLBACK;
      else process.env.URING_FALLBACK = found;
    });
    body();
  });
}

module.exports = { bothWays };
