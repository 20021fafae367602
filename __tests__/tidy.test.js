// The habits of this repository, held by a test. Function length is held by eslint and clippy.

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const uring = require('..');

const root = path.join(__dirname, '..');
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const under = (folder, ...extensions) =>
  tracked.filter((file) => file.startsWith(folder) && extensions.includes(path.extname(file)));

/** Lines, as `file:number: text`, that match `pattern` in `files`. */
function grep(files, pattern) {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((text, index) => (pattern.test(text) ? [`${file}:${index + 1}: ${text.trim()}`] : [])),
  );
}

const texts = tracked.filter((file) => !file.endsWith('.svg') && !file.endsWith('.png'));
const written = texts.filter((file) => file !== 'package-lock.json' && file !== 'binding.js');

test('nothing is left to be done in a comment', () => {
  expect(grep(written, new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].map((word) => `\\b${word}\\b`).join('|')))).toEqual([]);
});

test('no path of the machine where it was written', () => {
  expect(grep(written, /(^|[\s'"`(=])\/(work|root|home)\//)).toEqual([]);
});

test('package-lock.json names no registry', () => {
  expect(grep(['package-lock.json'], /"resolved"|registry/)).toEqual([]);
});

test.each(under('lib/', '.js', '.ts').concat(under('src/', '.rs'), under('bin/', '.js'), under('scripts/', '.js')))(
  '%s says at its top what is here',
  (file) => {
    expect(read(file)).toMatch(/^(#!.*\n)?(\/\/|\/\*\*)/);
  },
);

test('each test file is named after a public name, a file of lib/ or a whole', () => {
  const wholes = [
    'badarguments',
    'cli',
    'copycallbacks',
    'copyfaults',
    'copyoptions',
    'directdescriptors',
    'examples',
    'exit',
    'fallback',
    'faults',
    'forbidden',
    'interleavings',
    'lifetime',
    'model',
    'nativepipelines',
    'operations',
    'package',
    'randomarguments',
    'tidy',
    'types',
  ];
  const files = under('lib/', '.js').map((file) => path.basename(file, '.js'));
  const known = new Set([...Object.keys(uring), ...files, ...wholes].map((name) => name.replaceAll('-', '').toLowerCase()));
  const names = under('__tests__/', '.js')
    .filter((file) => !file.startsWith('__tests__/support/'))
    .map((file) => path.basename(file, '.test.js').replaceAll('-', '').toLowerCase());
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

describe('index.d.ts', () => {
  const declarations = /^(?<doc>\/\*\*(?:(?!\*\/)[^])*\*\/\n)?export (?:declare )?(?<kind>function|const|class|interface|type) (?<name>\w+)/gm;
  const declared = (file) => [...read(file).matchAll(declarations)].map(({ groups }) => groups);
  const values = (file) =>
    declared(file)
      .filter(({ kind }) => !['interface', 'type'].includes(kind))
      .map(({ name }) => name);

  test('declares the keys of index.js and no others', () => {
    const types = new Set(['index.d.ts', 'lib/constants.d.ts', 'lib/ctx.d.ts'].flatMap(values));
    expect([...types].sort()).toEqual(Object.keys(uring).sort());
  });

  test('says of each name what it is', () => {
    const silent = ['index.d.ts', 'lib/ctx.d.ts'].flatMap(declared).filter(({ doc }) => doc === undefined);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
