// Rules for the JavaScript here: eslint's recommended ones and a few more.

'use strict';

const js = require('@eslint/js');

const node = Object.fromEntries(
  // What Node has and the language does not: eslint's own list of it is a package of its own.
  Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
);
const commonjs = { require: 'readonly', module: 'writable', exports: 'writable', __dirname: 'readonly', __filename: 'readonly' };
const jest = ['afterAll', 'afterEach', 'beforeAll', 'beforeEach', 'describe', 'expect', 'it', 'jest', 'test'];

module.exports = [
  { ignores: ['binding.js', 'target/', '**/node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { ...node, ...commonjs } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // A function fits a screen or two; the same limit as in clippy.toml.
    files: ['index.js', 'lib/**', 'bin/**', 'scripts/**', 'bench/**'],
    rules: { 'max-lines-per-function': ['error', 70] },
  },
  { files: ['bench/**'], languageOptions: { globals: { Bun: 'readonly' } } },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module', globals: node } },
  {
    files: ['__tests__/**/*.js'],
    languageOptions: { globals: Object.fromEntries(jest.map((name) => [name, 'readonly'])) },
  },
];
