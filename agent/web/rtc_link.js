/**
 * One call over WebRTC: the microphone out, the voice in, events on the data channel `oai-events`.
 *
 * It makes one attempt and says how it ended; it never tries again by itself.
 */

import { health } from './address.js';
import { PlayoutWindow, reading } from './playout.js';
import { closeProblem, httpProblem, OWN } from './problems.js';

/** Seconds from the answer to an open data channel; then another carrier is better. */
const CONNECTS = 5;
/** Seconds for which a path may be lost and come back. */
const DISCONNECTED = 5;

/** No path for sound was found, though the server answers. */
export class Unreachable extends Error {}

/**
 * @typedef {object} LinkOptions
 * @property {URL} url of `/v1/realtime`, with its query
 * @property {string} token empty: none
 * @property {import('./sound.js').Sound} sound
 * @property {RTCIceServer[]} [iceServers]
 * @property {(event: any) => void} onevent
 * @property {(problem: import('./problems.js').Problem) => void} onlost once, after it was open
 */

export class RtcLink {
  carrier = /** @type {const} */ ('webrtc');

  /** @param {LinkOptions} options */
  constructor({ url, token, sound, iceServers = [], onevent, onlost }) {
    this.url = url;
    this.token = token;
    this.sound = sound;
    this.onevent = onevent;
    this.onlost = onlost;
    this.window = new PlayoutWindow();
    this.peer = new RTCPeerConnection({ iceServers });
    this.channel = this.peer.createDataChannel('oai-events');
    this.ear = new Audio();
    this.ear.autoplay = true;
    this.isOpen = this.isClosed = false;
    this.timer = 0;
    this.ending = 1006; // as a WebSocket's close frame would say it; until the server says: the path was lost
    this.place = ''; // of the call at the server, once that made one
  }

  /** @throws {Unreachable} without a path @throws {import('./problems.js').Problem} where the server says no */
  async open() {
    const { peer, channel } = this;
    peer.ontrack = ({ streams, track }) => this.#hear(streams[0] ?? new MediaStream([track]));
    channel.onmessage = ({ data }) => this.#told(data);
    channel.onclose = () => this.#lost(this.ending);
    this.sender = peer.addTrack(await this.#track());
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await this.#ask(peer.localDescription?.sdp ?? '');
    if (this.isClosed) return this.#hangUp();
    try {
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      await this.#connected();
    } catch (error) {
      this.close();
      throw error instanceof Unreachable ? error : new Unreachable(String(error));
    }
    this.isOpen = true;
    peer.onconnectionstatechange = () => this.#path();
  }

  /** @param {object} event */
  send(event) {
    if (this.channel.readyState === 'open') this.channel.send(JSON.stringify(event));
  }

  /** The microphone was changed or opened. */
  async microphoneChanged() {
    await this.sender?.replaceTrack(await this.#track());
  }

  /** @param {string} speaker */
  async chooseSpeaker(speaker) {
    const ear = /** @type {any} */ (this.ear);
    await ear.setSinkId?.(speaker).catch(() => {});
  }

  /** The server holds what is still to be heard; the browser has only some 40 ms of it. */
  flush() {
    this.send({ type: 'output_audio_buffer.clear', event_id: `${OWN}clear` });
  }

  /** @returns {Promise<import('./playout.js').Playout>} */
  async measure() {
    const stats = await this.peer.getStats();
    return this.window.add(reading(stats.values(), performance.now() / 1000), this.sound.latency);
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    if (!this.isOpen) this.#hangUp();
    this.channel.close();
    this.peer.close();
    this.ear.srcObject = null;
    this.voice?.disconnect();
  }

  /** Give back the place of a call that was never connected: an open one ends with its channel. */
  #hangUp() {
    if (!this.place) return;
    const url = new URL(`${this.place}/hangup`, this.url);
    if (url.origin === new URL(this.url).origin) fetch(url, { method: 'POST', keepalive: true, headers: this.#pass() }).catch(() => {});
    this.place = '';
  }

  /** @returns {Record<string, string>} */
  #pass() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  /** The microphone's track; without one a silent track, so that a reply has a way back. */
  async #track() {
    const [track] = this.sound.stream?.getAudioTracks() ?? [];
    if (track) return track;
    const context = await this.sound.open();
    return context.createMediaStreamDestination().stream.getAudioTracks()[0];
  }

  /** @param {string} offer @returns {Promise<string>} */
  async #ask(offer) {
    const url = new URL(this.url);
    url.pathname += '/calls';
    let reply;
    try {
      reply = await fetch(url, { method: 'POST', body: offer, headers: { 'Content-Type': 'application/sdp', ...this.#pass() } });
    } catch {
      this.close();
      throw httpProblem((await health(this.url)) === 'closed' ? 403 : 0);
    }
    if (reply.status === 201) {
      this.place = reply.headers.get('Location') ?? '';
      return reply.text();
    }
    this.close();
    if ([404, 405, 501].includes(reply.status)) throw new Unreachable(`no calls over WebRTC: ${reply.status}`);
    throw httpProblem(reply.status);
  }

  /** @returns {Promise<void>} */
  #connected() {
    const { peer, channel } = this;
    return new Promise((/** @type {(_?: void) => void} */ resolve, reject) => {
      this.timer = setTimeout(() => reject(new Unreachable('no path in time')), 1000 * CONNECTS);
      if (channel.readyState === 'open') resolve();
      channel.onopen = () => resolve();
      peer.onconnectionstatechange = () => {
        if (peer.connectionState === 'failed') reject(new Unreachable('no path'));
      };
    }).then(() => clearTimeout(this.timer));
  }

  /** @param {MediaStream} stream */
  async #hear(stream) {
    this.ear.srcObject = stream;
    this.ear.play().catch(() => {}); // told by the meter: nothing else can be done without a press
    if (this.sound.speaker) await this.chooseSpeaker(this.sound.speaker);
    if (this.isClosed) return; // opening the sound now would leave it open
    const context = await this.sound.open();
    this.voice = context.createMediaStreamSource(stream);
    if (this.sound.meters) this.voice.connect(this.sound.meters.agent);
  }

  #path() {
    clearTimeout(this.timer);
    const { connectionState } = this.peer;
    if (connectionState === 'failed' || connectionState === 'closed') {
      this.#lost(this.ending);
    } else if (connectionState === 'disconnected') {
      this.timer = setTimeout(() => this.#lost(this.ending), 1000 * DISCONNECTED);
      health(this.url).then((found) => {
        if (found === 'gone' && this.peer.connectionState === 'disconnected') this.#lost(this.ending);
      });
    }
  }

  /** @param {unknown} data */
  #told(data) {
    try {
      const event = JSON.parse(String(data));
      if (event.type === 'hocket.goodbye' && Number.isInteger(event.code)) this.ending = event.code;
      this.onevent(event);
    } catch {
      this.onevent({ type: 'error', error: { type: 'client_error', code: 'not_json', message: 'The server sent something that is not an event.' } });
    }
  }

  /** @param {number} code */
  #lost(code) {
    if (this.isClosed || !this.isOpen) return;
    this.close();
    this.onlost(closeProblem(code));
  }
}
