// Samples: written down, resampled, queued for the ear.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64, fromPcm16, level, toBase64, toPcm16, WIRE_RATE } from '../../agent/web/pcm.js';
import { Resampler } from '../../agent/web/resample.js';
import { PlaybackRing } from '../../agent/web/ring.js';

const sine = (rate, hertz, seconds) => Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate));

test('samples come back from the wire as they were, and loud ones are clipped, not wrapped', () => {
  const samples = Float32Array.of(0, 0.5, -0.5, 1, -1, 3, -3);
  const bytes = new Uint8Array(toPcm16(samples).buffer);
  const back = fromPcm16(fromBase64(toBase64(bytes)));
  for (const [n, want] of [0, 0.5, -0.5, 1, -1, 1, -1].entries()) assert.ok(Math.abs(back[n] - want) < 1e-4, `${n}: ${back[n]}`);
});

test('base64 of more than one chunk is that of the platform', () => {
  const bytes = Uint8Array.from({ length: 20_001 }, (_, n) => (n * 31) % 256);
  assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
});

test('silence has a level, and a full sine lies 3 dB below full scale', () => {
  assert.equal(level(new Float32Array(100)), -100);
  assert.ok(Math.abs(level(sine(8000, 100, 1).map((x) => 2 * x)) + 3.01) < 0.01);
});

for (const [from, to] of [[48000, WIRE_RATE], [44100, WIRE_RATE], [WIRE_RATE, 48000], [WIRE_RATE, 44100], [WIRE_RATE, WIRE_RATE]]) {
  test(`a tone of 1 kHz is the same tone from ${from} to ${to} Hz, whatever the pieces`, () => {
    const resampler = new Resampler(from, to);
    const sound = sine(from, 1000, 0.5);
    const pieces = [];
    for (let at = 0, n = 0; at < sound.length; n++) {
      const size = [128, 1, 441, 960][n % 4];
      pieces.push(...resampler.push(sound.subarray(at, at + size)));
      at += size;
    }
    assert.ok(Math.abs(pieces.length - 0.5 * to) < 100, `${pieces.length}`);
    const steady = pieces.slice(1000, 9000);
    // the best sine of that frequency leaves under 1 % of it
    let c = 0, s = 0;
    const at = (n) => (2 * Math.PI * 1000 * n) / to;
    steady.forEach((x, n) => { c += x * Math.cos(at(n)); s += x * Math.sin(at(n)); });
    [c, s] = [(2 * c) / steady.length, (2 * s) / steady.length];
    const rest = Math.sqrt(steady.reduce((sum, x, n) => sum + (x - c * Math.cos(at(n)) - s * Math.sin(at(n))) ** 2, 0) / steady.length);
    assert.ok(Math.abs(Math.hypot(c, s) - 0.5) < 0.01, `amplitude ${Math.hypot(c, s)}`);
    assert.ok(rest < 0.004, `rest ${rest}`);
  });
}

test('a tone that the lower rate cannot carry is kept out', () => {
  const out = new Resampler(48000, WIRE_RATE).push(sine(48000, 16000, 0.3));
  assert.ok(level(out.subarray(500)) < -40, `${level(out.subarray(500))}`);
});

const ring = (more) => new PlaybackRing({ rate: 1000, prebuffer: 0.06, fade: 0.005, ...more });
const pull = (queue, count) => {
  const out = new Float32Array(count);
  queue.pull(out);
  return out;
};

test('nothing is heard before a little has gathered, then everything in order', () => {
  const queue = ring();
  queue.push('a', Float32Array.from({ length: 40 }, () => 0.1));
  assert.deepEqual([...pull(queue, 10)], Array(10).fill(0));
  queue.push('a', Float32Array.from({ length: 40 }, (_, n) => n));
  const heard = pull(queue, 80);
  assert.ok(Math.abs(heard[0] - 0.1) < 1e-6);
  assert.equal(heard[79], 39);
  assert.equal(queue.position().seconds, 0.08);
});

test('a reply shorter than what gathers is heard once it is whole', () => {
  const queue = ring();
  queue.push('a', Float32Array.of(1, 1, 1));
  assert.equal(pull(queue, 4)[0], 0);
  queue.end();
  assert.deepEqual([...pull(queue, 4)], [1, 1, 1, 0]);
  assert.equal(queue.starved, 0);
});

test('a flush lets go at once but for a fade, and says where the ear was', () => {
  const queue = ring();
  queue.push('a', new Float32Array(500).fill(1));
  pull(queue, 100);
  const cut = queue.flush();
  assert.deepEqual({ ...cut }, { item: 'a', seconds: 0.1, queued: 0.4, sounding: true });
  const after = pull(queue, 20);
  assert.ok(after[0] < 1 && after[3] < after[0]);
  assert.deepEqual([...after.subarray(5)], Array(15).fill(0));
});

test('what is sent after a flush goes on from its place in the item', () => {
  const queue = ring();
  queue.push('a', new Float32Array(200).fill(1));
  pull(queue, 100);
  queue.flush();
  queue.push('a', new Float32Array(100).fill(1));
  pull(queue, 55); // 5 of them the fade
  assert.equal(queue.position().seconds, 0.25);
});

test('a gap in what comes is silence, counted, and gathers anew', () => {
  const queue = ring();
  queue.push('a', new Float32Array(60).fill(1));
  pull(queue, 100);
  assert.equal(queue.starved, 1);
  queue.push('a', new Float32Array(30).fill(1));
  assert.equal(pull(queue, 10)[0], 0);
});

test('more than fits is refused and counted, and the queue stays bounded', () => {
  const queue = ring({ most: 1 });
  assert.equal(queue.push('a', new Float32Array(900)), true);
  assert.equal(queue.push('a', new Float32Array(200)), false);
  assert.equal(queue.refused, 200);
  for (let n = 0; n < 100; n++) queue.push(`item ${n}`, new Float32Array(0));
  assert.ok(queue.sent.size <= 9);
});
