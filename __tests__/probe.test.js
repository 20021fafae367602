'use strict';

const uring = require('..');
const { inChild } = require('./support/child.js');
const { refusing, works } = require('./support/seccomp.js');

const { getProbeInfo, opcodeSupported, requireOpcodeSupported } = uring;
const ring = uring.availability();
const where = ring.available ? describe : describe.skip;

describe('bad arguments', () => {
  it.each([[-1, 'ERR_OUT_OF_RANGE'], [256, 'ERR_OUT_OF_RANGE'], [1.5, 'ERR_OUT_OF_RANGE'], [NaN, 'ERR_OUT_OF_RANGE'], ['1', 'ERR_INVALID_ARG_TYPE'], [undefined, 'ERR_INVALID_ARG_TYPE'], [1n, 'ERR_INVALID_ARG_TYPE']])(
    'opcode %p is %s',
    (op, code) => {
      const failure = expect.objectContaining({ code, message: expect.stringContaining('"op"') });
      expect(() => opcodeSupported(op)).toThrow(failure);
      expect(() => requireOpcodeSupported(op, 'name')).toThrow(failure);
    },
  );

  it('the operation is a string, the options are known', () => {
    expect(() => requireOpcodeSupported(0, 1)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect(() => getProbeInfo({ fresh: true })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
    expect(() => getProbeInfo({ refresh: 1 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect(() => getProbeInfo(null)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });
});

where(`getProbeInfo${ring.available ? '' : ` (skipped: ${ring.reason})`}`, () => {
  it('tells the last opcode, and a byte for each up to it', () => {
    const { lastOp, opcodeMask } = getProbeInfo();
    expect(Buffer.isBuffer(opcodeMask)).toBe(true);
    expect(opcodeMask).toHaveLength(lastOp + 1);
    expect(lastOp).toBeGreaterThanOrEqual(uring.IORING_OP_WRITE);
    expect([...opcodeMask].every((byte) => byte === 0 || byte === 1)).toBe(true);
    expect(opcodeMask[uring.IORING_OP_READ]).toBe(1);
  });

  it('agrees with opcodeSupported and requireOpcodeSupported', () => {
    const { opcodeMask } = getProbeInfo();
    for (let op = 0; op < 256; op += 1) {
      expect(opcodeSupported(op)).toBe(opcodeMask[op] === 1);
      if (opcodeMask[op] === 1) expect(requireOpcodeSupported(op, 'name')).toBeUndefined();
      else expect(() => requireOpcodeSupported(op, 'name')).toThrow(expect.objectContaining({ name: 'UringError', code: 'EOPNOTSUPP', operation: 'name', detail: expect.stringContaining('https://') }));
    }
  });

  it('hands out copies, and asks again when told to', () => {
    getProbeInfo().opcodeMask.fill(0);
    expect(opcodeSupported(uring.IORING_OP_READ)).toBe(true);
    expect(getProbeInfo({ refresh: true })).toEqual(getProbeInfo());
  });
});

(works ? it : it.skip)(`explains itself where no ring can be made${works ? '' : ' (skipped: no C compiler, or no seccomp)'}`, async () => {
  const script = `
    const errors = [];
    for (const call of [() => uring.getProbeInfo(), () => uring.opcodeSupported(0), () => uring.requireOpcodeSupported(0, 'read')]) {
      try { call(); } catch ({ name, code, detail }) { errors.push({ name, code, detail }); }
    }
    report(errors);`;
  const { reported } = await inChild(script, { wrap: refusing({ io_uring_setup: 'EPERM' }) });
  const error = { name: 'UringError', code: 'EPERM', detail: expect.stringContaining('seccomp') };
  expect(reported).toEqual([error, error, error]);
});
