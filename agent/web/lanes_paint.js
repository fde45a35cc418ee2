/**
 * One picture of the lanes, on a canvas: what lies where is lanes_layout.js's to say, which colours is the style's.
 *
 * It keeps no time and hears no events.
 */

import { lineUp } from './texts.js';
import { discs, discY, frame, PITCH, place, Rows, x } from './lanes_layout.js';

/** @typedef {import('./conversation.js').Conversation} Conversation */
/** @typedef {import('./marks.js').Mark} Mark */
/** @typedef {import('./lanes_layout.js').Frame} Frame */
/** @typedef {import('./lanes_layout.js').Levels} Levels */
/** @typedef {{begins: number, ends: number, faint: boolean, text: string}} Text */

const COLOURS = ['ink', 'faint', 'grid', 'paper', 'user', 'agent', 'listening', 'draft', 'faded', 'focus',
  'mark-draft', 'mark-drop', 'mark-commit', 'mark-duck', 'mark-hold', 'mark-resume', 'mark-hush', 'mark-tool'];
const LABELS = /** @type {const} */ ([
  ['user', 'you', 'user'],
  ['listening', 'thinking while you speak', 'listening'],
  ['drafts', 'drafts, and thoughts of drafts', 'draft'],
  ['agent', 'agent', 'agent'],
]);
const LINE = 16;

