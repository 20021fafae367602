// The bench: `node bench/run.js [filter...] [--only NAME]... [--rounds N] [--warmup N] [--size BYTES]
// [--dir DIR] [--out FILE] [--list]`. Each row of rows/ is a trial with several competitors, run in turns, round
// by round, so that a machine that slows down slows all of them. It prints a table for each row and
// writes all samples to results.json, from which report.js makes the README's table and chart.
//
// A filter is the name of a file in rows/, or part of a row's name; --only is part of a competitor's
// name, and leaves out the others. Rows that need root (cold cache, loop
// devices), a tool or another runtime are skipped where that is missing, and say so.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { machineFacts } = require('./machine.js');
const { rowTable } = require('./markdown.js');
const { missingFor, runRow } = require('./trial.js');
const { Scratch } = require('./scratch.js');

const UNITS = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

function parseSize(text) {
  const [, digits, unit] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? 1);
  if (!(bytes >= 2 ** 20)) throw new Error(`--size must be at least 1M, like 64M or 1G, not ${text}`);
  return bytes;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true, default: [''] },
      rounds: { type: 'string', default: '7' },
      warmup: { type: 'string', default: '1' },
      size: { type: 'string', default: '1G' },
      dir: { type: 'string', default: path.join(__dirname, 'scratch') },
      out: { type: 'string', default: path.join(__dirname, 'results.json') },
      list: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds >= 1)) throw new Error('--rounds must be a positive integer');
  const warmup = Number(values.warmup);
  return { ...values, rounds, warmup, size: parseSize(values.size), filters: positionals };
}

function allRows(size) {
  const folder = path.join(__dirname, 'rows');
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const group = path.basename(file, '.js');
      return require(path.join(folder, file))(size).map((row) => ({ ...row, group }));
    });
}

function select(rows, { filters, only }) {
  const groups = new Set(rows.map(({ group }) => group));
  const fits = ({ name, group }, filter) =>
    groups.has(filter) ? group === filter : name.includes(filter);
  const isWanted = ([name]) => only.some((part) => name.includes(part));
  return rows
    .filter((row) => filters.length === 0 || filters.some((filter) => fits(row, filter)))
    .map((row) => ({
      ...row,
      competitors: Object.fromEntries(Object.entries(row.competitors).filter(isWanted)),
    }));
}

async function main() {
  const options = readArguments();
  const rows = select(allRows(options.size), options);
  if (options.list) {
    for (const { group, name } of rows) console.log(`${group}: ${name}`);
    return;
  }

  const scratch = new Scratch(options.dir);
  const results = { machine: machineFacts(scratch.root), size: options.size, rows: [], skipped: [] };
  try {
    for (const row of rows) {
      const reason = missingFor(row);
      if (reason !== null) {
        results.skipped.push({ name: row.name, reason });
        console.log(`## ${row.name}\n\nskipped: ${reason}\n`);
        continue;
      }
      const result = await runRow(row, scratch, options);
      results.rows.push(result);
      console.log(rowTable(result));
      // After each row, so that a run that is broken off keeps what it has.
      fs.writeFileSync(options.out, `${JSON.stringify(results, null, 1)}\n`);
    }
  } finally {
    scratch.remove();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
