// Writes lib/operations.js, lib/operations.d.ts and docs/operations.md from the table of operations in
// src/ops/table.rs, as the addon tells it. Straight-line code, one function a row: it is what runs
// once per operation. Part of `npm run generate`; CI fails when a result is not the committed one.

'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { operationTable } = require('../binding.js');

const root = path.join(__dirname, '..');
const rows = operationTable();
const INT_RANGE = '-(2 ** 31), 2 ** 32 - 1';

// How an argument of each kind is checked, what native code gets, and its type. `N` is its name as
// an error has it, `V` the variable.
const KINDS = {
  fd: { check: 'check.fd(V, N)', type: 'number' },
  fileIndex: { check: 'check.integer(V, N, 0, 2 ** 31 - 1)', type: 'number' },
  dirFd: { check: 'check.integer(V, N, AT_FDCWD, 2 ** 31 - 1)', type: 'number' },
  offset: { check: 'check.offset(V, N)', native: 'V', type: 'number | bigint' },
  offsetOrNone: { check: 'check.int64(V, N, -1n)', type: 'number | bigint' },
  length: { check: 'check.length(V, N)', type: 'number | bigint' },
  length32: { check: 'check.integer(V, N, 0, 2 ** 32 - 1)', type: 'number' },
  int: { check: `check.integer(V, N, ${INT_RANGE})`, type: 'number' },
  index: { check: 'check.integer(V, N, 0, 65535)', type: 'number' },
  flag: { check: 'check.boolean(V, N)', type: 'boolean' },
  path: { check: 'V = check.path(V, N)', type: 'PathLike' },
  name: { check: 'check.attribute(V, N)', type: 'string' },
  openHow: { check: 'V = check.openHow(V, N)', type: 'OpenHow' },
  time: { check: 'V = timespec(V, N)', type: 'Time' },
  address: { check: 'V = encode(V, N)', type: 'SocketAddress' },
  peer: { check: 'if (V !== undefined) V = encode(V, N)', type: 'SocketAddress', native: 'undefined' },
  epollEvent: { check: 'V = epollEvent(V, N)', type: 'EpollEvent' },
  target: {
    check: 'check.userData(V, N)',
    native: 'pump.ticketOf(V)',
    type: 'UserData',
  },
  pollMask: {
    check: 'if (V !== undefined) check.integer(V, N, 0, 2 ** 32 - 1)',
    native: 'V ?? -1',
    type: 'number',
  },
  newName: {
    check: 'if (V !== undefined) pump.checkName(check.userData(V, N))',
    native: 'undefined',
    type: 'UserData',
  },
  place: { check: 'check.integer(V, N, 0, 2 ** 31 - 2)', native: 'V + 1', type: 'number' },
  placeOrAny: {
    check: 'if (V !== undefined) check.integer(V, N, 0, 2 ** 31 - 2)',
    native: 'V === undefined ? -1 : V + 1',
    type: 'number',
  },
  word32: { check: `check.integer(V, N, ${INT_RANGE})`, native: 'V >>> 0', type: 'number' },
  fdList: { check: 'V = check.descriptors(V, N)', type: 'readonly number[]' },
  word: { check: 'sharedArray(V, N)', native: 'wordOf(V, index)', type: 'Int32Array' },
  wordIndex: { check: 'check.integer(V, N, 0, int32Array.length - 1)', native: 'undefined', type: 'number' },
  words: { check: 'V = wordsOf(V, N)', type: 'readonly Futex[]' },
  group: { check: 'V = groupOf(V, pump, N)', native: 'V.id', type: 'BufferRing | number' },
  provided: {
    check: 'V = check.bufferToFill(V, N)',
    prepare: 'checkProvided(V, lengthEach, count, startId)',
    type: 'Fillable',
  },
  optionValue: { prepare: 'const loan = optionMemory(op, V)', native: 'loan.view', type: 'Data | number' },
  choice: { check: 'check.boolean(V, N)', native: 'undefined', type: 'boolean' },
  memory: { hidden: true, prepare: 'const loan = new Loan(SIZE)', native: 'loan.view' },
  acceptedAddress: { hidden: true, prepare: 'const loan = acceptedMemory()', native: 'loan.view' },
  sentMessage: { hidden: true, prepare: 'const loan = sentMemory(ADDRESS)', native: 'loan.view' },
  receivedMessage: { hidden: true, prepare: 'const loan = receivedMemory()', native: 'loan.view' },
  data: { check: 'V = check.dataToWrite(V, N)', type: 'Data', large: 'V.length' },
  buffer: { check: 'V = check.bufferToFill(V, N)', type: 'Fillable', large: 'V.length' },
  ownBuffer: { check: 'V = check.bufferToFill(V, N)', type: 'Fillable' },
  dataList: { check: 'V = listOf(V, N, check.dataToWrite)', type: 'readonly Data[]', large: 'total(V)' },
  bufferList: {
    check: 'V = listOf(V, N, check.bufferToFill)',
    type: 'readonly Fillable[]',
    large: 'total(V)',
  },
  registeredBuffer: {
    check: 'V = check.bufferToFill(V, N)',
    prepare: 'const memory = pump.registered(V, bufIndex, NAME)',
    start: 'pump.fillRegistered(ticket, V, memory)',
    native: 'memory',
    type: 'Fillable',
  },
  registeredData: {
    check: 'V = check.dataToWrite(V, N)',
    prepare: 'const memory = pump.registered(V, bufIndex, NAME)',
    start: 'if (memory !== V) memory.set(V)',
    native: 'memory',
    type: 'Data',
  },
  registeredBufferList: {
    check: 'V = listOf(V, N, check.bufferToFill)',
    prepare: 'const memory = V.map((view) => pump.registered(view, bufIndex, NAME))',
    start: 'pump.fillAllRegistered(ticket, V, memory)',
    native: 'memory',
    type: 'readonly Fillable[]',
  },
  registeredDataList: {
    check: 'V = listOf(V, N, check.dataToWrite)',
    prepare: 'const memory = V.map((view) => pump.registered(view, bufIndex, NAME))',
    start: 'memory.forEach((view, index) => view.set(V[index]))',
    native: 'memory',
    type: 'readonly Data[]',
  },
};

