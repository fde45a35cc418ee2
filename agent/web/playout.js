/**
 * How late the ear is: what `hocket.playout` reports, from a browser's growing totals. Pure.
 *
 * `jitterBufferDelay` is a total since the call began; only its growth over the last moments says what the delay
 * is now.
 */

/**
 * @typedef {object} Reading one look at getStats
 * @property {number} at seconds
 * @property {number} delay total seconds that samples waited in the jitter buffer
 * @property {number} emitted total samples that left it
 * @property {number|null} rtt seconds
 */

/** @typedef {{rtt_ms: number|null, jitter_buffer_ms: number, output_latency_ms: number}} Playout */

const WINDOW = 1.0;

export class PlayoutWindow {
  constructor() {
    /** @type {Reading[]} */
    this.readings = [];
  }

  /** @param {Reading} reading @param {number} output seconds from the page to the ear @returns {Playout} */
  add(reading, output) {
    const last = this.readings.at(-1);
    if (last && (reading.emitted < last.emitted || reading.delay < last.delay)) this.readings = []; // another track
    this.readings.push(reading);
    while (this.readings.length > 2 && reading.at - this.readings[1].at >= WINDOW) this.readings.shift();
    const first = this.readings[0];
    const count = reading.emitted - first.emitted;
    const jitter = count > 0 ? (reading.delay - first.delay) / count
      : reading.emitted > 0 ? reading.delay / reading.emitted : 0;
    return playout(reading.rtt, jitter, output);
  }
}

/** @param {number|null} rtt null: not known @param {number} jitter @param {number} output all seconds @returns {Playout} */
export function playout(rtt, jitter, output) {
  return { rtt_ms: rtt === null ? null : ms(rtt), jitter_buffer_ms: ms(jitter), output_latency_ms: ms(output) };
}

/** Finite, not negative, at most 5 s; a tenth of a millisecond. @param {number} seconds */
function ms(seconds) {
  const value = Number.isFinite(seconds) ? Math.max(0, Math.min(5, seconds)) : 0;
  return Math.round(value * 10000) / 10;
}

/** The one look at a peer connection's statistics. @param {Iterable<any>} reports @param {number} at */
export function reading(reports, at) {
  let delay = 0, emitted = 0, rtt = /** @type {number|null} */ (null);
  for (const report of reports) {
    if (report.type === 'inbound-rtp' && report.kind === 'audio') {
      delay = report.jitterBufferDelay ?? 0;
      emitted = report.jitterBufferEmittedCount ?? 0;
    } else if (report.type === 'candidate-pair' && report.nominated && report.currentRoundTripTime !== undefined) {
      rtt = report.currentRoundTripTime;
    }
  }
  return { at, delay, emitted, rtt };
}
