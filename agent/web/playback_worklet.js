/**
 * In the audio thread: what the server sent, to the loudspeaker; it says every 20 ms where the ear is.
 *
 * A flush takes hold with the next block (under 3 ms), beside a fade of 5 ms.
 */

import { level } from './pcm.js';
import { Resampler } from './resample.js';
import { PlaybackRing } from './ring.js';
import { WIRE_RATE } from './pcm.js';

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new PlaybackRing({ rate: sampleRate });
    this.resampler = new Resampler(WIRE_RATE, sampleRate);
    this.blocks = 0;
    this.loudest = -100;
    this.every = Math.max(1, Math.round((0.02 * sampleRate) / 128));
    this.port.onmessage = ({ data }) => this.told(data);
  }

  /** @param {{what: string, item?: string, samples?: Float32Array, ask?: number}} data */
  told(data) {
    if (data.what === 'push') {
      this.ring.push(String(data.item), this.resampler.push(/** @type {Float32Array} */ (data.samples)));
    } else if (data.what === 'end') {
      this.ring.end();
    } else if (data.what === 'flush') {
      const cut = this.ring.flush();
      this.resampler.reset();
      this.port.postMessage({ cut, ask: data.ask });
    }
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const [first, ...others] = outputs[0];
    this.ring.pull(first);
    for (const other of others) other.set(first);
    this.loudest = Math.max(this.loudest, level(first));
    this.blocks += 1;
    if (this.blocks % this.every === 0) {
      const { refused, starved } = this.ring;
      this.port.postMessage({ ...this.ring.position(), level: this.loudest, refused, starved });
      this.loudest = -100;
    }
    return true;
  }
}

registerProcessor('hocket-playback', Playback);
