/**
 * Samples as the wire writes them down: 16-bit little-endian, and base64 where an event is JSON.
 *
 * Pure; it knows no rate and no device.
 */

/** The wire's rate, Hz; mono. */
export const WIRE_RATE = 24000;

/** @param {Float32Array} samples in −1..1, clipped @returns {Int16Array} */
export function toPcm16(samples) {
  const pcm = new Int16Array(samples.length);
  for (let n = 0; n < samples.length; n++) {
    const x = Math.max(-1, Math.min(1, samples[n]));
    pcm[n] = Math.round(x < 0 ? x * 32768 : x * 32767);
  }
  return pcm;
}

/** @param {Uint8Array} bytes an odd last byte is left out @returns {Float32Array} */
export function fromPcm16(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.byteLength >> 1);
  for (let n = 0; n < samples.length; n++) samples[n] = view.getInt16(2 * n, true) / 32768;
  return samples;
}

/** @param {ArrayBufferView} data @returns {string} */
export function toBase64(data) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = '';
  for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
  return btoa(text);
}

/** @param {string} text @returns {Uint8Array} @throws {DOMException} where it is not base64 */
export function fromBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let n = 0; n < raw.length; n++) bytes[n] = raw.charCodeAt(n);
  return bytes;
}

/** @param {Float32Array} samples @returns {number} their level in dBFS, −100 for silence */
export function level(samples) {
  let sum = 0;
  for (let n = 0; n < samples.length; n++) sum += samples[n] * samples[n];
  return samples.length && sum > 0 ? Math.max(-100, 10 * Math.log10(sum / samples.length)) : -100;
}
