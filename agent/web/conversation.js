/**
 * A conversation as its events tell it: who says, thinks and decides what, and when. Pure; it draws nothing.
 *
 * Times are seconds on the page's clock. It must keep working with a server that sends only OpenAI's events: then
 * there are no thoughts, drafts and reasons.
 */

import { DRAFT, VOICE } from './marks.js';
import { clean, resumed, said } from './texts.js';

const KEPT = 90; // seconds for which what the lanes show is kept
const LINES = 200; // of captions, and turns of latency, that are kept
const PAUSE = 0.15; // seconds without a token that end a stretch of writing
const SAME = 0.25; // seconds within which a reason, told before its order, belongs to it

/**
 * @typedef {import('./marks.js').Mark} Mark
 * @typedef {import('./marks.js').MarkKind} MarkKind
 * @typedef {{lane: 'listening'|'draft', turn: number, draft: number, begins: number, ends: number, text: string, dropped: boolean}} Stretch
 * @typedef {{turn: number, draft: number, begins: number, ends: number|null, state: 'begun'|'dropped'|'committed'|'finished'}} Draft
 * @typedef {{turn: number, name: string, begins: number, ends: number, failed: boolean, arguments: string, output: string}} ToolRun
 * @typedef {{at: number, text: string, response: string}} Heard
 * @typedef {object} Line one caption
 * @property {string} id of the item or response
 * @property {'you'|'agent'} who
 * @property {string} text as it was heard
 * @property {boolean} done
 * @property {boolean} cut of the agent: not all of it was heard
 * @property {string} source of the user's words: typed, brain, or the name of an ear; empty: nothing heard them
 * @property {number} turn 0: not known
 * @property {string} response of the agent
 * @property {string} thought
 * @property {number|null} waited ms from the end of the user's speech to the first sound
 * @typedef {{turn: number, ms: number, parts: Record<string, number>}} Wait
 * @typedef {'listening'|'you speak'|'thinking'|'speaking'|'held'} Phase
 * @typedef {'captions'|'latency'|'decisions'|'phase'|'session'} Topic
 */

/** The name under which a turn's wait is told. */
export const ANSWER = 'voice to voice';

export class Conversation {
  constructor() {
    this.session = /** @type {any} */ (null);
    this.marks = /** @type {Mark[]} */ ([]);
    this.stretches = /** @type {Stretch[]} */ ([]);
    this.drafts = /** @type {Draft[]} */ ([]);
    this.tools = /** @type {ToolRun[]} */ ([]);
    this.heard = /** @type {Heard[]} */ ([]);
    this.lines = /** @type {Line[]} */ ([]);
    this.waits = /** @type {Wait[]} */ ([]);
    this.hearing = ''; // what the brain makes of the user's words while they speak
    this.number = 0;
    this.began = /** @type {number|null} */ (null);
    this.origin = Infinity; // page seconds at the session's beginning
    this.reason = { at: -1, why: '' };
    /** Thoughts that are being written, by turn and draft. @type {Map<string, {text: string, anew: boolean, before: string}>} */
    this.thoughts = new Map();
    /** What was thought for a reply, by turn and draft. @type {Map<string, string>} */
    this.told = new Map();
    /** When a response began to sound, until its first word. @type {Map<string, number>} */
    this.sounded = new Map();
    /** Turns by their responses. @type {Map<string, number>} */
    this.turns = new Map();
    this.isUser = this.isAgent = this.isHeld = this.isDue = false;
  }

  /** Another connection: the server's clock begins anew; what was shown stays. */
  reset() {
    this.origin = Infinity;
    this.reason = { at: -1, why: '' };
    for (const known of [this.thoughts, this.told, this.turns, this.sounded]) known.clear();
    this.isUser = this.isAgent = this.isHeld = this.isDue = false;
    for (const draft of this.drafts) draft.ends ??= draft.begins;
    for (const line of this.lines) line.done = true;
  }

