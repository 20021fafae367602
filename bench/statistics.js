// Medians and spread of a list of samples.

'use strict';

function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function figures(samples) {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

module.exports = { figures, median };
