/** The list of decisions with their reasons, newest first; each can be pointed at, in the list and on the lanes. */

import { sentence } from './marks.js';

/** @typedef {import('./marks.js').Mark} Mark */

const MOST = 60;

export class Decisions {
  /** @param {HTMLElement} list @param {(mark: Mark|null) => void} choose */
  constructor(list, choose) {
    this.list = list;
    this.choose = choose;
    this.last = 0;
    /** @type {Map<number, HTMLElement>} */
    this.items = new Map();
  }

  /** @param {Mark[]} marks */
  show(marks) {
    for (const mark of marks) if (mark.number > this.last) this.#add(mark);
    this.list.parentElement?.classList.toggle('filled', this.list.childElementCount > 0);
  }

  /** @param {Mark|null} mark */
  point(mark) {
    for (const [number, item] of this.items) item.classList.toggle('chosen', number === mark?.number);
  }

  /** @param {Mark} mark */
  #add(mark) {
    this.last = mark.number;
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    const disc = document.createElement('i');
    disc.className = `disc ${mark.kind}`;
    disc.textContent = String(mark.number % 1000);
    const words = document.createElement('span');
    words.textContent = sentence(mark);
    button.append(disc, words);
    for (const event of ['focus', 'pointerenter', 'click']) button.addEventListener(event, () => this.choose(mark));
    for (const event of ['blur', 'pointerleave']) button.addEventListener(event, () => this.choose(null));
    item.append(button);
    this.list.prepend(item);
    this.items.set(mark.number, item);
    while (this.list.childElementCount > MOST) {
      this.list.lastElementChild?.remove();
      this.items.delete(mark.number - MOST);
    }
  }
}
