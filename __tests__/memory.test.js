// Memory that is lent for one operation at a time.

'use strict';

const { Loan, withoutReuse } = require('../lib/memory.js');

const addressOf = ({ view }) => require('../lib/native.js').native.addressOf(view);

test.each([1, 4096, 5000, 3 << 20])('%i bytes are lent again once they were given back', (length) => {
  const first = new Loan(length);
  expect(first.view).toHaveLength(length);
  first.release();
  const second = new Loan(length);
  expect(addressOf(second)).toBe(addressOf(first));
  second.release();
});

test('what is given back twice is not lent to two', () => {
  const loan = new Loan(100);
  loan.release();
  loan.release();
  const [one, two] = [new Loan(100), new Loan(100)];
  expect(addressOf(one)).not.toBe(addressOf(two));
});

test('what the kernel may still hold is not lent again', () => {
  const loan = new Loan(1 << 19);
  withoutReuse(() => loan.release());
  expect(addressOf(new Loan(1 << 19))).not.toBe(addressOf(loan));
  expect(() => withoutReuse(() => { throw new Error('of the work'); })).toThrow('of the work');
  const next = new Loan(1 << 18);
  next.release();
  expect(addressOf(new Loan(1 << 18))).toBe(addressOf(next));
});
