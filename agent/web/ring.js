/**
 * What is to be heard, between the socket and the loudspeaker: a queue of samples that knows whose they are.
 *
 * It runs in the audio thread. It must never play on after `flush`, never wait, and never grow without end:
 * what does not fit is refused and counted.
 */

/**
 * @typedef {object} Position where the ear is
 * @property {string|null} item the message whose sound was heard last
 * @property {number} seconds of that item's sound, counted from its beginning as it was sent
 * @property {number} queued seconds that wait
 * @property {boolean} sounding
 */

export class PlaybackRing {
  /** @param {{rate: number, prebuffer?: number, most?: number, fade?: number}} options seconds, and Hz */
  constructor({ rate, prebuffer = 0.06, most = 30, fade = 0.005 }) {
    this.rate = rate;
    this.prebuffer = Math.round(prebuffer * rate);
    this.most = Math.round(most * rate);
    this.fade = Math.round(fade * rate);
    /** @type {{item: string, samples: Float32Array, from: number}[]} */
    this.queue = [];
    this.head = 0; // samples of queue[0] that were played
    this.queued = 0;
    this.waiting = true; // for the prebuffer
    this.over = false; // nothing more of this reply comes: play what there is
    this.item = /** @type {string|null} */ (null);
    this.played = 0; // of `item`, in samples as sent
    this.sent = new Map(); // item → samples that came of it
    this.tail = /** @type {Float32Array} */ (new Float32Array(0)); // fading out after a flush
    this.refused = 0;
    this.starved = 0;
  }

  /** @param {string} item @param {Float32Array} samples @returns {boolean} false: full, not taken */
  push(item, samples) {
    const from = this.sent.get(item) ?? 0;
    this.sent.set(item, from + samples.length);
    if (this.sent.size > 8) this.sent.delete(this.sent.keys().next().value);
    if (this.queued + samples.length > this.most) {
      this.refused += samples.length;
      return false;
    }
    if (samples.length) this.queue.push({ item, samples, from });
    this.queued += samples.length;
    this.over = false;
    return true;
  }

  /** The reply's sound is complete: there is nothing to wait for. */
  end() {
    this.over = true;
  }

  /** Let go of what waits, at once, but for a fade of 5 ms. @returns {Position} where it was cut */
  flush() {
    const cut = this.position();
    this.tail = this.waiting ? new Float32Array(0) : this.#take(Math.min(this.fade, this.queued));
    for (let n = 0; n < this.tail.length; n++) this.tail[n] *= 1 - (n + 1) / this.tail.length;
    this.queue = [];
    this.queued = this.head = 0;
    this.waiting = true;
    return cut;
  }

  /** @returns {Position} */
  position() {
    const sounding = !this.waiting && this.queued > 0;
    return { item: this.item, seconds: this.played / this.rate, queued: this.queued / this.rate, sounding };
  }

  /** Fill one block. @param {Float32Array} out */
  pull(out) {
    out.fill(0);
    const fading = Math.min(this.tail.length, out.length);
    out.set(this.tail.subarray(0, fading));
    this.tail = this.tail.subarray(fading);
    if (this.waiting && this.queued > 0 && (this.over || this.queued >= this.prebuffer)) this.waiting = false;
    if (this.waiting) return;
    const got = this.#take(Math.min(out.length - fading, this.queued));
    out.set(got, fading);
    if (this.queued === 0) {
      this.waiting = true; // the next sound gathers again, or it would stutter
      if (!this.over) this.starved += 1;
    }
  }

  /** @param {number} count at most what is queued @returns {Float32Array} */
  #take(count) {
    const out = new Float32Array(count);
    for (let done = 0; done < count; ) {
      const first = this.queue[0];
      const piece = first.samples.subarray(this.head, this.head + count - done);
      out.set(piece, done);
      done += piece.length;
      this.head += piece.length;
      this.item = first.item;
      this.played = first.from + this.head;
      if (this.head === first.samples.length) {
        this.queue.shift();
        this.head = 0;
      }
    }
    this.queued -= count;
    return out;
  }
}
