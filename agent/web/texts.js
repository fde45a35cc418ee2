/** Texts that a model or a person wrote, made fit to be shown. Pure. */

/**
 * Printable text only: what a model or a person wrote must not steer or reorder the page's own text.
 * @param {string} text @param {boolean} [open] more follows: a space at the end stays
 */
export function clean(text, open = false) {
  const plain = String(text ?? '').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ');
  return open ? plain.trimStart() : plain.trim();
}

/** A thought's lines as one. @param {string} text */
export function lineUp(text) {
  return text.split('\n').map((part) => clean(part)).filter(Boolean).join(' · ');
}

/** What is written on from the middle of a line, with the whole of a word that was begun before. @param {string} begun @param {string} text */
export function resumed(begun, text) {
  if (!begun || text.startsWith('\n')) return text;
  if (/^\s/.test(text)) return `…${text}`;
  const word = begun.slice(begun.lastIndexOf(' ') + 1);
  return (word === begun ? '' : '…') + word + text;
}

/** A value as one line. @param {unknown} value */
export const said = (value) => clean(typeof value === 'string' ? value : JSON.stringify(value ?? ''));
