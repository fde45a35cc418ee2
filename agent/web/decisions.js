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
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param {Mark[]} marks */
  show(marks) {
    for (const mark of marks) {
      if (mark.number > this.last) this.#add(mark);
      const words = this.items.get(mark.number)?.querySelector('span');
      if (words && words.textContent !== sentence(mark)) words.textContent = sentence(mark);
    }
    this.list.parentElement?.classList.toggle('filled', this.list.childElementCount > 0);
  }

  /** @param {Mark|null} mark */
  point(mark) {
    for (const [number, item] of this.items) item.classList.toggle('chosen', number === mark?.number);
  }

  /** Up and down go through the list. @param {KeyboardEvent} event */
  #key(event) {
    const item = /** @type {HTMLElement} */ (event.target).closest('li');
    const other = event.key === 'ArrowDown' ? item?.nextElementSibling : event.key === 'ArrowUp' ? item?.previousElementSibling : null;
    const button = other?.querySelector('button');
    if (!button) return;
    event.preventDefault();
    for (const each of this.list.querySelectorAll('button[tabindex="0"]')) each.setAttribute('tabindex', '-1');
    button.tabIndex = 0;
    button.focus();
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
    button.tabIndex = this.list.contains(document.activeElement) ? -1 : 0; // one stop for the whole list
    if (button.tabIndex === 0) this.list.querySelector('button[tabindex="0"]')?.setAttribute('tabindex', '-1');
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
