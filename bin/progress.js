// The progress bar: percent, bytes, rate and time left, on a terminal only.

'use strict';

const REDRAW_MS = 100;
const RATE_WINDOW = 50; // redraws: the rate is that of the last five seconds
const ERASE = '\r\x1b[K';

/**
 * Returns null where nobody would see it: then the pipeline is spared the callbacks too.
 * `update(done, total)` is cheap and only notes; a timer draws.
 */
function startProgress(stream) {
  if (!stream.isTTY || process.env.TERM === 'dumb') return null;
  const started = performance.now();
  const samples = [{ done: 0, at: started }];
  let state = { done: 0, total: 0 };

  const draw = () => {
    const sample = { done: state.done, at: performance.now() };
    const line = describe({ ...state, rate: rateBetween(samples[0], sample), columns: stream.columns });
    samples.push(sample);
    if (samples.length > RATE_WINDOW) samples.shift();
    stream.write(`${ERASE}${line}`);
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();

  return {
    update(done, total) {
      state = { done, total };
    },
    finish() {
      clearInterval(timer);
      const seconds = (performance.now() - started) / 1000;
      const line = `100%  ${bytes(state.done)} in ${seconds.toFixed(1)} s, ${bytes(state.done / seconds)}/s`;
      stream.write(`${ERASE}${line}\n`);
    },
    clear() {
      clearInterval(timer);
      stream.write(ERASE);
    },
  };
}

function rateBetween(from, to) {
  return (1000 * (to.done - from.done)) / (to.at - from.at);
}

/** One line without a bar where the length is unknown or the terminal is narrow. */
function describe({ done, total, rate, columns = 80 }) {
  const speed = `${bytes(rate)}/s`;
  if (total === 0) return `${bytes(done)}  ${speed}`;
  const left = done >= total ? 'syncing' : `${duration((total - done) / rate)} left`;
  const percent = `${Math.floor((100 * done) / total)}%`.padStart(4);
  // Padded, lest the bar change its length with every digit.
  const text = `${bytes(done).padStart(10)} of ${bytes(total)} ${speed.padStart(12)}  ${left}`;
  const width = Math.min(40, columns - percent.length - text.length - 6);
  if (width < 5) return `${percent}  ${text}`.slice(0, columns - 1);
  const filled = Math.floor((width * done) / total);
  return `${percent} [${'='.repeat(filled)}${' '.repeat(width - filled)}] ${text}`;
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let unit = 0;
  let value = Number.isFinite(count) ? count : 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return '-:--';
  const whole = Math.ceil(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

module.exports = { startProgress };