const RETURNS = {
  nothing: { type: 'void', says: 'nothing' },
  bytes: { type: 'number', says: 'bytes' },
  fd: { type: 'number', says: 'file descriptor' },
  number: { type: 'number', says: 'number' },
  stats: { type: 'Statx', with: ['bigint', 'Statx<bigint>'], says: 'statx object', value: 'statsOf, loan, bigint, path' },
  pipe: { type: '[readFd: number, writeFd: number]', says: '[readFd, writeFd]', value: 'pipeOf, loan' },
  accepted: {
    type: '{ fd: number; address: SocketAddress | null }',
    says: '{ fd, address }',
    value: 'acceptedOf, loan',
  },
  message: {
    type: 'number',
    with: ['full', '{ bytes: number; flags: number; address: SocketAddress | null }'],
    says: 'bytes, or { bytes, flags, address }',
    value: 'messageOf, loan, full',
  },
  siginfo: { type: 'Siginfo', says: '{ signo, code, pid, uid, status }', value: 'siginfoOf, loan' },
  epollEvents: { type: 'Required<EpollEvent>[]', says: '[{ events, data }]', value: 'epollEventsOf, loan' },
  attribute: { type: 'Buffer', says: 'Buffer' },
  index: { type: 'number', says: 'index' },
  indexPair: { type: '[readIndex: number, writeIndex: number]', says: '[readIndex, writeIndex]' },
  expired: { type: 'boolean', says: 'whether it ran out', value: 'Boolean' },
  woken: { type: 'void', says: 'nothing' },
  wokenIndex: { type: 'number', says: 'index' },
  option: { type: 'Buffer | number | undefined', says: 'Buffer, number or nothing', value: 'optionOf, loan, op' },
  address: { type: 'SocketAddress | null', says: 'address', value: 'addressOf, loan' },
  sent: { type: 'number', with: ['full', '{ bytes: number; released: Promise<void> }'], says: 'bytes, or { bytes, released }' },
  sentBundle: { type: 'number', says: 'bytes', value: '(bytes) => bufferRing.sent(bytes)' },
  connections: { type: 'number', says: 'file descriptors', source: 'new Connections()' },
  chunks: { type: 'Buffer', says: 'Buffers', source: 'new Chunks(bufferRing)' },
  messages: {
    type: '{ data: Buffer; flags: number; address: SocketAddress | null }',
    says: '{ data, flags, address }',
    source: 'new Messages(bufferRing)',
  },
  events: { type: 'number', says: 'events', source: 'new Events()' },
  ticks: { type: 'number', says: 'ticks', source: 'new Ticks()' },
  renamed: { type: 'void', says: 'nothing', value: '() => rename(pump, userData, newUserData)' },
};

