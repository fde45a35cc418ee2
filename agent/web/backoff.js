/** How long to wait before calling again, and when to give up. */

/** Seconds in which a server keeps an interrupted conversation. */
export const RESUMES = 60;

const FIRST = 0.5;
const MOST = 10;

/**
 * Doubles from half a second to ten, spread by ±20 % so that many pages do not come back at once.
 * @param {number} attempt from 0 @param {number} chance 0..1 @returns {number} seconds
 */
export function delay(attempt, chance) {
  return Math.min(MOST, FIRST * 2 ** Math.min(attempt, 16)) * (0.8 + 0.4 * chance);
}

/**
 * Whether another attempt makes sense. @param {number} attempt from 0 @param {number} away seconds since it was lost
 * @param {number} patience seconds
 */
export function again(attempt, away, patience = 300) {
  return attempt < 60 && away < patience;
}

/** The attempts after one loss: it waits before each, and knows when there is no sense in another. */
export class Attempts {
  count = 0;
  #since = performance.now();
  /** @type {ReturnType<typeof pause>|null} */
  #pause = null;

  /** Seconds since it was lost. */
  get away() {
    return (performance.now() - this.#since) / 1000;
  }

  /** Wait for the next one. @param {(seconds: number, attempt: number) => void} told before it waits @returns {Promise<boolean>} false: enough */
  async next(told) {
    if (!again(this.count, this.away)) return false;
    const seconds = delay(this.count, Math.random());
    told(seconds, this.count++);
    this.#pause = pause(1000 * seconds);
    await this.#pause.over;
    return true;
  }

  /** Wait no longer. */
  end() {
    this.#pause?.end();
  }
}

/**
 * A wait that ends early when the network is back, or when it is told to.
 * @param {number} ms @returns {{over: Promise<void>, end: () => void}}
 */
export function pause(ms) {
  let end = () => {};
  const over = new Promise((/** @type {(_?: void) => void} */ resolve) => {
    end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    globalThis.addEventListener?.('online', end);
  });
  return { over, end: () => end() };
}
