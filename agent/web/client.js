/**
 * A spoken conversation with a Hocket server, or with any server of OpenAI's Realtime protocol, from a web page.
 *
 * WebRTC first, a WebSocket where WebRTC finds no path; it comes back by itself after a loss, with the conversation
 * so far. It draws nothing. It must never send the microphone's sound anywhere but to the server that it was given.
 */

import { address, admission, inTime, merged } from './address.js';
import { Attempts, RESUMES } from './backoff.js';
import { asProblem, httpProblem, noPath, OWN, returning, stayedAway, toldProblem, updated } from './problems.js';
import { Reports } from './reports.js';
import { RtcLink, Unreachable } from './rtc_link.js';
import { SocketLink } from './socket_link.js';
import { Sound } from './sound.js';
import { answers, declared } from './tools.js';

export { devices } from './sound.js';

/** Asks for captions of the user's words; which ear writes them is the server's own. */
export const TRANSCRIPTION = Object.freeze({ model: 'gpt-4o-mini-transcribe' });
const GREETS = 10_000; // ms for a server's first word

/** @typedef {import('./client.js').ClientOptions} ClientOptions */
/** @typedef {import('./problems.js').Problem} Problem */
/** @typedef {'idle'|'connecting'|'live'|'reconnecting'} State */

export class RealtimeClient extends EventTarget {
  /** @type {State} */
  #state = 'idle';
  /** @type {RtcLink|SocketLink|null} */
  #link = null;
  #sound = new Sound();
  /** What the session was asked for: sent anew after a reconnection. @type {any} */
  #wanted;
  /** @type {any} */
  #session = null;
  #resume = '';
  /** Of the server, where that is told. @type {string|undefined} */
  #version;
  #reports = new Reports();
  #attempt = 0; // another call of connect() or close() makes the running one void
  /** After a loss. @type {Attempts|null} */
  #attempts = null;
  #turns = /** @type {any} */ (undefined); // how the server detected turns before push to talk
  #pressed = false;
  #calls = /** @type {any[]} */ ([]);
  #speaking = false; // a response is in progress
  #isAsking = false; // another one is wanted after it
  #leave = () => { this.close(); };

  /** @param {ClientOptions} [options] */
  constructor(options = {}) {
    super();
    /** @type {import("./client.js").RealtimeClient['options']} */
    this.options = { transport: 'auto', microphone: '', speaker: '', tools: {}, ...options };
    this.#wanted = merged({ type: 'realtime', hocket: { events: true } }, options.session ?? {});
    const tools = declared(this.options.tools);
    if (tools.length) this.#wanted.tools = [...(this.#wanted.tools ?? []), ...tools];
    this.#sound.speaker = this.options.speaker;
    this.#sound.onunplugged = () => this.#listen('').catch(() => {}); // any other
  }

