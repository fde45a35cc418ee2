/** In the audio thread: the microphone as 24 kHz PCM in pieces of 40 ms. It never waits and keeps nothing. */

import { level, toPcm16, WIRE_RATE } from './pcm.js';
import { Resampler } from './resample.js';

const PIECE = 0.04 * WIRE_RATE;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, WIRE_RATE);
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const input = inputs[0]?.[0];
    if (input) this.take(this.resampler.push(input));
    return true;
  }

  /** @param {Float32Array} samples */
  take(samples) {
    for (let from = 0; from < samples.length; ) {
      const count = Math.min(PIECE - this.filled, samples.length - from);
      this.piece.set(samples.subarray(from, from + count), this.filled);
      this.filled += count;
      from += count;
      if (this.filled < PIECE) return;
      const pcm = toPcm16(this.piece);
      this.port.postMessage({ pcm, level: level(this.piece) }, [pcm.buffer]);
      this.filled = 0;
    }
  }
}

registerProcessor('hocket-capture', Capture);