const capital = (name) => name[0].toUpperCase() + name.slice(1);
const substitute = (text, variable, name, row) =>
  text.replace(/\bV\b/g, variable).replace(/\bN\b/g, `'${name}'`).replace(/\bNAME\b/g, `'${row.name}'`)
    .replace(/\bADDRESS\b/g, row.args.some((arg) => arg.name === 'address') ? 'address' : 'undefined')
    .replace(/\bSIZE\b/g, row.args.find((arg) => arg.size != null)?.size || 'maxEvents * EVENT_BYTES || EVENT_BYTES');
const positional = (row) => row.args.filter((arg) => !arg.option && !KINDS[arg.kind].hidden && arg.name !== 'memory');
// The memory of an attribute is an argument of its start function only.
const started = (row) => row.args.filter((arg) => !arg.option && !KINDS[arg.kind].hidden);
const optional = (row) => row.args.filter((arg) => arg.option);

// lib/operations.js

function parameters(row) {
  const args = positional(row).map(({ name, default: or }) => (or == null ? name : `${name} = ${or}`));
  return [...args, 'options'].join(', ');
}

function passed(row) {
  return [...positional(row).map((arg) => arg.name), 'options'].join(', ');
}

function optionLines(row) {
  const own = optional(row);
  const constant = own.length > 0 || row.readsOrWrites ? `${row.name.toUpperCase()}_OPTIONS` : 'OPTIONS';
  const lines = own.map((arg) => `  let ${arg.name} = ${arg.default};`);
  lines.push('  let extras;', '  if (options !== undefined) {');
  lines.push(`    check.options(options, ${constant});`);
  if (own.length > 0) {
    const names = own.map((arg) => `${arg.name} = ${arg.default}`).join(', ');
    lines.push(`    ({ ${names} } = options);`);
  }
  for (const arg of own) {
    const check = substitute(KINDS[arg.kind].check, arg.name, `options.${arg.name}`, row);
    lines.push(`    ${check};`);
  }
  lines.push(`    extras = new Extras(pump, options, ${row.readsOrWrites}, blocking);`, '  }');
  return lines;
}

function valueLines(row) {
  const { value } = RETURNS[row.returns];
  const path = row.args.some((arg) => arg.kind === 'path') ? ', path' : '';
  if (row.returns === 'index') {
    const index = row.args.some((arg) => arg.name === 'fileIndex') ? 'fileIndex' : 'undefined';
    return [`  pump.values[ticket] = new Direct(pump, ${index}${path});`];
  }
  if (row.returns === 'indexPair') return ['  pump.values[ticket] = new DirectPair(pump, fileIndex, loan);'];
  const message = row.args.some((arg) => arg.kind === 'sentMessage');
  if (row.returns === 'sent') {
    return [`  pump.values[ticket] = new Sent(pump, ticket, '${row.name}', full${message ? ', loan' : ''});`];
  }
  if (message) return ['  pump.values[ticket] = new Released(loan);'];
  if (row.returns === 'woken') return ['  pump.values[ticket] = new Kept(int32Array, false);'];
  if (row.returns === 'wokenIndex') return ['  pump.values[ticket] = new Kept(futexes, true);'];
  if (row.name === 'removeBuffers') return ['  pump.values[ticket] = new Made((found) => removed(pump, groupId, found));'];
  if (row.name === 'provideBuffers') {
    const passed = 'pump, buffer, lengthEach, count, groupId, startId';
    return [`  pump.values[ticket] = new Made(() => addProvided(${passed}));`];
  }
  if (value) return [`  pump.values[ticket] = new Made(${value});`];
  if (row.returns === 'fd' && !row.args.some((arg) => arg.kind === 'path')) {
    return ['  pump.values[ticket] = DESCRIPTOR;'];
  }
  const paths = row.args.filter((arg) => arg.kind === 'path').map((arg) => arg.name);
  if (paths.length > 0) {
    const [from, to] = paths;
    const number = row.returns !== 'nothing';
    return [`  pump.values[ticket] = new OnPath(${from}, ${to}, ${number});`];
  }
  return row.returns === 'nothing' ? ['  pump.values[ticket] = NOTHING;'] : [];
}

