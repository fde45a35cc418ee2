/**
 * One call over a WebSocket: sound as events both ways, for where WebRTC finds no path.
 *
 * The sound that waits is ours here: it is let go at once when the voice is held or given way, and the server is
 * told how much of it was heard. It makes one attempt; it never tries again by itself.
 */

import { health } from './address.js';
import { fromBase64, fromPcm16, toBase64 } from './pcm.js';
import { playout } from './playout.js';
import { closeProblem, contextProblem, httpProblem, OWN } from './problems.js';

/** Bytes on their way out beyond which the microphone's sound is dropped: it would only be heard late. */
const BACKLOG = 200_000;
/** Seconds for a socket to open. */
const OPENS = 10;

export class SocketLink {
  carrier = /** @type {const} */ ('websocket');

  /** @param {import('./rtc_link.js').LinkOptions} options */
  constructor({ url, token, sound, onevent, onlost }) {
    this.url = url;
    this.token = token;
    this.sound = sound;
    this.onevent = onevent;
    this.onlost = onlost;
    this.isOpen = this.isClosed = false;
    /** What the playback said last. @type {import('./ring.js').Position} */
    this.ear = { item: null, seconds: 0, queued: 0, sounding: false };
    this.cut = new Set(); // items of which nothing more is to be heard
    this.done = new Set(); // items whose sound came whole
    /** The item whose sound came last. @type {string|null} */
    this.newest = null;
    this.gate = true; // by push to talk the microphone is shut between presses
    this.dropped = 0;
  }

  /** @throws {import('./problems.js').Problem} */
  async open() {
    const context = await this.sound.open();
    await this.#worklets(context);
    const url = new URL(this.url);
    url.protocol = url.protocol.replace('http', 'ws');
    const protocols = ['realtime', ...(this.token ? [`openai-insecure-api-key.${this.token}`] : [])];
    const socket = new WebSocket(url, protocols);
    this.socket = socket;
    try {
      await opened(socket);
    } catch {
      this.close();
      throw await this.#reason();
    }
    this.isOpen = true;
    socket.onmessage = ({ data }) => this.#told(data);
    socket.onclose = ({ code }) => this.#lost(code);
    await this.microphoneChanged();
  }

  /** @param {object} event */
  send(event) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  async microphoneChanged() {
    if (this.capture) this.sound.source?.connect(this.capture);
  }

  /** The sound context's own sink carries the voice. @param {string} _speaker */
  async chooseSpeaker(_speaker) {}

  /** Let go of what waits, and say how much was heard. */
  flush() {
    const { item, seconds, sounding } = this.ear;
    this.playback?.port.postMessage({ what: 'flush' });
    if (item !== null && !(this.done.has(item) && !sounding)) this.#cut(item, Math.max(0, seconds - this.sound.latency));
    if (this.newest !== null && this.newest !== item) this.#cut(this.newest, 0); // it waited to be heard
  }

  /** @param {string} item @param {number} seconds of it were heard */
  #cut(item, seconds) {
    if (this.cut.has(item)) return;
    remember(this.cut, item);
    this.send({ type: 'conversation.item.truncate', event_id: `${OWN}truncate`, item_id: item, content_index: 0, audio_end_ms: Math.floor(1000 * seconds) });
  }

  /** @returns {Promise<import('./playout.js').Playout>} */
  async measure() {
    return playout(null, this.ear.queued, this.sound.latency);
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.capture?.disconnect();
    this.playback?.disconnect();
    this.playback?.port.postMessage({ what: 'flush' });
    if (this.capture) this.capture.port.onmessage = null;
    this.socket?.close(1000);
  }

  /** @param {AudioContext} context */
  async #worklets(context) {
    if (!context.audioWorklet) throw contextProblem({ isSecureContext: false, location: globalThis.location });
    const module = (/** @type {string} */ name) => context.audioWorklet.addModule(new URL(name, import.meta.url));
    await Promise.all([module('./capture_worklet.js'), module('./playback_worklet.js')]);
    this.capture = new AudioWorkletNode(context, 'hocket-capture', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    this.playback = new AudioWorkletNode(context, 'hocket-playback', { numberOfInputs: 0, outputChannelCount: [1] });
    if (this.sound.meters) this.playback.connect(this.sound.meters.agent);
    this.playback.connect(context.destination);
    this.capture.port.onmessage = ({ data }) => this.#spoken(data.pcm);
    this.playback.port.onmessage = ({ data }) => {
      if (!('cut' in data)) this.ear = data;
    };
  }

  /** @param {Int16Array} pcm */
  #spoken(pcm) {
    if (!this.gate || this.socket?.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > BACKLOG) this.dropped += 1;
    else this.send({ type: 'input_audio_buffer.append', audio: toBase64(pcm) });
  }

  /** @param {unknown} data */
  #told(data) {
    let event;
    try {
      event = JSON.parse(String(data));
      this.#sound(event);
    } catch {
      event = { type: 'error', error: { type: 'client_error', code: 'not_json', message: 'The server sent something that is not an event.' } };
    }
    if (event.type !== 'response.output_audio.delta') this.onevent(event);
  }

  /** @param {any} event */
  #sound(event) {
    const { playback } = this;
    if (!playback) return;
    if (event.type === 'response.output_audio.delta') {
      if (this.cut.has(event.item_id)) return;
      this.newest = event.item_id;
      const samples = fromPcm16(fromBase64(event.delta));
      playback.port.postMessage({ what: 'push', item: event.item_id, samples }, [samples.buffer]);
    } else if (event.type === 'response.output_audio.done') {
      remember(this.done, event.item_id);
      playback.port.postMessage({ what: 'end' });
    } else if (event.type === 'input_audio_buffer.speech_started') {
      this.flush();
    } else if (event.type === 'hocket.voice' && (event.state === 'held' || event.state === 'hushed')) {
      playback.port.postMessage({ what: 'flush' }); // the server says the held words again
    }
  }

  async #reason() {
    const found = await health(this.url);
    if (found === 'well') return httpProblem(this.token ? 401 : 403);
    return httpProblem({ full: 503, closed: 403, gone: 0 }[found]);
  }

  /** @param {number} code */
  #lost(code) {
    if (this.isClosed || !this.isOpen) return;
    this.close();
    this.onlost(closeProblem(code));
  }
}

/** Items of long ago do not come again. @param {Set<string>} items @param {string} item */
function remember(items, item) {
  items.add(item);
  for (const old of items) {
    if (items.size <= 16) break;
    items.delete(old);
  }
}

/** @param {WebSocket} socket @returns {Promise<void>} */
function opened(socket) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not in time')), 1000 * OPENS);
    socket.onopen = () => resolve(clearTimeout(timer));
    socket.onclose = socket.onerror = () => {
      clearTimeout(timer);
      reject(new Error('not opened'));
    };
  });
}
