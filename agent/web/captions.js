/** Captions both ways as a list: what was heard, by whom. It changes only the lines that changed. */

import { lineUp } from './texts.js';

/** @typedef {import('./conversation.js').Line} Line */

/** Where the user's words come from, as a person reads it. @param {string} source */
export function sourceWords(source) {
  if (!source) return '';
  if (source === 'typed') return 'written';
  if (source === 'brain') return 'as the brain heard it';
  return source === 'server' ? 'as the server heard it' : `as ${source} heard it`;
}

/** What stands in a line. @param {Line} line */
export function lineWords(line) {
  if (line.text) return line.text + (line.cut && !line.text.endsWith('…') ? ' …' : '');
  if (line.who === 'agent') return '…';
  return line.done ? '(nothing was made out)' : '…';
}

/** What stands beside it. @param {Line} line @returns {string} */
export function lineRemark(line) {
  const remarks = [];
  if (line.who === 'you') remarks.push(sourceWords(line.source));
  if (line.waited !== null) remarks.push(`after ${(line.waited / 1000).toFixed(2)} s`);
  if (line.cut) remarks.push('you did not hear the rest');
  return remarks.filter(Boolean).join(' · ');
}

/** A turn of the user's that was taken back, or of which nothing was made out, gives way to what follows. @param {Line} line @param {number} n @param {Line[]} lines */
export const isShown = (line, n, lines) => line.who === 'agent' || line.text !== '' || n === lines.length - 1;

export class Captions {
  /** @param {HTMLElement} list @param {HTMLElement} log for screen readers */
  constructor(list, log) {
    this.list = list;
    this.log = log;
    /** Whether whole lines are read aloud by a screen reader. */
    this.isAloud = false;
    /** @type {Map<string, {item: HTMLLIElement, words: HTMLElement, remark: HTMLElement, thought: HTMLElement|null, shown: string, isSaid: boolean}>} */
    this.shown = new Map();
    this.follows = true; // the newest line is kept in sight, until a person scrolls away from it
    list.addEventListener('scroll', () => { this.follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40; });
    this.ghost = row('you');
    this.ghost.item.classList.add('ghost');
    this.ghost.remark.textContent = 'as the brain hears it';
  }

  /** @param {import('./conversation.js').Conversation} conversation */
  show({ lines, hearing }) {
    const worth = lines.filter(isShown);
    const ids = new Set(worth.map((line) => line.id));
    for (const line of worth) this.#line(line);
    for (const [id, { item }] of this.shown) {
      if (ids.has(id)) continue;
      item.remove();
      this.shown.delete(id);
    }
    if (hearing) {
      this.ghost.words.textContent = hearing;
      if (this.list.lastElementChild !== this.ghost.item) this.list.append(this.ghost.item);
    } else {
      this.ghost.item.remove();
    }
    this.list.parentElement?.classList.toggle('filled', this.list.childElementCount > 0);
    if (this.follows) this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {Line} line */
  #line(line) {
    let mine = this.shown.get(line.id);
    if (!mine) {
      mine = { ...row(line.who), thought: null, shown: '', isSaid: false };
      this.shown.set(line.id, mine);
      this.list.append(mine.item);
    }
    const now = JSON.stringify([line.text, line.done, line.cut, line.source, line.waited, line.thought]);
    if (now === mine.shown) return;
    mine.shown = now;
    mine.words.textContent = lineWords(line);
    mine.remark.textContent = lineRemark(line);
    mine.item.classList.toggle('open', !line.done);
    if (line.thought && line.done) this.#thought(mine, line.thought);
    if (!line.done || !line.text || !this.isAloud || mine.isSaid) return;
    mine.isSaid = true;
    this.#say(line);
  }

  /** @param {{item: HTMLLIElement, thought: HTMLElement|null}} mine @param {string} thought */
  #thought(mine, thought) {
    if (!mine.thought) {
      const details = document.createElement('details');
      const summary = document.createElement('summary');
      summary.textContent = 'What it thought';
      mine.thought = document.createElement('p');
      details.append(summary, mine.thought);
      mine.item.append(details);
    }
    mine.thought.textContent = lineUp(thought);
  }

  /** @param {Line} line */
  #say(line) {
    const spoken = document.createElement('p');
    spoken.textContent = `${line.who === 'you' ? 'You' : 'Agent'}: ${lineWords(line)}`;
    this.log.append(spoken);
    while (this.log.childElementCount > 20) this.log.firstElementChild?.remove();
  }
}

/** @param {'you'|'agent'} who */
function row(who) {
  const item = document.createElement('li');
  item.className = who;
  const name = document.createElement('b');
  name.textContent = who === 'you' ? 'You' : 'Agent';
  const words = document.createElement('p');
  words.className = 'words';
  const remark = document.createElement('small');
  item.append(name, words, remark);
  return { item, words, remark };
}
