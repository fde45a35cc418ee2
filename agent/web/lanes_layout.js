/**
 * Where things lie on the lanes: time to pixels, texts to rows, decisions to discs. Pure; it knows no canvas.
 *
 * What was placed once keeps its row while it scrolls by: nothing jumps.
 */

/** @typedef {import('./conversation.js').Conversation} Conversation */
/** @typedef {import('./marks.js').Mark} Mark */

/** Share of the width left of the moment that is now: right of it there is room for texts that begin now. */
const NOW = 0.74;
const LINE = 16;
/** Pixels between two bars of a voice. */
export const PITCH = 3;

/** @typedef {{y: number, height: number}} Band */
/** @typedef {'discs'|'user'|'listening'|'drafts'|'agent'|'words'|'axis'} BandName */
/**
 * @typedef {object} Frame
 * @property {number} width @property {number} height
 * @property {number} left where the lanes begin: after their names, or 0 where names stand inside
 * @property {number} now pixels @property {number} scale pixels per second @property {boolean} narrow
 * @property {number} rows of texts below a bar
 * @property {Record<BandName, Band>} bands
 */

/** @param {number} width CSS pixels @returns {Frame} */
export function frame(width) {
  const narrow = width < 620;
  const left = narrow ? 0 : 108;
  const rows = narrow ? 2 : 3;
  const voice = narrow ? 34 : 56;
  const name = narrow ? 15 : 0; // names stand above their lanes
  const gap = narrow ? 4 : 12;
  let y = 0;
  const band = (/** @type {number} */ height, space = gap) => {
    const found = { y, height };
    y += height + space;
    return found;
  };
  const discs = band(42, 2);
  y += name;
  const user = band(voice);
  y += name;
  const listening = band(9 + rows * LINE);
  y += name;
  const drafts = band(9 + rows * LINE);
  y += name;
  const agent = band(voice, 2);
  const words = band((narrow ? 1 : 2) * LINE, 4);
  const axis = band(18, 0);
  const now = left + (width - left) * NOW;
  const seconds = narrow ? 5.5 : Math.max(7, Math.min(14, (now - left) / 82));
  return {
    width, height: y, left, now, scale: (now - left) / seconds, narrow, rows,
    bands: { discs, user, listening, drafts, agent, words, axis },
  };
}

/** Pixels of a moment. @param {Frame} f @param {number} at @param {number} now both in seconds */
export const x = (f, at, now) => f.now + (at - now) * f.scale;

/**
 * Which row each text of one band lies in, kept from frame to frame.
 * @template {object} T
 */
export class Rows {
  /** @param {number} count */
  constructor(count) {
    this.count = count;
    /** @type {WeakMap<T, number>} */
    this.of = new WeakMap();
    /** What was placed last in each row. @type {(T|undefined)[]} */
    this.last = [];
  }

  /**
   * Of a text that comes now: the row that is free earliest. Of one that was placed: the same.
   * @param {T} text @param {(text: T) => number} ends pixels, from wherever the caller counts @returns {number}
   */
  row(text, ends) {
    const known = this.of.get(text);
    if (known !== undefined) return known;
    let best = 0;
    let earliest = Infinity;
    for (let row = 0; row < this.count; row++) {
      const last = this.last[row];
      const end = last === undefined ? -Infinity : ends(last);
      if (end < earliest) [best, earliest] = [row, end];
    }
    this.of.set(text, best);
    this.last[best] = text;
    return best;
  }
}

/**
 * @typedef {{text: string, x: number, room: number, row: number, faint: boolean, begins: number, ends: number}} Placed
 */

/**
 * Texts of one band with their rows, and the room each has until the next in its row.
 * @template {{begins: number, ends: number, faint: boolean, text: string}} T
 * @param {T[]} texts in time; the same objects from frame to frame keep their rows
 * @param {Rows<T>} rows @param {Frame} f @param {number} now @param {(text: string) => number} measure pixels
 * @returns {Placed[]}
 */
export function place(texts, rows, f, now, measure) {
  const ends = (/** @type {T} */ each) => x(f, each.begins, now) + measure(each.text) + 10;
  const right = /** @type {number[]} */ (Array(rows.count).fill(f.width - 4));
  const placed = texts.map((each) => ({ each, row: rows.row(each, ends) }));
  /** @type {Placed[]} */
  const found = [];
  for (const { each, row } of placed.reverse()) {
    const from = x(f, each.begins, now);
    const room = right[row] - from;
    right[row] = from - 10;
    if (from > f.width || from + Math.min(room, measure(each.text)) < f.left) continue;
    found.push({ text: each.text, x: from, room, row, faint: each.faint, begins: each.begins, ends: each.ends });
  }
  return found.reverse();
}

/** @typedef {{mark: Mark, at: number, x: number, row: number}} Disc `at`: where its line stands */

/**
 * Discs of decisions, moved right where they would lie on each other, in two rows.
 * @param {Mark[]} marks in time @param {Frame} f @param {number} now @param {number} [size]
 * @returns {Disc[]}
 */
export function discs(marks, f, now, size = 19) {
  const right = [-Infinity, -Infinity];
  /** @type {Disc[]} */
  const found = [];
  for (const mark of marks) {
    const at = x(f, mark.at, now);
    const row = right[0] <= at - size / 2 || right[0] <= right[1] ? 0 : 1;
    const place = Math.max(at, right[row] + size / 2);
    right[row] = place + size / 2 + 1;
    if (place > f.left - size && at <= f.width) found.push({ mark, at, x: place, row });
  }
  return found;
}

/** The disc under a finger or a pointer. @param {Disc[]} found @param {number} px @param {number} py @param {Frame} f @param {number} reach */
export function hit(found, px, py, f, reach) {
  let best = null;
  let nearest = reach;
  for (const disc of found) {
    const away = Math.hypot(disc.x - px, discY(f, disc.row) - py);
    if (away < nearest) [best, nearest] = [disc, away];
  }
  return best;
}

/** @param {Frame} f @param {number} row */
export const discY = (f, row) => f.bands.discs.y + 11 + row * 20;

/** Levels over time, in buckets of one bar each, so that bars do not shimmer while they scroll. */
export class Levels {
  /** @param {number} seconds kept */
  constructor(seconds = 120) {
    this.seconds = seconds;
    /** @type {{at: number, user: number, agent: number}[]} */
    this.samples = [];
  }

  /** @param {number} at seconds @param {{user: number, agent: number}} level dBFS */
  add(at, { user, agent }) {
    this.samples.push({ at, user, agent });
    if (this.samples.length > 64 && this.samples[0].at < at - 1.25 * this.seconds) {
      this.samples = this.samples.filter((each) => each.at >= at - this.seconds);
    }
  }

  /**
   * Heights 0..1 of the bars between two moments: the loudest of each bucket.
   * @param {'user'|'agent'} who @param {number} from @param {number} to @param {number} step seconds
   * @returns {{at: number, height: number}[]}
   */
  bars(who, from, to, step) {
    /** @type {Map<number, number>} */
    const buckets = new Map();
    for (let n = this.samples.length - 1; n >= 0 && this.samples[n].at >= from; n--) {
      const each = this.samples[n];
      if (each.at > to) continue;
      const bucket = Math.floor(each.at / step);
      buckets.set(bucket, Math.max(buckets.get(bucket) ?? 0, height(each[who])));
    }
    return [...buckets].map(([bucket, high]) => ({ at: bucket * step, height: high }));
  }
}

/** @param {number} level dBFS: −58 and below is nothing, −14 and above all */
export function height(level) {
  return Math.max(0, Math.min(1, (level + 58) / 44));
}
