// `node bench/report.js [RESULTS]`: draws chart.svg from results.json, and writes the tables into the
// README between its markers `<!-- bench:start -->` and `<!-- bench:end -->`.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { chart } = require('./chart.js');
const { goalText, rowTable } = require('./markdown.js');

const README = path.join(__dirname, '..', 'README.md');
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

function machineText({ cpu, cores, memoryGiB, kernel, filesystem, versions }) {
  const others = Object.entries(versions)
    .filter(([name, version]) => version !== null && name !== 'cp' && name !== 'uring')
    .map(([name, version]) => `${name} ${version}`);
  const system = `Linux ${kernel}, ${filesystem}, ${cpu} with ${cores} cores, ${memoryGiB} GiB of memory`;
  return `uring ${versions.uring} on ${system}; ${others.join(', ')}; ${versions.cp}.`;
}

function report({ machine, rows, skipped }) {
  const goals = rows.flatMap((row) =>
    row.goals.map((goal) => goalText(goal, row.unit).replace(/^- /, `- ${row.name}: `)),
  );
  return [
    START,
    '![Medians of the bench; shorter is better](bench/chart.svg)',
    '',
    `Medians of ${rows[0].rounds} interleaved rounds, and the spread as a line. ${machineText(machine)}`,
    'Commands are timed from start to exit, the others in a process that is already running.',
    '',
    'What was asked of it, and what came out:',
    '',
    ...goals,
    '',
    '<details><summary>All figures</summary>',
    '',
    ...rows.map(rowTable),
    ...skipped.map(({ name, reason }) => `- ${name}: skipped, ${reason}`),
    '',
    '</details>',
    END,
  ].join('\n');
}

function main() {
  const file = process.argv[2] ?? path.join(__dirname, 'results.json');
  const results = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(path.join(__dirname, 'chart.svg'), chart(results.rows));

  const readme = fs.readFileSync(README, 'utf8');
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start === -1 || end < start) throw new Error(`README.md has no ${START} ... ${END}`);
  fs.writeFileSync(README, readme.slice(0, start) + report(results) + readme.slice(end + END.length));
}

main();
