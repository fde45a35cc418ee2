/**
 * From one sample rate to another while the sound comes: a windowed sinc, one phase table, no device.
 *
 * Browsers give the device's rate (44.1 or 48 kHz) and the wire has 24 kHz. It must never lose or repeat a
 * sample where two pieces meet.
 */

const HALF = 16; // input samples to either side of an output sample, at equal rates
const PHASES = 128;

/** @param {number} x @returns {number} Kaiser-like window, cheap: a raised cosine, 1 at 0 and 0 at ±1 */
const window = (x) => (Math.abs(x) >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * x));

/** @param {number} reach taps to either side @param {number} cutoff share of the input's Nyquist */
function table(reach, cutoff) {
  const rows = [];
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = new Float32Array(2 * reach);
    let sum = 0;
    for (let k = 0; k < 2 * reach; k++) {
      const t = k - reach + 1 - phase / PHASES;
      const x = Math.PI * cutoff * t;
      row[k] = cutoff * (x === 0 ? 1 : Math.sin(x) / x) * window(t / reach);
      sum += row[k];
    }
    rows.push(row.map((tap) => tap / sum)); // else a constant would ripple from phase to phase
  }
  return rows;
}

export class Resampler {
  /** @param {number} from Hz @param {number} to Hz */
  constructor(from, to) {
    this.step = from / to;
    const cutoff = Math.min(1, to / from) * (from === to ? 1 : 0.94);
    this.reach = Math.ceil(HALF * Math.max(1, this.step));
    this.rows = from === to ? null : table(this.reach, cutoff);
    this.kept = new Float32Array(this.reach); // silence before the first sample
    this.at = this.reach; // where in `kept` the next output lies
  }

  /** Forget what came before: another sound begins. */
  reset() {
    this.kept = new Float32Array(this.reach);
    this.at = this.reach;
  }

  /** @param {Float32Array} samples @returns {Float32Array} what is whole by now: `reach` input samples late */
  push(samples) {
    if (this.rows === null) return samples;
    const all = new Float32Array(this.kept.length + samples.length);
    all.set(this.kept);
    all.set(samples, this.kept.length);
    const last = all.length - this.reach - 1;
    const out = new Float32Array(Math.max(0, Math.floor((last - this.at) / this.step) + 1));
    for (let n = 0; n < out.length; n++) out[n] = this.#one(all, this.at + n * this.step);
    this.at += out.length * this.step;
    const from = Math.max(0, Math.floor(this.at) - this.reach);
    this.kept = all.slice(from);
    this.at -= from;
    return out;
  }

  /** @param {Float32Array} all @param {number} at */
  #one(all, at) {
    const whole = Math.floor(at);
    const phase = (at - whole) * PHASES;
    const row = Math.floor(phase);
    const mix = phase - row;
    const a = /** @type {Float32Array[]} */ (this.rows)[row];
    const b = /** @type {Float32Array[]} */ (this.rows)[row + 1];
    let sum = 0;
    for (let k = 0, n = whole - this.reach + 1; k < a.length; k++, n++) {
      sum += all[n] * (a[k] + mix * (b[k] - a[k]));
    }
    return sum;
  }
}
