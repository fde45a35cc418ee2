/**
 * The lanes: both voices, the thoughts beside them and what was decided, on a canvas that scrolls with time.
 *
 * It draws what `Conversation` holds and decides nothing. Colours come from the page's style (`--lane-…`), so
 * dark and light follow by themselves. Where less motion is wanted it moves on twice a second.
 */

import { hit } from './lanes_layout.js';
import { Painter } from './lanes_paint.js';

/** @typedef {import('./marks.js').Mark} Mark */

const FRAME = 0.03; // seconds between two pictures: more would only warm the machine

export class Lanes {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{conversation: import('./conversation.js').Conversation, levels: import('./lanes_layout.js').Levels, clock: () => number}} given
   */
  constructor(canvas, { conversation, levels, clock }) {
    this.canvas = canvas;
    this.conversation = conversation;
    this.levels = levels;
    this.clock = clock;
    this.painter = new Painter(canvas);
    this.frozen = /** @type {number|null} */ (null);
    this.chosen = /** @type {Mark|null} */ (null);
    /** Told when another decision is chosen. @type {(mark: Mark|null) => void} */
    this.onchoose = () => {};
    /** Told when the picture is held still, or goes on. @type {(on: boolean) => void} */
    this.onfreeze = () => {};
    this.discs = /** @type {import('./lanes_layout.js').Disc[]} */ ([]);
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    this.running = 0;
    this.last = clock();
    this.#fit();
    this.watch = new ResizeObserver(() => this.#fit());
    this.watch.observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.painter.restyle();
      this.draw(this.moment);
    });
    canvas.addEventListener('pointermove', (event) => this.#point(event, 12));
    canvas.addEventListener('pointerdown', (event) => this.#point(event, event.pointerType === 'touch' ? 24 : 12));
    canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') this.choose(null); });
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Draw from now on; stops by itself nowhere: call `stop`. */
  start() {
    if (this.running) return;
    const step = () => {
      this.running = requestAnimationFrame(step);
      if (this.frozen !== null) return; // drawn anew when something is chosen
      const moment = this.still.matches ? Math.floor(this.clock() * 2) / 2 : this.clock();
      if (Math.abs(moment - this.last) >= FRAME) this.draw(moment);
    };
    step();
  }

  stop() {
    cancelAnimationFrame(this.running);
    this.running = 0;
  }

  /** Hold the picture still, or let it go on. @param {boolean} on */
  freeze(on) {
    this.frozen = on ? this.moment : null;
    this.onfreeze(on);
  }

  /** The moment that is shown at the line: now, or where the picture was left. */
  get moment() {
    return this.frozen ?? (this.running ? this.clock() : this.last);
  }

  /** Point at a decision; a picture that does not move goes there. @param {Mark|null} mark */
  choose(mark) {
    if (mark === this.chosen) return;
    this.chosen = mark;
    this.onchoose(mark);
    if (this.running && this.frozen === null) return;
    if (mark && !this.discs.some((disc) => disc.mark === mark)) {
      this.last = mark.at + 2;
      if (this.frozen !== null) this.frozen = this.last;
    }
    this.draw(this.moment);
  }

  /** @param {number} now page seconds */
  draw(now) {
    this.last = now;
    this.discs = this.painter.paint(this.conversation, this.levels, now, this.chosen);
  }

  #fit() {
    const { clientWidth } = this.canvas;
    if (!clientWidth) return;
    this.painter.fit(clientWidth, Math.min(3, globalThis.devicePixelRatio || 1));
    this.draw(this.moment);
  }

  /** @param {PointerEvent} event @param {number} reach */
  #point(event, reach) {
    const found = hit(this.discs, event.offsetX, event.offsetY, this.painter.frame, reach);
    if (found || event.pointerType === 'mouse') this.choose(found?.mark ?? null);
    this.canvas.style.cursor = found ? 'pointer' : '';
  }

  /** Arrow keys go from decision to decision; space holds the picture still. @param {KeyboardEvent} event */
  #key(event) {
    const { marks } = this.conversation;
    const at = this.chosen ? marks.indexOf(this.chosen) : marks.length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: marks.length - 1 }[event.key];
    if (to !== undefined) this.choose(marks[Math.max(0, Math.min(marks.length - 1, to))] ?? null);
    else if (event.key === ' ') this.freeze(this.frozen === null);
    else if (event.key === 'Escape') this.choose(null);
    else return;
    event.preventDefault();
  }
}
