// One row, run: its competitors are started, take their turns round by round, and are stopped; the
// samples become figures, and the figures are held against the row's goals.
//
// A row is data:
//   name, unit        what is measured, and in what: 's', 'ms', 'MiB'; less is better
//   needs             names of REQUIREMENTS below
//   rounds            at most so many, and none to warm up, for what takes long
//   setup(scratch)    makes the files, returns the context that all else is given
//   before(context)   brings the files into the same state before every sample; not timed
//   check(context)    after each competitor's first sample: throws if the work was not done
//   competitors       name -> a competitor of competitors.js
//   goals             { subject, against, ratio } or { subject, against, above }: what the subject's
//                     figure may be, as a multiple of the other's or so much above it
//   chart             the competitors that the README's chart shows; none: the row is not in it

'use strict';

const fs = require('node:fs');
const { figures, median } = require('./statistics.js');
const { isInstalled } = require('./scratch.js');

const REQUIREMENTS = {
  root: () => (process.getuid() === 0 ? null : 'needs root'),
  xfs: () => filesystem('xfs'),
  btrfs: () => filesystem('btrfs'),
};

function filesystem(type) {
  if (!isInstalled(`mkfs.${type}`)) return `needs mkfs.${type}`;
  const known = fs.readFileSync('/proc/filesystems', 'utf8').includes(`\t${type}\n`);
  return known ? null : `this kernel has no ${type}`;
}

/** Why a row can't run here, or null. */
function missingFor({ needs = [] }) {
  const reasons = needs.map((need) => REQUIREMENTS[need]()).filter((reason) => reason !== null);
  return reasons.length === 0 ? null : reasons.join(', ');
}

async function start(row, context) {
  const runners = [];
  const absent = [];
  for (const [name, competitor] of Object.entries(row.competitors)) {
    const reason = competitor.missing();
    if (reason !== null) absent.push({ name, reason });
    else runners.push({ name, kind: competitor.kind, samples: [], ...(await competitor.start(context)) });
  }
  return { runners, absent };
}

async function takeTurns(row, context, runners, { rounds, warmup }) {
  for (let round = -warmup; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      // Each round begins with another, so that nobody always follows the same load of the disk.
      const runner = runners[(turn + Math.max(round, 0)) % runners.length];
      await row.before?.(context);
      const value = await runner.sample();
      if (round === -warmup) row.check?.(context, runner.name);
      if (round >= 0) runner.samples.push(value);
    }
  }
}

/** Both ways to compare, since each can be lucky: the goal is met only if both meet it. */
function compare(goal, runners) {
  const [ours, theirs] = [goal.subject, goal.against].map((name) =>
    runners.find((runner) => runner.name === name),
  );
  if (ours === undefined || theirs === undefined) return { ...goal, met: null };
  const [mine, other] = [median(ours.samples), median(theirs.samples)];
  if (goal.above !== undefined) {
    const above = mine - other;
    return { ...goal, value: above, met: above <= goal.above };
  }
  const ofMedians = mine / other;
  const ofRounds = median(ours.samples.map((sample, round) => sample / theirs.samples[round]));
  return { ...goal, ofMedians, ofRounds, met: Math.max(ofMedians, ofRounds) <= goal.ratio };
}

function roundsOf(row, { rounds, warmup }) {
  if (row.rounds === undefined) return { rounds, warmup };
  return { rounds: Math.min(row.rounds, rounds), warmup: 0 };
}

async function runRow(row, scratch, options) {
  const { rounds, warmup } = roundsOf(row, options);
  const context = await row.setup(scratch);
  const { runners, absent } = await start(row, context);
  try {
    await takeTurns(row, context, runners, { rounds, warmup });
  } finally {
    for (const runner of runners) await runner.stop?.();
    await row.teardown?.(context);
    scratch.empty();
  }
  return {
    name: row.name,
    group: row.group,
    unit: row.unit,
    rounds,
    competitors: runners.map(({ name, kind, samples }) => ({ name, kind, ...figures(samples), samples })),
    absent,
    chart: row.chart ?? [],
    goals: (row.goals ?? []).map((goal) => compare(goal, runners)),
  };
}

module.exports = { missingFor, runRow };
