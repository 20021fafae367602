// Reads the result that jest wrote as JSON, fails if a test file on the disk was not among those it
// ran, and prints the count: `node scripts/count-tests.js RESULT.json`.

'use strict';

const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '../__tests__');
const { testResults, ...totals } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

const ran = new Set(testResults.filter((file) => file.assertionResults.length > 0).map((file) => file.name));
// What tests share lives in a folder of its own; all else there is a test, whatever its name.
const missed = fs
  .readdirSync(folder, { recursive: true })
  .filter((name) => /\.[cm]?[jt]s$/.test(name) && !name.startsWith('support/'))
  .filter((name) => !ran.has(path.join(folder, name)));

for (const name of missed) console.log(`not run: __tests__/${name}`);
if (missed.length > 0 || !totals.success) process.exitCode = 1;

const skipped = totals.numPendingTests + totals.numTodoTests;
console.log(`${totals.numPassedTests} passed, ${totals.numFailedTests} failed, ${skipped} skipped`);