function stepLines(row, step) {
  return row.args
    .filter((arg) => KINDS[arg.kind][step])
    .map((arg) => `  ${substitute(KINDS[arg.kind][step], arg.name, arg.name, row)};`);
}

/** The native call that queues the operation. */
function queueCall(row, swap = (name) => name) {
  const args = row.args.map((arg) => {
    const native = KINDS[arg.kind].native;
    return swap(native ? substitute(native, arg.name, arg.name, row) : arg.name);
  });
  return `queue.${row.name}(${['pump.id', 'ticket', ...args].join(', ')})`;
}

/** What is checked before anything happens. */
function checkLines(row) {
  return [
    `  pump.open('${row.name}');`,
    `  if (pump.mask[${row.opcode}] !== 1) throw lacks('${row.name}', '${row.since}');`,
    ...started(row)
      .filter((arg) => KINDS[arg.kind].check)
      .map((arg) => `  ${substitute(KINDS[arg.kind].check, arg.name, arg.name, row)};`),
  ];
}

function starter(row) {
  const large = row.readsOrWrites ? row.args.find((arg) => KINDS[arg.kind].large) : undefined;
  const lines = [
    `function start${capital(row.name)}(pump, blocking, ${[...started(row).map((arg) => arg.name), 'options'].join(', ')}) {`,
    ...checkLines(row),
    ...optionLines(row),
    ...stepLines(row, 'prepare'),
    '  const ticket = pump.ticket();',
    ...valueLines(row),
    ...stepLines(row, 'start'),
  ];
  if (large) {
    const size = substitute(KINDS[large.kind].large, large.name, large.name, row);
    lines.push(`  const offThread = !blocking && ${size} >= OFF_THREAD_BYTES;`);
    lines.push('  if (extras !== undefined) extras.apply(offThread);');
    lines.push('  else if (offThread) pump.sendOffThread();');
  } else {
    const offThread = row.name === 'splice' || row.name === 'tee';
    lines.push(`  if (extras !== undefined) extras.apply(${offThread});`);
  }
  const toFill = row.args.find((arg) => arg.kind === 'buffer' || arg.kind === 'bufferList');
  lines.push(`  ${toFill ? 'let' : 'const'} refused = ${queueCall(row)};`);
  if (toFill) {
    const lend = toFill.kind === 'buffer' ? 'lend' : 'lendAll';
    const swapped = queueCall(row, (text) => (text === toFill.name ? `pump.${lend}(ticket, ${text})` : text));
    lines.push(`  if (refused === NOT_OURS) refused = ${swapped};`);
  }
  lines.push(
    `  if (refused !== undefined) pump.refuse(ticket, refused, '${row.name}');`,
    `  if (extras !== undefined) extras.attach(ticket, '${row.name}');`,
    '  return ticket;',
    '}',
    '',
  );
  return lines.join('\n');
}

