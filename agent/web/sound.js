/**
 * The browser's microphone and loudspeaker: one audio context, opened by a press of a button.
 *
 * It knows no server. Errors are `Problem`s in words for people. Nothing that the microphone gives is kept.
 */

import { level } from './pcm.js';
import { contextProblem, microphoneProblem } from './problems.js';

/** @param {string} microphone a device id, or empty */
const wishes = (microphone) => ({
  audio: {
    echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1,
    ...(microphone ? { deviceId: { exact: microphone } } : {}),
  },
});

export class Sound {
  constructor() {
    /** @type {AudioContext|null} */
    this.context = null;
    /** @type {MediaStream|null} */
    this.stream = null;
    /** @type {MediaStreamAudioSourceNode|null} */
    this.source = null;
    /** @type {{user: AnalyserNode, agent: AnalyserNode}|null} */
    this.meters = null;
    this.samples = new Float32Array(1024);
    this.muted = false;
    this.asked = 0; // another listen() or silence() makes the one that waits for a person void
    /** Told when the microphone was unplugged or taken away. */
    this.onunplugged = () => {};
    this.microphone = '';
    this.speaker = '';
  }

  /** Open the audio context; in a press of a button, or browsers keep it silent. */
  async open() {
    if (this.context && this.context.state !== 'closed') return this.context;
    const context = new AudioContext({ latencyHint: 'interactive' });
    this.context = context;
    const meter = () => Object.assign(context.createAnalyser(), { fftSize: 1024 });
    this.meters = { user: meter(), agent: meter() };
    // a meter is drawn only where it leads to the output: through nothing
    const nothing = new GainNode(context, { gain: 0 });
    this.meters.user.connect(nothing).connect(context.destination);
    if (context.state === 'suspended') await Promise.race([context.resume(), new Promise((r) => setTimeout(r, 500))]);
    if (this.speaker) await this.chooseSpeaker(this.speaker);
    return context;
  }

  /**
   * Open the microphone; one that is given up while a person is asked for it is let go of at once.
   * @param {string} [microphone] @returns {Promise<MediaStream|null>} null: given up meanwhile @throws {import('./problems.js').Problem}
   */
  async listen(microphone = this.microphone) {
    const unsafe = contextProblem(globalThis);
    if (unsafe) throw unsafe;
    if (!navigator.mediaDevices?.getUserMedia) throw microphoneProblem({ name: 'NotFoundError' });
    const mine = ++this.asked;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(wishes(microphone));
    } catch (error) {
      const { name } = /** @type {DOMException} */ (error);
      if (mine !== this.asked) return null;
      if (!microphone || name === 'NotAllowedError') throw microphoneProblem({ name });
      return this.listen(''); // the chosen one is gone: any other
    }
    if (mine !== this.asked) {
      for (const track of stream.getTracks()) track.stop();
      return null;
    }
    this.silence();
    this.microphone = microphone;
    this.stream = stream;
    const context = await this.open();
    this.source = context.createMediaStreamSource(stream);
    if (this.meters) this.source.connect(this.meters.user);
    this.mute(this.muted);
    for (const track of stream.getAudioTracks()) {
      track.onended = () => {
        this.silence();
        this.onunplugged();
      };
    }
    return stream;
  }

  /** Let go of the microphone. */
  silence() {
    this.asked += 1;
    this.source?.disconnect();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.source = this.stream = null;
  }

  /** @param {boolean} muted the microphone gives silence */
  mute(muted) {
    this.muted = muted;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /** @param {string} speaker a device id @returns {Promise<boolean>} false where this browser cannot choose */
  async chooseSpeaker(speaker) {
    this.speaker = speaker;
    const context = /** @type {any} */ (this.context);
    if (!context?.setSinkId) return false;
    try {
      await context.setSinkId(speaker);
      return true;
    } catch {
      return false; // unplugged since: the system's own goes on
    }
  }

  /** @returns {{user: number, agent: number}} levels now, in dBFS */
  levels() {
    const one = (/** @type {AnalyserNode|undefined} */ meter) => {
      if (!meter) return -100;
      meter.getFloatTimeDomainData(this.samples);
      return level(this.samples);
    };
    return { user: this.muted ? -100 : one(this.meters?.user), agent: one(this.meters?.agent) };
  }

  /** Seconds from the page's samples to the ear, as the browser knows them. */
  get latency() {
    const { outputLatency, baseLatency } = this.context ?? { outputLatency: 0, baseLatency: 0 };
    return outputLatency || baseLatency || 0;
  }

  async close() {
    this.silence();
    const context = this.context;
    this.context = this.meters = null;
    if (context && context.state !== 'closed') await context.close();
  }
}

/**
 * What there is to choose from; names are empty until a microphone was allowed once.
 * @returns {Promise<{microphones: {id: string, name: string}[], speakers: {id: string, name: string}[]}>}
 */
export async function devices() {
  const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (/** @type {string} */ kind) => found
    .filter((device) => device.kind === kind && device.deviceId)
    .map((device, n) => ({ id: device.deviceId, name: device.label || `${kind === 'audioinput' ? 'Microphone' : 'Speaker'} ${n + 1}` }));
  return { microphones: of('audioinput'), speakers: of('audiooutput') };
}