  /** @returns {State} */
  get state() { return this.#state; }

  /** What the server said of the session last. */
  get session() { return this.#session; }

  /** @returns {'webrtc'|'websocket'|null} */
  get carrier() { return this.#link?.carrier ?? null; }

  get muted() { return this.#sound.muted; }

  get hasMicrophone() { return this.#sound.stream !== null; }

  get isPushToTalk() { return this.#turns !== undefined; }

  /** Levels now in dBFS: of the microphone, and of what is heard. */
  levels() { return this.#sound.levels(); }

  /** Call the server, in a press of a button. @throws {Problem} */
  async connect() {
    if (this.#state !== 'idle') return;
    const mine = ++this.#attempt;
    this.#become('connecting');
    globalThis.addEventListener?.('pagehide', this.#leave); // a call must not outlive its page
    try {
      await this.#sound.open();
      const { microphone } = this.options;
      if (microphone !== false && mine === this.#attempt) await this.#sound.listen(microphone);
      if (mine === this.#attempt) await this.#call(mine);
    } catch (error) {
      if (mine !== this.#attempt) return;
      await this.#end();
      throw this.#tell(asProblem(error));
    }
  }

  /** Hang up. */
  async close() {
    this.#attempt += 1;
    this.#attempts?.end();
    await this.#end();
  }

  /** Any event of the protocol. @param {{type: string}} event */
  send(event) { this.#link?.send(event); }

  /** @param {object} session any part of the session object */
  update(session) {
    this.#wanted = merged(this.#wanted, session);
    this.send(/** @type {any} */ ({ type: 'session.update', session: { type: 'realtime', ...session } }));
  }

  /** Say something by writing it; what is being said is given up for it. @param {string} text */
  sendText(text) {
    const content = [{ type: 'input_text', text }];
    this.interrupt();
    this.send(/** @type {any} */ ({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }));
    this.#ask();
  }

  /** Give up the reply that is due or sounds. */
  interrupt() {
    if (!this.#speaking) return;
    this.send(/** @type {any} */ ({ type: 'response.cancel', event_id: `${OWN}cancel` })); // it may just have ended
    this.#link?.flush();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#sound.mute(muted || (this.isPushToTalk && !this.#pressed));
    this.options.muted = muted;
  }

  /** Turns by a button instead of by silence. @param {boolean} on */
  pushToTalk(on) {
    if (on === this.isPushToTalk) return;
    const before = this.#session?.audio?.input?.turn_detection ?? { type: 'semantic_vad' };
    const detection = on ? null : this.#turns;
    this.#turns = on ? before : undefined;
    this.#pressed = false;
    this.update({ audio: { input: { turn_detection: detection } } });
    this.#gate();
  }

  /** By push to talk: the user begins. */
  press() {
    if (!this.isPushToTalk || this.#pressed) return;
    this.interrupt();
    this.send({ type: 'input_audio_buffer.clear' });
    this.#pressed = true;
    this.#gate();
  }

  /** By push to talk: the user has finished. */
  release() {
    if (!this.#pressed) return;
    this.#pressed = false;
    this.#gate();
    this.send({ type: 'input_audio_buffer.commit' });
    this.#ask();
  }

  /** @param {string} id a device id; empty: the system's own @throws {Problem} */
  async chooseMicrophone(id) {
    this.options.microphone = id;
    if (this.#state !== 'idle') await this.#listen(id);
  }

  /** @param {string} id */
  async #listen(id) {
    try {
      await this.#sound.listen(id);
    } catch (error) {
      throw this.#tell({ ...asProblem(error), fatal: false });
    } finally {
      await this.#link?.microphoneChanged();
      this.#gate();
    }
  }

  /** @param {string} id */
  async chooseSpeaker(id) {
    this.options.speaker = id;
    await this.#sound.chooseSpeaker(id);
    await this.#link?.chooseSpeaker(id);
  }

  /** One call, over the first carrier that works. @param {number} mine @param {string} [resume] */
  async #call(mine, resume = '') {
    const { transport } = this.options;
    const direct = transport !== 'websocket' && typeof RTCPeerConnection !== 'undefined';
    if (direct) {
      try {
        return await this.#dial(mine, RtcLink, resume);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        if (transport === 'webrtc') throw noPath();
      }
    }
    if (mine === this.#attempt) await this.#dial(mine, SocketLink, resume);
  }

  /** @param {number} mine @param {typeof RtcLink | typeof SocketLink} Link @param {string} resume */
  async #dial(mine, Link, resume) {
    const { token, iceServers, version } = await admission(this.options);
    if (this.#version && version && version !== this.#version) this.#tell(updated());
    this.#version = version;
    const url = address(this.options.src);
    if (this.options.model) url.searchParams.set('model', this.options.model);
    if (resume) url.searchParams.set('resume', resume);
    /** @type {(session: any) => void} */
    let greet = () => {};
    const greeted = new Promise((resolve) => { greet = resolve; });
    const link = new Link({
      url, token, iceServers, sound: this.#sound,
      onevent: (event) => {
        if (event.type === 'session.created') greet(event);
        if (link === this.#link) this.#hear(event);
      },
      onlost: (problem) => {
        if (link === this.#link) this.#lost(problem);
        greet(null);
      },
    });
    this.#link = link;
    await link.open();
    if (mine !== this.#attempt) return link.close();
    this.send(/** @type {any} */ ({ type: 'session.update', session: this.#wanted }));
    if (!(await inTime(greeted, GREETS)) && mine === this.#attempt) {
      link.close();
      throw httpProblem(426);
    }
    if (mine === this.#attempt) this.#live();
  }

  #live() {
    this.#reports.start(() => (this.#session?.hocket ? this.#link : null)); // another server would call it an unknown event
    this.#gate();
    this.#become('live', { carrier: this.carrier, resumed: this.#session?.hocket?.resumed === true });
  }

  /** @param {any} event */
  #hear(event) {
    switch (event.type) {
      case 'session.created':
      case 'session.updated':
        this.#session = event.session;
        this.#resume = event.session?.hocket?.resume ?? this.#resume;
        break;
      case 'response.created':
        this.#speaking = true;
        break;
      case 'response.output_item.done':
        if (event.item?.type === 'function_call') this.#calls.push(event.item);
        break;
      case 'response.done':
        this.#speaking = false;
        if (this.#isAsking) this.#ask();
        this.#answer();
        break;
      case 'error':
        if (!String(event.error?.event_id ?? '').startsWith(OWN)) this.#tell(toldProblem(event.error));
        break;
    }
    this.dispatchEvent(new CustomEvent('event', { detail: event }));
    this.dispatchEvent(new CustomEvent(event.type, { detail: event }));
  }

  /** Ask for a reply: now, or once the one that is given up has ended. */
  #ask() {
    this.#isAsking = this.#speaking;
    if (!this.#speaking) this.send({ type: 'response.create' });
  }

  /** Run the calls that a response ended with, then let the reply go on. */
  async #answer() {
    const calls = this.#calls.splice(0).filter((call) => Object.hasOwn(this.options.tools, call.name));
    if (!calls.length) return;
    const link = this.#link;
    const items = await answers(calls, this.options.tools);
    if (link !== this.#link) return; // another connection: nobody waits for these any more
    for (const item of items) this.send(/** @type {any} */ ({ type: 'conversation.item.create', item }));
    this.#ask();
  }

  /** @param {Problem} problem */
  async #lost(problem) {
    const mine = ++this.#attempt;
    this.#link = null;
    this.#reports.stop();
    this.#calls = [];
    this.#speaking = this.#isAsking = this.#pressed = false;
    this.#tell(problem);
    if (problem.fatal) return this.#end();
    const attempts = (this.#attempts = new Attempts());
    const told = (/** @type {number} */ seconds, /** @type {number} */ attempt) => this.#become('reconnecting', { seconds, attempt, words: returning(seconds).words });
    while (await attempts.next(told)) {
      if (mine !== this.#attempt) return;
      try {
        return await this.#call(mine, attempts.away < RESUMES ? this.#resume : '');
      } catch (error) {
        if (mine !== this.#attempt) return;
        const found = asProblem(error);
        if (found.code === 'not_admitted' && this.#resume) this.#resume = ''; // what was to be resumed is gone
        else if (found.fatal) {
          this.#tell(found);
          return this.#end();
        }
      }
    }
    this.#tell(stayedAway());
    await this.#end();
  }

  /** Open or shut the microphone, as turns are given. */
  #gate() {
    const open = !this.isPushToTalk || this.#pressed;
    if (this.#link instanceof SocketLink) this.#link.gate = open;
    this.#sound.mute(Boolean(this.options.muted) || !open);
  }

  async #end() {
    globalThis.removeEventListener?.('pagehide', this.#leave);
    this.#reports.stop();
    this.#link?.close();
    this.#link = null;
    this.#speaking = this.#isAsking = this.#pressed = false;
    this.#resume = '';
    await this.#sound.close();
    this.#become('idle');
  }

  /** @param {Problem} problem */
  #tell(problem) {
    this.dispatchEvent(new CustomEvent('problem', { detail: problem }));
    return problem;
  }

  /** @param {State} state @param {object} [more] */
  #become(state, more = {}) {
    if (state === this.#state && state !== 'reconnecting') return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: { state, ...more } }));
  }
}