function methods(row) {
  const start = `start${capital(row.name)}(pump`;
  if (row.returns === 'attribute') return attributeMethods(row);
  if (row.isStream) return streamMethod(row);
  return `  ${row.name}(${parameters(row)}) {
    const pump = this[PUMP];
    try {
      return pump.promise(${start}, false, ${passed(row)}), '${row.name}');
    } catch (error) {
      return pump.rejected(error);
    }
  }

  ${row.name}Sync(${parameters(row)}) {
    const pump = this[PUMP];
    return pump.block(${start}, true, ${passed(row)}), '${row.name}');
  }
`;
}

/** One that gives an async iterator: the operation is queued when somebody asks for the first result. */
function streamMethod(row) {
  const indent = (line) => `  ${line}`;
  return [
    `  ${row.name}(${parameters(row)}) {`,
    '    const pump = this[PUMP];',
    ...checkLines(row).map(indent),
    ...stepLines(row, 'prepare').map(indent),
    `    const start = (ticket) => ${queueCall(row)};`,
    `    return new Stream(pump, '${row.name}', ${RETURNS[row.returns].source}, options, start);`,
    '  }',
    '',
  ].join('\n');
}

function attributeMethods(row) {
  const [file] = positional(row).map((arg) => arg.name);
  const passedOn = `this[PUMP], start${capital(row.name)}, ${file}, name, options, '${row.name}'`;
  return `  ${row.name}(${parameters(row)}) {
    return readAttribute(${passedOn});
  }

  ${row.name}Sync(${parameters(row)}) {
    return readAttributeSync(${passedOn});
  }
`;
}

function optionLists() {
  const lists = rows
    .filter((row) => optional(row).length > 0 || row.readsOrWrites)
    .map((row) => {
      const names = optional(row).map((arg) => `'${arg.name}', `).join('');
      const more = row.readsOrWrites ? ", 'rwFlags'" : '';
      return `const ${row.name.toUpperCase()}_OPTIONS = [${names}...OPTIONS${more}];\n`;
    });
  return lists.join('');
}

/** Those that are newer than their opcode, by which the kernel can't be asked for them. */
function laterList() {
  const isLater = (row) => row.since !== rows.find(({ opcode }) => opcode === row.opcode).since;
  const lines = rows.filter(isLater).map((row) => `  ${row.name}: '${row.since}',\n`);
  return `/** Operations that came later than their opcode, and with which Linux. */\nconst LATER = {\n${lines.join('')}};\n`;
}

function code() {
  return `// Generated by scripts/generate-operations.js from src/ops/table.rs: the methods of a ring, each as
// promise and blocking. A \`start\` function checks the arguments and queues the operation.

'use strict';

const { acceptedMemory, acceptedOf, addressOf, encode, messageOf, receivedMemory, sentMemory } = require('./address.js');
const check = require('./arguments.js');
const { addProvided, checkProvided, groupOf, removed } = require('./buffer-ring.js');
const { lacks } = require('./errors.js');
const { Extras } = require('./extras.js');
const { sharedArray, wordOf, wordsOf } = require('./futex.js');
const { Loan } = require('./memory.js');
const { queue } = require('./native.js');
const { AT_FDCWD, NOT_OURS, OFF_THREAD_BYTES, OPTIONS, PUMP, STATX_ALL, listOf, total } = require('./pump-shared.js');
const { DESCRIPTOR, Direct, DirectPair, Kept, Made, NOTHING, OnPath, Released, pipeOf, rename } = require('./results.js');
const { Sent } = require('./sent.js');
const { optionMemory, optionOf } = require('./socket-option.js');
const { statsOf } = require('./statx.js');
const { Chunks, Connections, Events, Messages, Stream, Ticks } = require('./stream.js');
const { EVENT_BYTES, epollEvent, epollEventsOf, siginfoOf, timespec } = require('./waiting.js');
const { readAttribute, readAttributeSync } = require('./xattr.js');

${optionLists()}
${laterList()}
${rows.filter((row) => !row.isStream).map(starter).join('\n')}
/** The regular operations, for UringCtx to inherit. */
class Operations {
${rows.map(methods).join('\n')}}

module.exports = { LATER, Operations, startReadInto, startWrite };
`;
}

// operations.d.ts

