// The README's bar chart: a panel for each row that asks for one, a bar for each of its competitors,
// as long as its median, with its spread as a line. Colours follow the reader's light or dark mode.

'use strict';

const { figure } = require('./markdown.js');

const WIDTH = 840;
const LABELS = 300; // where the bars begin
const BARS = 420; // the longest bar
const ROW = 24;
const HEAD = 34;
const GAP = 18;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    .label { text-anchor: end; }
    .bar { fill: #afb8c1; }
    .first { fill: #1a7f37; }
    .spread { stroke: #57606a; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .bar { fill: #484f58; }
      .first { fill: #3fb950; }
      .spread { stroke: #b1bac4; }
    }`;

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

function bar({ name, median, min, max }, index, { unit, longest, top }) {
  const y = top + index * ROW;
  const scale = (value) => (LABELS + (value / longest) * BARS).toFixed(1);
  const middle = y + 9;
  return [
    `  <text class="label" x="${LABELS - 8}" y="${y + 13}">${escape(name)}</text>`,
    `  <rect class="${index === 0 ? 'first' : 'bar'}" x="${LABELS}" y="${y}" width="${(scale(median) - LABELS).toFixed(1)}" height="18" rx="2"/>`,
    `  <line class="spread" x1="${scale(min)}" x2="${scale(max)}" y1="${middle}" y2="${middle}"/>`,
    `  <text x="${Number(scale(max)) + 8}" y="${y + 13}">${figure(median, unit)}</text>`,
  ];
}

function panel(row, top) {
  const shown = row.chart
    .map((name) => row.competitors.find((competitor) => competitor.name === name))
    .filter((competitor) => competitor !== undefined);
  const longest = Math.max(...shown.map(({ max }) => max));
  const place = { unit: row.unit, longest, top: top + HEAD };
  const lines = [
    `  <text class="title" x="${LABELS}" y="${top + 22}">${escape(row.name)}</text>`,
    ...shown.flatMap((competitor, index) => bar(competitor, index, place)),
  ];
  return { lines, bottom: top + HEAD + shown.length * ROW + GAP };
}

/** The chart as SVG; the first competitor of each row is ours. */
function chart(rows) {
  const lines = [];
  let bottom = 0;
  for (const row of rows.filter((candidate) => candidate.chart.length > 0)) {
    const drawn = panel(row, bottom);
    lines.push(...drawn.lines);
    bottom = drawn.bottom;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom}" role="img" aria-label="Medians of the bench; shorter is better">`,
    `  <style>${STYLE}\n  </style>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

module.exports = { chart };