  /** @returns {Phase} */
  get phase() {
    if (this.isHeld) return 'held';
    if (this.isAgent) return 'speaking';
    if (this.isUser) return 'you speak';
    return this.isDue ? 'thinking' : 'listening';
  }

  /**
   * Take note of one server event. @param {any} event @param {number} now page seconds
   * @returns {Set<Topic>} what looks different now
   */
  see(event, now) {
    this.began ??= now;
    const before = this.phase;
    const changed = this.#take(event, this.#when(event, now)) ?? new Set();
    if (this.phase !== before) changed.add('phase');
    this.#forget(now);
    return changed;
  }

  /** @param {any} event @param {number} at @returns {Set<Topic>|undefined} */
  #take(event, at) {
    switch (event.type) {
      case 'session.created':
      case 'session.updated':
        this.session = event.session;
        return new Set(['session']);
      case 'hocket.user':
        this.isUser = event.state === 'speaking';
        if (this.isUser) this.hearing = '';
        return new Set(['captions']);
      case 'input_audio_buffer.speech_started': this.isUser = true; return;
      case 'input_audio_buffer.speech_stopped':
      case 'input_audio_buffer.committed': this.isUser = false; return;
      case 'conversation.item.added': return this.#item(event.item);
      case 'conversation.item.input_audio_transcription.delta': return this.#userWords(event, event.delta, false);
      case 'conversation.item.input_audio_transcription.completed': return this.#userWords(event, event.transcript, true);
      case 'conversation.item.input_audio_transcription.failed': return this.#userWords(event, '', true);
      case 'conversation.item.truncated': return this.#cut(event.item_id);
      case 'response.created': this.isDue = true; return;
      case 'response.output_audio_transcript.delta': return this.#agentWords(event, at);
      case 'response.output_text.delta': return this.#agentWords(event, at, true);
      case 'response.output_audio_transcript.done': return this.#whole(event.item_id, event.transcript);
      case 'response.output_text.done': return this.#whole(event.item_id, event.text);
      case 'output_audio_buffer.started':
        this.isAgent = true;
        this.sounded.set(event.response_id, at);
        return;
      case 'output_audio_buffer.stopped':
      case 'output_audio_buffer.cleared': this.isAgent = this.isHeld = false; return;
      case 'response.done': return this.#done(event.response);
      default: return this.#ours(event, at);
    }
  }

  /** What only this server tells. @param {any} event @param {number} at @returns {Set<Topic>|undefined} */
  #ours(event, at) {
    switch (event.type) {
      case 'hocket.decision':
        this.reason = { at, why: String(event.why ?? '') };
        return;
      case 'response.thinking.delta': return this.#think(event, at);
      case 'response.thinking.done': this.thoughts.delete(key(event)); return this.#belongs(event);
      case 'hocket.draft': return this.#draft(event, at);
      case 'hocket.voice':
        this.isHeld = event.state === 'held';
        if (event.state === 'hushed') this.isAgent = false;
        this.#belongs(event);
        return this.#mark(VOICE[event.state], at, event.turn);
      case 'hocket.heard': return this.#belongs(event);
      case 'hocket.latency': return this.#wait(event);
      case 'hocket.tool': {
        const { turn, name, failed } = event;
        this.tools.push({ turn, name, begins: at - (event.ms ?? 0) / 1000, ends: at, failed: Boolean(failed), arguments: said(event.arguments), output: said(event.output) });
        return this.#mark('tool', at, turn, `${name}(${said(event.arguments)}) ${failed ? 'failed' : '→'} ${said(event.output)}`);
      }
    }
  }

  /** @param {any} event @param {number} at */
  #think(event, at) {
    const name = key(event);
    const delta = String(event.delta ?? '');
    let open = this.thoughts.get(name);
    if (!open || typeof event.confirmed === 'number') this.thoughts.set(name, (open = { text: '', anew: true, before: '' }));
    open.text += delta;
    this.told.set(name, open.text);
    if (typeof event.confirmed === 'number' || event.again) { // an earlier thought had written this
      open.before = delta.slice(delta.lastIndexOf('\n') + 1);
    } else if (delta) {
      this.#write(event, resumed(open.before, delta), at, open.anew);
      open.before = '';
      open.anew = false;
    }
    const hearing = /^heard:[ ]?(.*)$/m.exec(open.text)?.[1];
    if (event.draft || !hearing || (this.isAgent && !this.isUser)) return this.#belongs(event);
    this.hearing = clean(hearing);
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {any} event @param {string} text @param {number} at @param {boolean} anew */
  #write({ turn, draft }, text, at, anew) {
    const lane = draft ? 'draft' : 'listening';
    const last = this.stretches.findLast((each) => each.lane === lane && each.draft === draft);
    if (!anew && last && at - last.ends <= PAUSE) Object.assign(last, { text: last.text + text, ends: at });
    else this.stretches.push({ lane, turn, draft, begins: at, ends: at, text, dropped: false });
  }

  /** An event that names a response and its turn: then both are known of its caption. @param {any} event */
  #belongs({ response_id: response, turn }) {
    if (!response || !turn || this.turns.get(response) === turn) return;
    this.turns.set(response, turn);
    const mine = this.lines.findLast((each) => each.response === response);
    if (mine) this.#complete(mine);
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** What is known of a reply beside its words. @param {Line} mine */
  #complete(mine) {
    mine.turn = this.turns.get(mine.response) ?? 0;
    if (!mine.turn) return;
    const draft = this.drafts.findLast((each) => each.turn === mine.turn && each.state !== 'dropped')?.draft;
    mine.thought = this.told.get(`${mine.turn}/${draft ?? 0}`) ?? mine.thought;
    const first = this.lines.find((each) => each.turn === mine.turn && each.who === 'agent');
    const ms = this.waits.find((each) => each.turn === mine.turn)?.ms;
    if (first === mine && ms !== undefined && Number.isFinite(ms)) mine.waited = ms;
  }

  /** @param {any} event @param {number} at */
  #draft({ turn, draft, state }, at) {
    const mine = this.drafts.findLast((each) => each.draft === draft && each.turn === turn);
    if (state === 'begun') this.drafts.push({ turn, draft, begins: at, ends: null, state });
    else if (mine) {
      mine.state = state;
      if (state !== 'committed') mine.ends = at;
    }
    if (state === 'dropped') {
      for (const each of this.stretches) if (each.draft === draft && each.turn === turn) each.dropped = true;
      this.thoughts.delete(`${turn}/${draft}`);
    }
    return DRAFT[state] ? this.#mark(DRAFT[state], at, turn) : undefined;
  }

  /** The reason of an order is told just before it. @param {MarkKind|undefined} kind @param {number} at @param {number} turn @param {string} [why] */
  #mark(kind, at, turn, why) {
    if (!kind) return;
    const reason = Math.abs(at - this.reason.at) <= SAME ? this.reason.why : '';
    const last = this.marks.at(-1);
    if (kind === 'resume' && last?.kind === 'duck') last.why = `${last.why}; ${clean(reason)}`; // one sign for both
    else this.marks.push({ number: ++this.number, at, kind, turn, why: clean(why ?? reason) });
    return new Set(/** @type {Topic[]} */ (['decisions']));
  }

  /** @param {any} event */
  #wait({ turn, name, ms }) {
    let wait = this.waits.find((each) => each.turn === turn);
    if (!wait) this.waits.push((wait = { turn, ms: NaN, parts: {} }));
    wait.parts[name] = ms;
    if (name !== ANSWER) return;
    wait.ms = ms;
    for (const each of this.lines) if (each.turn === turn && each.who === 'agent') this.#complete(each);
    return new Set(/** @type {Topic[]} */ (['latency', 'captions']));
  }

  /** @param {any} item */
  #item(item) {
    if (item?.type !== 'message' || item.role !== 'user' || this.lines.some((line) => line.id === item.id)) return;
    const parts = item.content ?? [];
    const text = parts.map((/** @type {any} */ part) => part.text ?? part.transcript ?? '').join(' ');
    const typed = parts.some((/** @type {any} */ part) => part.type === 'input_text');
    this.hearing = '';
    return this.#line({ ...line(item.id, 'you'), text: clean(text), done: typed, source: typed ? 'typed' : '' });
  }

  /** @param {any} event @param {string} words @param {boolean} whole */
  #userWords({ item_id: id, source }, words, whole) {
    let mine = this.lines.findLast((each) => each.id === id);
    if (!mine) this.#line((mine = line(id, 'you')));
    mine.text = clean(whole ? words : mine.text + (words ?? ''), !whole);
    mine.done = whole;
    mine.source = mine.text ? source ?? this.session?.hocket?.transcripts ?? 'server' : '';
    this.hearing = '';
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {any} event @param {number} at @param {boolean} [written] */
  #agentWords({ item_id: item, response_id: response, delta }, at, written = false) {
    let mine = this.lines.findLast((each) => each.who === 'agent' && each.id === item);
    if (!mine) {
      this.#line((mine = { ...line(item, 'agent'), response }));
      this.#complete(mine);
    }
    mine.text = clean(mine.text + delta, true);
    if (!written) {
      this.isAgent = true;
      // a word is told once it was heard to its end: the first one began with the sound
      const begins = this.sounded.get(response) ?? at;
      this.sounded.delete(response);
      this.heard.push({ at: begins, text: clean(delta), response });
    }
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {string} item @param {string} text */
  #whole(item, text) {
    const mine = this.lines.findLast((each) => each.id === item);
    if (!mine) return;
    mine.text = clean(text ?? mine.text);
    mine.done = true;
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {string} item */
  #cut(item) {
    const mine = this.lines.findLast((each) => each.id === item);
    if (mine) mine.cut = true;
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {any} response */
  #done(response) {
    this.isAgent = this.isHeld = this.isDue = false;
    for (const item of response?.output ?? []) {
      const mine = this.lines.findLast((each) => each.id === item.id);
      if (!mine) continue;
      this.#complete(mine);
      mine.done = true;
      if (response.status === 'cancelled' || item.status === 'incomplete') mine.cut = true;
    }
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** @param {Line} mine */
  #line(mine) {
    this.lines.push(mine);
    return new Set(/** @type {Topic[]} */ (['captions']));
  }

  /** Where on the page's clock an event lies: what says its offset lies where it happened, not when it came. @param {any} event @param {number} now */
  #when(event, now) {
    if (typeof event.session_ms !== 'number') return now;
    const offset = event.session_ms / 1000;
    this.origin = Math.min(this.origin, now - offset);
    return Math.min(now, this.origin + offset);
  }

  /** @param {number} now */
  #forget(now) {
    const since = now - KEPT;
    while (this.marks.length > LINES) this.marks.shift();
    while (this.lines.length > LINES) this.lines.shift();
    while (this.waits.length > LINES) this.waits.shift();
    while (this.stretches.length && this.stretches[0].ends < since) this.stretches.shift();
    while (this.drafts.length && (this.drafts[0].ends ?? now) < since) this.drafts.shift();
    while (this.tools.length && this.tools[0].ends < since) this.tools.shift();
    while (this.heard.length && this.heard[0].at < since) this.heard.shift();
    for (const known of [this.thoughts, this.told, this.turns, this.sounded]) {
      for (const name of known.keys()) {
        if (known.size <= LINES) break;
        known.delete(name);
      }
    }
  }
}

/** @param {any} event */
const key = (event) => `${event.turn}/${event.draft ?? 0}`;

/** @param {string} id @param {'you'|'agent'} who @returns {Line} */
const line = (id, who) => ({ id, who, text: '', done: false, cut: false, source: '', turn: 0, response: '', thought: '', waited: null });