function typedParameters(row) {
  const args = positional(row).map((arg, at, all) => {
    const { type } = KINDS[arg.kind];
    if (arg.default == null) return `${arg.name}: ${type}`;
    const isOptional = all.slice(at).every((later) => later.default != null);
    return isOptional ? `${arg.name}?: ${type}` : `${arg.name}: ${type} | undefined`;
  });
  const own = optional(row).map((arg) => `${arg.name}?: ${KINDS[arg.kind].type}`);
  const base = row.isStream ? 'WaitOptions' : row.readsOrWrites ? 'ReadWriteOptions' : 'OperationOptions';
  const options = own.length > 0 ? `${base} & { ${own.join('; ')} }` : base;
  return [...args, `options?: ${options}`].join(', ');
}

/** The parameters where the option that changes the result is given: nothing before it can be left out. */
function withFlag(args, flag) {
  const given = args.replace('options?:', 'options:').replace(`${flag}?: boolean`, `${flag}: true`);
  return given.replaceAll(/(\w+)\?(: [\w ]+)(?=,.* options:)/g, '$1$2 | undefined');
}

function types() {
  const declared = rows.map((row) => {
    const { type } = RETURNS[row.returns];
    const args = typedParameters(row);
    if (row.isStream) {
      return `  /** ${row.doc} Linux ${row.since}; see ${row.man}. */\n  ${row.name}(${args}): AsyncIterableIterator<${type}>;\n`;
    }
    const [flag, other] = RETURNS[row.returns].with ?? [];
    // With an option that changes the result, a declaration for each of the two.
    const forms = [[args, type]];
    if (flag) forms.unshift([withFlag(args, flag), other]);
    return [
      `  /** ${row.doc} Linux ${row.since}; see ${row.man}. */`,
      ...forms.map(([taken, given]) => `  ${row.name}(${taken}): Promise<${given}>;`),
      `  /** {@link ${row.name}}, blocking. */`,
      ...forms.map(([taken, given]) => `  ${row.name}Sync(${taken}): ${given};`),
      '',
    ].join('\n');
  });
  return `// Generated by scripts/generate-operations.js from src/ops/table.rs: the types of the operations.

import type { PathLike } from 'node:fs';

import type {
  BufferRing,
  Data,
  EpollEvent,
  Fillable,
  Futex,
  OpenHow,
  OperationOptions,
  ReadWriteOptions,
  Siginfo,
  SocketAddress,
  Statx,
  Time,
  UserData,
  WaitOptions,
} from './ctx.js';

export class Operations {
${declared.join('\n')}}
`;
}

// docs/operations.md

function docs() {
  const lines = rows.map((row) => {
    const signature = `${row.name}(${parameters(row).replace(/, ?options$|^options$/, '')})`;
    const own = optional(row).map((arg) => `\`${arg.name} = ${arg.default}\``).join(', ');
    const doc = own ? `${row.doc} Options: ${own}.` : row.doc;
    const says = row.isStream ? `iterator of ${RETURNS[row.returns].says}` : RETURNS[row.returns].says;
    return `| \`${signature}\` | ${says} | ${row.since} | ${row.man} | ${doc} |`;
  });
  return `<!-- Generated by scripts/generate-operations.js from src/ops/table.rs. -->

# Operations of a ring

Each is a method of \`UringCtx\` that returns a Promise, and under its name + \`Sync\` one that blocks;
an iterator has one form, an async iterator whose leaving cancels the operation.
All take a trailing \`options\` object with \`signal\`, \`timeout\` (ms), \`userData\` and \`sqeFlags\`; those
that read or write also \`rwFlags\`. On a kernel that lacks its opcode an operation fails with
\`EOPNOTSUPP\`, naming the Linux of the third column; \`ctx.probeOpcodeSupported()\` tells beforehand.

| call | result | Linux | man page | what it does |
|---|---|---|---|---|
${lines.join('\n')}
`;
}

const outputs = [
  ['lib/operations.js', code()],
  ['lib/operations.d.ts', types()],
  ['docs/operations.md', docs()],
];
for (const [name, text] of outputs) {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) fs.writeFileSync(file, text);
}
