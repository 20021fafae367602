// The constants: their values against the system's header and against Node's own tables.

'use strict';

const fs = require('node:fs');
const os = require('node:os');
const { UAPI_CONSTANTS, UAPI_CONSTANT_NAMES, constants } = require('../lib/constants.js');

const HEADER = '/usr/include/linux/io_uring.h';

// The names of one enum count up from its first; a #define is an expression of C that, without its
// casts and suffixes, is one of JavaScript.
function valuesOfHeader(text) {
  const values = new Map();
  const evaluate = (expression) => {
    const plain = expression
      .replace(/\(\s*(__\w+|int|unsigned)\s*\)/g, '')
      .replace(/\b(0x[0-9a-fA-F]+|\d+)[uUlL]*\b/g, 'BigInt($1)')
      .replace(/\b[A-Z][A-Z0-9_]+\b/g, (name) => `${values.get(name)}n`);
    return BigInt(Function(`'use strict'; return ${plain};`)());
  };
  const source = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\\\n/g, ' ');
  for (const [, body] of source.matchAll(/enum\s*\w*\s*\{([^}]*)\}/g)) {
    let next = 0n;
    for (const [, name, expression] of body.matchAll(/(\w+)\s*(?:=\s*([^,]+))?(?:,|$|\s*$)/gm)) {
      next = expression === undefined ? next : evaluate(expression);
      values.set(name, next++);
    }
  }
  for (const [, name, expression] of source.matchAll(/^#define\s+(IO\w+|SOCKET_\w+)\s+(.+)$/gm)) {
    values.set(name, evaluate(expression));
  }
  return values;
}

describe('UAPI constants', () => {
  it('are named by a sorted list that nobody can change', () => {
    expect(UAPI_CONSTANT_NAMES).toEqual(Object.keys(UAPI_CONSTANTS).sort());
    expect(UAPI_CONSTANT_NAMES.length).toBeGreaterThan(270);
    expect(Object.isFrozen(UAPI_CONSTANT_NAMES)).toBe(true);
    expect(Object.isFrozen(UAPI_CONSTANTS)).toBe(true);
  });

  it('are safe integers, but for one mask that is exact all the same', () => {
    for (const name of UAPI_CONSTANT_NAMES) {
      expect(Number.isSafeInteger(UAPI_CONSTANTS[name])).toBe(true);
    }
    expect(BigInt.asUintN(64, BigInt(UAPI_CONSTANTS.IORING_ZCRX_AREA_MASK))).toBe(0xffffn << 48n);
  });

  const withHeader = fs.existsSync(HEADER) ? it : it.skip;
  withHeader(`agree with ${HEADER} (skipped where it is missing)`, () => {
    const values = valuesOfHeader(fs.readFileSync(HEADER, 'utf8'));
    const compared = UAPI_CONSTANT_NAMES.filter((name) => {
      // Each kernel moves the ends of its lists.
      if (!values.has(name) || name.endsWith('_LAST')) return false;
      expect([name, BigInt.asUintN(32, BigInt(UAPI_CONSTANTS[name]))]).toEqual([
        name,
        BigInt.asUintN(32, values.get(name)),
      ]);
      return true;
    });
    // Fewer would mean that the header was not understood.
    expect(compared.length).toBeGreaterThan(100);
  });
});

describe('constants', () => {
  it('are a frozen object of safe integers', () => {
    expect(Object.isFrozen(constants)).toBe(true);
    for (const value of Object.values(constants)) expect(Number.isSafeInteger(value)).toBe(true);
  });

  it('agree with those that Node knows', () => {
    const known = { ...os.constants.dlopen, ...os.constants.priority, ...fs.constants };
    const both = Object.keys(constants).filter((name) => name in known);
    expect(both).toEqual(expect.arrayContaining(['O_DIRECT', 'O_DIRECTORY', 'O_TRUNC', 'O_RDWR']));
    for (const name of both) expect([name, constants[name]]).toEqual([name, known[name]]);
  });

  it('agree with the table of io_uring where both name one', () => {
    const both = Object.keys(constants).filter((name) => name in UAPI_CONSTANTS);
    expect(both).toContain('AT_FDCWD');
    for (const name of both) expect([name, constants[name]]).toEqual([name, UAPI_CONSTANTS[name]]);
  });

  it('hold something of every family that calls need', () => {
    const families = [
      'RWF_', 'RESOLVE_', 'AF_', 'SOCK_', 'SOL_', 'SO_', 'SHUT_', 'MSG_', 'POLL', 'EPOLL', 'P_', 'W',
      'STATX_', 'FALLOC_FL_', 'SPLICE_F_', 'O_', 'AT_',
    ];
    for (const family of families) {
      expect(Object.keys(constants).filter((name) => name.startsWith(family))).not.toEqual([]);
    }
    expect(constants.EPOLLET).toBe(2 ** 31);
  });
});

it('lib/constants.d.ts is what its generator writes now', () => {
  const { constantTypes } = require('../scripts/generate-constants.js');
  expect(fs.readFileSync(require.resolve('../lib/constants.d.ts'), 'utf8')).toBe(constantTypes());
});
