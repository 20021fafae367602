// Results as text: sizes, figures and tables.

'use strict';

const MIB = 2 ** 20;

function human(bytes) {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [MIB, 'MiB'];
  return `${Number((bytes / unit).toFixed(2))} ${name}`;
}

const digits = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);

/** A figure in its row's unit; less than a second in milliseconds, which reads better. */
function figure(value, unit) {
  const [shown, name] = unit === 's' && value < 1 ? [value * 1000, 'ms'] : [value, unit];
  return `${shown.toFixed(digits(shown))} ${name}`;
}

const times = (ratio) => `${ratio?.toFixed(ratio < 0.1 ? 3 : 2)} x`;

function goalText(goal, unit) {
  const { subject, against, ratio, above, met } = goal;
  const asked = ratio === undefined ? `at most ${above} ${unit} above` : `at most ${times(ratio)}`;
  const found =
    ratio === undefined
      ? `${goal.value?.toFixed(2)} ${unit} above`
      : `${times(goal.ofMedians)} by medians, ${times(goal.ofRounds)} by rounds`;
  const verdict = met === null ? 'not measured' : `${met ? 'met' : '**not met**'}: ${found}`;
  return `- ${subject}: ${asked} ${against}: ${verdict}`;
}

/** How many times the first competitor's figure each is. */
function rowTable({ name, unit, rounds, competitors, absent, goals }) {
  const [first] = competitors;
  const lines = competitors.map((competitor) => {
    const { median, min, max, kind } = competitor;
    const spread = `${figure(min, unit)} - ${figure(max, unit)}`;
    return `| ${competitor.name} | ${figure(median, unit)} | ${spread} | ${(median / first.median).toFixed(2)} | ${kind} |`;
  });
  return [
    `### ${name}`,
    '',
    `| ${rounds} rounds | median | min - max | x ${first.name} | timed |`,
    '|---|--:|--:|--:|---|',
    ...lines,
    '',
    ...goals.map((goal) => goalText(goal, unit)),
    ...absent.map(({ name: missing, reason }) => `- ${missing}: skipped, ${reason}`),
    '',
  ].join('\n');
}

module.exports = { MIB, figure, goalText, human, rowTable };
