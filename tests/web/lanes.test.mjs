// Where things lie on the lanes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discs, frame, height, hit, discY, Levels, place, Rows, x } from '../../agent/web/lanes_layout.js';

const wide = (text) => 7 * text.length;

test('lanes lie below each other without touching, on a phone and on a desk', () => {
  for (const width of [320, 360, 620, 1112, 2000]) {
    const f = frame(width);
    const bands = ['discs', 'user', 'listening', 'drafts', 'agent', 'words', 'axis'].map((name) => f.bands[name]);
    for (let n = 1; n < bands.length; n++) assert.ok(bands[n].y >= bands[n - 1].y + bands[n - 1].height, `${width}: ${n}`);
    assert.ok(f.height <= 400 && f.now < f.width && f.left < f.now);
    assert.ok(f.scale > 30, `a second is ${f.scale} px of ${width}`);
  }
});

test('time runs to the right and scrolls to the left', () => {
  const f = frame(1000);
  assert.equal(x(f, 10, 10), f.now);
  assert.ok(x(f, 9, 10) < x(f, 9.5, 10));
  assert.ok(Math.abs(x(f, 9, 10) - x(f, 9, 11) - f.scale) < 1e-9);
});

test('texts that would lie on each other get rows of their own, and keep them', () => {
  const f = frame(1000);
  const rows = new Rows(3);
  const texts = [0, 0.2, 0.4, 0.6].map((begins, n) => ({ begins, ends: begins, faint: false, text: `text number ${n} of four` }));
  const first = place(texts, rows, f, 1, wide);
  assert.deepEqual(first.map((each) => each.row), [0, 1, 2, 0]);
  const later = place(texts.slice(1), rows, f, 2, wide);
  assert.deepEqual(later.map((each) => each.row), [1, 2, 0]);
  assert.ok(first[0].room <= (0.6 - 0) * f.scale, 'the first one ends where the fourth begins');
});

test('texts that have scrolled out are left out', () => {
  const f = frame(1000);
  assert.deepEqual(place([{ begins: 0, ends: 0, faint: false, text: 'gone' }], new Rows(2), f, 60, wide), []);
});

test('discs are moved apart and can be hit', () => {
  const f = frame(1000);
  const marks = [1, 1.01, 1.02, 1.03].map((at, n) => ({ number: n + 1, at, kind: 'draft', turn: 1, why: '' }));
  const found = discs(marks, f, 2);
  for (const a of found) for (const b of found) {
    if (a !== b) assert.ok(Math.hypot(a.x - b.x, 20 * (a.row - b.row)) >= 18, `${a.mark.number} and ${b.mark.number}`);
  }
  const third = found[2];
  assert.equal(hit(found, third.x + 3, discY(f, third.row) - 3, f, 12)?.mark, marks[2]);
  assert.equal(hit(found, third.x, discY(f, third.row) + 80, f, 12), null);
});

test('bars keep their height while they scroll', () => {
  const levels = new Levels(60);
  for (let n = 0; n < 100; n++) levels.add(n * 0.03, { user: n % 10 ? -80 : -20, agent: -100 });
  const step = 0.05;
  const now = levels.bars('user', 0, 2.9, step), later = levels.bars('user', 0.5, 2.9, step);
  const heights = new Map(now.map((bar) => [bar.at, bar.height]));
  for (const bar of later.filter((each) => each.at > 0.6)) assert.equal(heights.get(bar.at), bar.height);
  assert.ok(levels.bars('agent', 0, 3, step).every((bar) => bar.height === 0));
});

test('levels are kept for a while only, and silence has no height', () => {
  const levels = new Levels(10);
  for (let n = 0; n < 100; n++) levels.add(n, { user: -20, agent: -20 });
  assert.ok(levels.samples.length <= 64 && levels.samples[0].at >= 35);
  assert.equal(height(-100), 0);
  assert.equal(height(0), 1);
});