export class Painter {
  /** @param {HTMLCanvasElement} canvas its style has the colours as `--lane-…` */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.font = '12px sans-serif';
    /** @type {Record<string, string>} */
    this.colours = {};
    /** One text for each piece of writing, from picture to picture: rows hang on it. @type {WeakMap<object, Text>} */
    this.texts = new WeakMap();
    /** @type {Map<string, number>} */
    this.widths = new Map();
    this.frame = frame(640);
    this.density = 1;
    this.rows = rowsOf(this.frame);
    this.discs = /** @type {import('./lanes_layout.js').Disc[]} */ ([]);
    this.chosen = /** @type {Mark|null} */ (null);
  }

  /** @param {number} width CSS pixels @param {number} density of the screen */
  fit(width, density) {
    const f = frame(width);
    Object.assign(this, { frame: f, density, rows: rowsOf(f) });
    this.canvas.width = Math.round(f.width * density);
    this.canvas.height = Math.round(f.height * density);
    this.canvas.style.height = `${f.height}px`;
    this.restyle();
  }

  /** The style has changed: look at it anew. */
  restyle() {
    this.colours = {};
    this.widths.clear();
  }

  /** @param {Conversation} conversation @param {Levels} levels @param {number} now @param {Mark|null} chosen @returns where the decisions lie */
  paint(conversation, levels, now, chosen) {
    const { pen, frame: f } = this;
    if (!this.colours.ink) this.#colour();
    this.chosen = chosen;
    this.discs = discs(conversation.marks, f, now);
    pen.setTransform(this.density, 0, 0, this.density, 0, 0);
    pen.clearRect(0, 0, f.width, f.height);
    pen.font = this.font;
    this.#grid(f, now, conversation.began);
    this.#lines(f);
    this.#voice(f, now, 'user', levels);
    this.#thoughts(f, now, 'listening', conversation);
    this.#drafts(f, now, conversation);
    this.#thoughts(f, now, 'drafts', conversation);
    this.#voice(f, now, 'agent', levels);
    this.#heard(f, now, conversation);
    this.#names(f);
    this.#marks(f);
    return this.discs;
  }

  #colour() {
    const style = getComputedStyle(this.canvas);
    for (const name of COLOURS) this.colours[name] = style.getPropertyValue(`--lane-${name}`).trim() || '#888';
    this.font = `12px ${style.fontFamily}`;
  }

  /** @param {string} text */
  #wide = (text) => {
    let width = this.widths.get(text);
    if (width === undefined) {
      if (this.widths.size > 2000) this.widths.clear();
      this.widths.set(text, (width = this.pen.measureText(text).width));
    }
    return width;
  };

  /** Seconds since the conversation began, and the moment that is now. @param {Frame} f @param {number} now @param {number|null} began */
  #grid(f, now, began) {
    const { pen, colours } = this;
    const bottom = f.bands.axis.y;
    const top = f.bands.user.y - 4;
    pen.fillStyle = colours.grid;
    for (const name of /** @type {const} */ (['user', 'agent'])) {
      const { y, height } = f.bands[name];
      pen.fillRect(f.left, Math.round(y + height / 2), f.width - f.left, 1);
    }
    const zero = began ?? now;
    for (let second = Math.ceil(now - zero - (f.now - f.left) / f.scale); second <= now - zero; second++) {
      const at = Math.round(x(f, zero + second, now));
      pen.fillStyle = colours.grid;
      pen.fillRect(at, top, 1, bottom - top);
      if (began === null || second < 0 || (f.narrow && second % 2) || at > f.now - 34) continue;
      pen.fillStyle = colours.faint;
      pen.fillText(minutes(second), at + 4, bottom + 13);
    }
    pen.fillStyle = colours.faded;
    pen.fillRect(Math.round(f.now), top, 1, bottom - top + 4);
    pen.fillStyle = colours.faint;
    pen.fillText('now', f.now + 5, bottom + 13);
  }

  /** @param {Frame} f @param {number} now @param {'user'|'agent'} who @param {Levels} levels */
  #voice(f, now, who, levels) {
    const { pen } = this;
    const { y, height } = f.bands[who];
    const step = PITCH / f.scale;
    pen.fillStyle = this.colours[who];
    for (const bar of levels.bars(who, now - (f.now - f.left) / f.scale, now, step)) {
      const tall = Math.max(0, bar.height * height);
      if (tall < 1.5) continue;
      const at = x(f, bar.at, now);
      if (at < f.left) continue;
      pen.beginPath();
      pen.roundRect(at, y + (height - tall) / 2, PITCH - 1, tall, 1);
      pen.fill();
    }
  }

  /** @param {Frame} f @param {number} now @param {'listening'|'drafts'} band @param {Conversation} conversation */
  #thoughts(f, now, band, conversation) {
    const { pen, colours } = this;
    const lane = band === 'drafts' ? 'draft' : 'listening';
    const top = f.bands[band].y;
    const since = now - 3 * ((f.now - f.left) / f.scale);
    const shown = conversation.stretches.filter((each) => each.lane === lane && each.ends > since && each.begins <= now);
    const texts = shown.map((each) => {
      const text = this.texts.get(each) ?? { begins: 0, ends: 0, faint: false, text: '' };
      this.texts.set(each, text);
      return Object.assign(text, { begins: each.begins, ends: each.ends, faint: each.dropped, text: lineUp(each.text) });
    });
    for (const each of shown) {
      const from = Math.max(f.left, x(f, each.begins, now));
      const to = x(f, each.ends, now) + 2;
      if (to <= f.left) continue;
      pen.fillStyle = each.dropped ? colours.faded : colours[lane];
      if (lane === 'listening') pen.fillRect(from, top, Math.max(2, to - from), 5);
    }
    this.#texts(f, now, texts, this.rows[band], top + 9, colours[lane]);
  }

  /** @param {Frame} f @param {number} now @param {any[]} texts @param {Rows<any>} rows @param {number} top @param {string} colour */
  #texts(f, now, texts, rows, top, colour) {
    const { pen, colours } = this;
    pen.save();
    pen.beginPath();
    pen.rect(f.left, top - 2, f.width - f.left, rows.count * LINE + 4);
    pen.clip();
    for (const each of place(texts, rows, f, now, this.#wide)) {
      if (each.room < 14) continue;
      const text = this.#short(each.text, each.room);
      const y = top + each.row * LINE;
      pen.fillStyle = colours.paper;
      pen.fillRect(each.x - 1, y, this.#wide(text) + 3, LINE);
      pen.fillStyle = each.faint ? colours.faint : colour;
      pen.fillText(text, each.x, y + 12);
    }
    pen.restore();
  }

  /** @param {string} text @param {number} room */
  #short(text, room) {
    if (this.#wide(text) <= room) return text;
    let low = 0, high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pen.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    return low ? `${text.slice(0, low).trimEnd()}…` : '';
  }

  /** @param {Frame} f @param {number} now @param {Conversation} conversation */
  #drafts(f, now, conversation) {
    const { pen, colours } = this;
    const top = f.bands.drafts.y;
    for (const each of conversation.drafts) {
      const from = Math.max(f.left, x(f, each.begins, now));
      const to = x(f, Math.min(each.ends ?? now, now), now);
      if (to <= f.left || from > f.now) continue;
      const dropped = each.state === 'dropped';
      pen.fillStyle = dropped ? colours.faded : colours.draft;
      pen.globalAlpha = each.state === 'begun' ? 0.55 : 1;
      pen.fillRect(from, top, Math.max(3, to - from), 5);
      pen.globalAlpha = 1;
    }
    for (const each of conversation.tools) {
      const from = x(f, each.begins, now), to = x(f, each.ends, now);
      if (to <= f.left) continue;
      pen.strokeStyle = colours['mark-tool'];
      pen.strokeRect(Math.max(f.left, from) + 0.5, top - 2.5, Math.max(4, to - Math.max(f.left, from)), 10);
    }
  }

  /** @param {Frame} f @param {number} now @param {Conversation} conversation */
  #heard(f, now, conversation) {
    const shown = conversation.heard.filter((each) => each.at <= now);
    const phrases = /** @type {any[]} */ ([]);
    for (const each of shown) {
      const last = phrases.at(-1);
      const joined = last && each.response === last.response && each.at - last.ends < 2.5 && last.count < 60;
      if (joined) Object.assign(last, { text: `${last.text} ${each.text}`, ends: each.at, count: last.count + 1 });
      else {
        const text = this.texts.get(each) ?? { begins: 0, ends: 0, faint: false, text: '' };
        this.texts.set(each, text);
        phrases.push(Object.assign(text, { begins: each.at, ends: each.at, faint: false, text: each.text, response: each.response, count: 1 }));
      }
    }
    this.#texts(f, now, phrases, this.rows.words, f.bands.words.y, this.colours.ink);
  }

  /** @param {Frame} f */
  #names(f) {
    const { pen, colours } = this;
    for (const [band, text, colour] of LABELS) {
      const { y } = f.bands[band];
      pen.fillStyle = colours[colour];
      if (f.narrow) {
        pen.fillText(text, 2, y - 4);
        continue;
      }
      pen.fillStyle = colours.paper;
      pen.fillRect(0, y - 2, f.left - 4, f.bands[band].height + 2);
      pen.fillStyle = colours[colour];
      const middle = band === 'user' || band === 'agent';
      const top = middle ? y + f.bands[band].height / 2 + 4 : y + 8;
      fold(text, f.left - 14, this.#wide).forEach((line, n) => pen.fillText(line, 2, top + n * 15));
    }
  }

  /** @param {Frame} f */
  #lines(f) {
    const { pen, colours } = this;
    for (const { mark, at } of this.discs) {
      if (at < f.left) continue;
      pen.fillStyle = colours[`mark-${mark.kind}`];
      pen.globalAlpha = mark === this.chosen ? 1 : 0.4;
      pen.fillRect(Math.round(at), f.bands.user.y - 6, mark === this.chosen ? 2 : 1, f.bands.agent.y + f.bands.agent.height - f.bands.user.y + 6);
      pen.globalAlpha = 1;
    }
  }

  /** @param {Frame} f */
  #marks(f) {
    const { pen, colours } = this;
    pen.textAlign = 'center';
    for (const { mark, x: at, row } of this.discs) {
      const y = discY(f, row);
      pen.fillStyle = colours[`mark-${mark.kind}`];
      pen.beginPath();
      pen.arc(at, y, 9, 0, 2 * Math.PI);
      pen.fill();
      if (mark === this.chosen) {
        pen.strokeStyle = colours.focus;
        pen.lineWidth = 2;
        pen.beginPath();
        pen.arc(at, y, 11, 0, 2 * Math.PI);
        pen.stroke();
        pen.lineWidth = 1;
      }
      pen.fillStyle = colours.paper;
      pen.font = this.font.replace('12px', '600 10px');
      pen.fillText(String(mark.number % 1000), at, y + 3.5);
    }
    pen.textAlign = 'start';
    pen.font = this.font;
  }
}

/** @param {Frame} f @returns {Record<'listening'|'drafts'|'words', Rows<Text>>} */
function rowsOf(f) {
  return { listening: new Rows(f.rows), drafts: new Rows(f.rows), words: new Rows(f.narrow ? 1 : 2) };
}

/** @param {number} seconds whole @returns {string} */
const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

/** @param {string} text @param {number} room @param {(text: string) => number} wide @returns {string[]} */
function fold(text, room, wide) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && wide(`${last} ${word}`) <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
