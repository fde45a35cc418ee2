/** How long each turn was waited for: bars, newest right, with the one-second line. */

/** @typedef {import('./conversation.js').Wait} Wait */

const SPACE = 'http://www.w3.org/2000/svg';
const TOP = 10, LEFT = 36, BELOW = 18, BESIDE = 12;
/** Bars that find room. */
export const MOST = 24;

/** Where bars and lines lie. Pure. @param {Wait[]} waits @param {number} [width] @param {number} [height] pixels @returns {{bars: {x: number, y: number, width: number, height: number, ms: number, turn: number, long: boolean}[], lines: {y: number, text: string}[], base: number, right: number}} */
export function chart(waits, width = 360, height = 120) {
  const base = height - BELOW;
  const right = width - BESIDE;
  const shown = waits.filter((wait) => Number.isFinite(wait.ms)).slice(-MOST);
  const most = Math.max(1200, ...shown.map((wait) => wait.ms));
  const scale = (base - TOP) / most;
  const step = (right - LEFT - 4) / MOST;
  const bars = shown.map((wait, n) => {
    const tall = Math.max(2, Math.max(0, wait.ms) * scale);
    const x = right - (shown.length - n) * step;
    return { x, y: base - tall, width: Math.max(3, step - 4), height: tall, ms: wait.ms, turn: wait.turn, long: wait.ms > 1000 };
  });
  const every = most > 6000 ? 5000 : most > 2400 ? 2000 : 500;
  const lines = [];
  for (let ms = every; ms <= most; ms += every) lines.push({ y: base - ms * scale, text: `${ms / 1000} s` });
  if (!lines.some((line) => line.text === '1 s')) lines.push({ y: base - 1000 * scale, text: '1 s' });
  return { bars, lines, base, right };
}

/** @param {Wait[]} waits @returns {string} */
export function summary(waits) {
  const values = waits.map((wait) => wait.ms).filter(Number.isFinite);
  if (!values.length) return 'From the end of your speech to its first sound, for each turn.';
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const s = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(2)} s`;
  return `Last ${s(/** @type {number} */ (values.at(-1)))} · median ${s(median)} of ${values.length} turn${values.length === 1 ? '' : 's'}`;
}

/** Draw it. @param {SVGSVGElement} svg @param {HTMLElement} words @param {Wait[]} waits */
export function showWaits(svg, words, waits) {
  const width = svg.clientWidth || 360, height = svg.clientHeight || 120;
  const { bars, lines, base, right } = chart(waits, width, height);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(
    ...lines.flatMap(({ y, text }) => [
      made('line', { x1: LEFT, x2: right, y1: y, y2: y, class: text === '1 s' ? 'second' : 'line' }),
      made('text', { x: LEFT - 6, y: y + 4, class: 'scale' }, text),
    ]),
    made('line', { x1: LEFT, x2: right, y1: base, y2: base, class: 'base' }),
    ...bars.map((bar, n) => {
      const { x, y, width, height } = bar;
      const rect = made('rect', { x, y, width, height, rx: 1.5, class: bar.long ? 'long' : 'bar' });
      rect.append(made('title', {}, `turn ${bar.turn}: ${(bar.ms / 1000).toFixed(2)} s`));
      if (n < bars.length - 1) return rect;
      const group = made('g', {});
      group.append(rect, made('text', { x: x + width / 2, y: base + 14, class: 'last' }, `${(bar.ms / 1000).toFixed(2)}`));
      return group;
    }),
  );
  words.textContent = summary(waits);
}

/** @param {string} name @param {Record<string, string|number>} attributes @param {string} [text] */
function made(name, attributes, text) {
  const found = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, String(value));
  if (text) found.textContent = text;
  return found;
}
