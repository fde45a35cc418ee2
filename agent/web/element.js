/**
 * `<hocket-agent src="https://host/" captions lanes>`: a button to talk by, in anybody's page.
 *
 * Attributes: `src` (the server; default: the page's own), `token` (an `ek_…` secret) or `token-from` (where
 * `{value}` or `{token}`, and perhaps `ice_servers`, is fetched for each call), `instructions`, `captions`, `lanes`, `push-to-talk`, `label`.
 * Parts: button, hold, state, problem, captions, lanes. Variables: `--hocket-ink`, `-paper`, `-accent`, `-faint`,
 * `-font`, and the lanes' colours `--lane-…`. Its `client` is the RealtimeClient: give it `tools` before the first
 * press. Events `state`, `problem` and `event` are dispatched on the element too.
 */

import { address } from './address.js';
import { RealtimeClient, TRANSCRIPTION } from './client.js';
import { Conversation } from './conversation.js';
import { SHEET } from './element_style.js';
import { whileHeld } from './hold.js';
import { Lanes } from './lanes.js';
import { Levels } from './lanes_layout.js';
import { phaseWords, stateWords } from './words.js';

const LINES = 4;
const clock = () => performance.now() / 1000;

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} part @param {string} [text] @returns {HTMLElementTagNameMap[K]} */
function piece(tag, part, text = '') {
  const found = document.createElement(tag);
  found.part.add(part);
  found.className = part;
  found.textContent = text;
  return found;
}

export class HocketAgent extends HTMLElement {
  static observedAttributes = ['label', 'push-to-talk'];

  constructor() {
    super();
    this.conversation = new Conversation();
    this.levels = new Levels();
    this.button = piece('button', 'button');
    this.hold = piece('button', 'hold', 'Hold to talk');
    this.words = piece('span', 'state');
    this.trouble = piece('p', 'problem');
    this.lines = piece('ol', 'captions');
    this.canvas = piece('canvas', 'lanes');
    /** @type {RealtimeClient|null} */
    this.calling = null;
    /** Functions that the agent may call; given perhaps before this class was known. @type {Record<string, import('./client.js').PageTool>} */
    this.tools = /** @type {any} */ (this).tools ?? {};
    this.timer = 0;
    /** @type {Lanes|null} */
    this.lanes = null;
    this.button.type = this.hold.type = 'button';
    this.words.setAttribute('role', 'status');
    this.trouble.setAttribute('role', 'alert');
    this.lines.setAttribute('aria-label', 'Captions');
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', 'Both voices and the thoughts beside them');
    this.canvas.tabIndex = 0;
    const row = piece('div', 'row');
    row.append(this.button, this.hold, this.words);
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    root.adoptedStyleSheets = [SHEET];
    root.append(this.canvas, row, this.trouble, this.lines);
    this.button.addEventListener('click', () => this.toggle());
    this.letGo = whileHeld(this.hold, (on) => this.press(on));
  }

  connectedCallback() {
    this.#show();
  }

  disconnectedCallback() {
    this.calling?.close();
    this.lanes?.stop();
    clearInterval(this.timer);
  }

  attributeChangedCallback() {
    if (this.calling?.state === 'live') this.calling.pushToTalk(this.hasAttribute('push-to-talk'));
    this.#show();
  }

  /** The client; made with the attributes as they are when it is first asked for. */
  get client() {
    return (this.calling ??= this.#made());
  }

  /** Begin, or hang up. */
  async toggle() {
    const { client } = this;
    if (client.state !== 'idle') return client.close();
    this.trouble.textContent = '';
    await client.connect().catch(() => {}); // told as a problem
  }

  /** By push to talk. @param {boolean} on */
  press(on) {
    if (on) this.client.press();
    else this.client.release();
    this.hold.toggleAttribute('data-pressed', on);
    this.#show();
  }

  #made() {
    const asked = this.getAttribute('src') ?? '';
    const src = new URL(asked || '.', document.baseURI).href;
    const instructions = this.getAttribute('instructions');
    const client = new RealtimeClient({
      src, ...this.#pass(src), tools: this.tools,
      session: { audio: { input: { transcription: TRANSCRIPTION } }, ...(instructions ? { instructions } : {}) },
    });
    client.addEventListener('event', (told) => {
      const changed = this.conversation.see(told.detail, clock());
      if (changed.has('captions')) this.#captions();
      if (changed.has('phase')) this.#show();
      this.dispatchEvent(new CustomEvent('event', { detail: told.detail }));
    });
    client.addEventListener('problem', ({ detail }) => {
      this.trouble.textContent = detail.words;
      this.dispatchEvent(new CustomEvent('problem', { detail }));
    });
    client.addEventListener('state', ({ detail }) => {
      this.#state(detail);
      this.dispatchEvent(new CustomEvent('state', { detail }));
    });
    return client;
  }

  /** How the server is asked in: a secret, where to fetch one, or the server's own bootstrap for its own pages. @param {string} src */
  #pass(src) {
    const token = this.getAttribute('token');
    const from = this.getAttribute('token-from');
    if (token !== null) return { token };
    if (from !== null) return { bootstrap: new URL(from, document.baseURI).href };
    const bootstrap = new URL(address(src).href.replace(/v1\/realtime.*$/, 'config.json'));
    return bootstrap.origin === location.origin ? { bootstrap: bootstrap.href } : {};
  }

  /** @param {{state: import('./client.js').State, seconds?: number}} detail */
  #state(detail) {
    if (detail.state === 'live') {
      this.trouble.textContent = '';
      this.conversation.reset();
      if (this.hasAttribute('push-to-talk')) this.client.pushToTalk(true);
    }
    const running = detail.state !== 'idle';
    clearInterval(this.timer);
    if (running) this.timer = window.setInterval(() => this.levels.add(clock(), this.client.levels()), 30);
    if (this.hasAttribute('lanes')) {
      this.lanes ??= new Lanes(this.canvas, { conversation: this.conversation, levels: this.levels, clock });
      if (running) this.lanes.start();
      else this.lanes.stop();
    }
    this.words.textContent = stateWords(detail);
    this.#show();
  }

  #show() {
    const state = this.calling?.state ?? 'idle';
    this.dataset.state = state;
    this.button.textContent = state === 'idle' ? this.getAttribute('label') ?? 'Talk' : 'Hang up';
    this.hold.hidden = !(state === 'live' && this.hasAttribute('push-to-talk'));
    if (this.hold.hidden) this.letGo();
    this.words.hidden = state === 'idle';
    const phase = this.hold.hasAttribute('data-pressed') ? 'you speak' : this.conversation.phase;
    if (state === 'live') this.words.textContent = phaseWords(phase, this.calling?.muted && !this.calling.isPushToTalk);
  }

  #captions() {
    if (!this.hasAttribute('captions')) return;
    const { lines, hearing } = this.conversation;
    const shown = lines.filter((line) => line.text).slice(-LINES).map((line) => ({ who: line.who, text: line.text + (line.cut ? ' …' : '') }));
    if (hearing) shown.push({ who: 'you', text: hearing });
    this.lines.replaceChildren(...shown.map(({ who, text }) => {
      const item = piece('li', who);
      item.append(piece('b', 'name', who === 'you' ? 'You' : 'Agent'), ` ${text}`);
      return item;
    }));
  }
}

if (!customElements.get('hocket-agent')) customElements.define('hocket-agent', HocketAgent);
