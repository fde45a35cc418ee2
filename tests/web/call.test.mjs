// What goes on around a call: addresses, passes, tools, waits between attempts, reports, words for people.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, inTime, merged } from '../../agent/web/address.js';
import { again, delay } from '../../agent/web/backoff.js';
import { PlayoutWindow, reading } from '../../agent/web/playout.js';
import { asProblem, closeProblem, contextProblem, httpProblem, microphoneProblem, returning, toldProblem } from '../../agent/web/problems.js';
import { answers, declared } from '../../agent/web/tools.js';

test('a server may be named by its address, its /v1, the whole, or as a socket', () => {
  for (const src of ['http://h:1/', 'http://h:1', 'http://h:1/v1', 'http://h:1/v1/', 'http://h:1/v1/realtime', 'ws://h:1/v1/realtime#x']) {
    assert.equal(address(src).href, 'http://h:1/v1/realtime', src);
  }
  assert.equal(address('wss://h/voice/').href, 'https://h/voice/v1/realtime');
  assert.equal(address('https://h/v1/realtime?model=m').search, '?model=m');
});

test('session settings are merged, lists and null replaced', () => {
  const old = { audio: { input: { turn_detection: { type: 'semantic_vad' }, format: 1 } }, tools: [1] };
  assert.deepEqual(merged(old, { audio: { input: { turn_detection: null } }, tools: [2] }),
    { audio: { input: { turn_detection: null, format: 1 } }, tools: [2] });
});

test('attempts wait longer and longer, at most about ten seconds, and end', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 30].map((n) => delay(n, 0.5));
  assert.deepEqual(waits, [0.5, 1, 2, 4, 8, 10, 10, 10]);
  assert.ok(delay(0, 0) >= 0.4 && delay(9, 1) < 12.1);
  assert.ok(again(0, 0) && again(20, 200));
  assert.ok(!again(20, 301) && !again(60, 1));
});

test('the jitter buffer is reported as it is now, not as the mean of the call', () => {
  const window = new PlayoutWindow();
  let last;
  for (let n = 0; n <= 50; n++) { // 8 s at 200 ms, then 2 s at 40 ms
    const late = n <= 40 ? 0.2 : 0.04;
    const before = window.readings.at(-1) ?? { delay: 0, emitted: 0 };
    last = window.add({ at: n * 0.2, delay: before.delay + late * 9600, emitted: before.emitted + 9600, rtt: 0.01 }, 0.02);
  }
  assert.deepEqual(last, { rtt_ms: 10, jitter_buffer_ms: 40, output_latency_ms: 20 });
});

test('a new track, no track and nonsense do not make a report wild', () => {
  const window = new PlayoutWindow();
  window.add({ at: 0, delay: 100, emitted: 1000, rtt: null }, 0);
  assert.deepEqual(window.add({ at: 1, delay: 1, emitted: 100, rtt: null }, NaN), { rtt_ms: null, jitter_buffer_ms: 10, output_latency_ms: 0 });
  assert.deepEqual(new PlayoutWindow().add({ at: 0, delay: 0, emitted: 0, rtt: -1 }, 99), { rtt_ms: 0, jitter_buffer_ms: 0, output_latency_ms: 5000 });
});

test('statistics are read from the audio that comes in and the path that is used', () => {
  const reports = [
    { type: 'inbound-rtp', kind: 'video', jitterBufferDelay: 9, jitterBufferEmittedCount: 9 },
    { type: 'inbound-rtp', kind: 'audio', jitterBufferDelay: 2, jitterBufferEmittedCount: 50 },
    { type: 'candidate-pair', nominated: false, currentRoundTripTime: 5 },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02 },
  ];
  assert.deepEqual(reading(reports, 7), { at: 7, delay: 2, emitted: 50, rtt: 0.02 });
});

test('tools of the page are declared, run beside each other, and answered in order', async () => {
  const tools = {
    slow: { description: 'a', run: async ({ x }) => { await Promise.resolve(); return { twice: 2 * x }; } },
    text: { description: 'b', parameters: { type: 'object', properties: { y: {} } }, run: () => 'plain' },
    bad: { description: 'c', run: () => { throw new Error('no such room'); } },
  };
  assert.deepEqual(declared(tools)[0], { type: 'function', name: 'slow', description: 'a', parameters: { type: 'object', properties: {} } });
  const call = (name, args) => ({ name, call_id: `c_${name}`, arguments: args });
  const items = await answers([call('slow', '{"x": 4}'), call('text', ''), call('bad', '{}'), call('text', '{"broken')], tools);
  assert.deepEqual(items.map((item) => item.output), ['{"twice":8}', 'plain', 'The function failed: no such room', 'The arguments are not JSON.']);
  assert.ok(items.every((item) => item.type === 'function_call_output'));
});

test('everything that can go wrong has words of its own, and says what to do', () => {
  const all = [
    ...['NotAllowedError', 'NotFoundError', 'NotReadableError', 'Other'].map((name) => microphoneProblem({ name })),
    contextProblem({ isSecureContext: false, location: { hostname: '192.168.1.7' } }),
    ...[0, 401, 403, 404, 429, 500].map(httpProblem), ...[1000, 1001, 1006, 1008, 1009].map(closeProblem),
  ];
  assert.equal(new Set(all.map((each) => each.words)).size, all.length);
  assert.equal(new Set(all.map((each) => each.code)).size, all.length);
  for (const { words } of all) assert.match(words, /^[A-Z].+[.?]$/);
  assert.match(all[4].words, /192\.168\.1\.7.*localhost.*--lan/s);
  assert.equal(contextProblem({ isSecureContext: true }), null);
});

test('what may mend itself is tried again, what a person must mend is not', () => {
  for (const code of [1001, 1006, 1013]) assert.equal(closeProblem(code).fatal, false, String(code));
  for (const code of [1000, 1008, 1009]) assert.equal(closeProblem(code).fatal, true, String(code));
  for (const status of [0, 429, 500, 503]) assert.equal(httpProblem(status).fatal, false, String(status));
  for (const status of [401, 403, 404]) assert.equal(httpProblem(status).fatal, true, String(status));
});

test('an error event names its event, and strange errors still become words', () => {
  assert.deepEqual(toldProblem({ code: 'invalid_value', message: 'No.', event_id: 'e1', param: 'session.tools' }),
    { code: 'invalid_value', words: 'No.', fatal: false, event: 'e1', param: 'session.tools' });
  assert.equal(toldProblem(undefined).code, 'refused');
  assert.equal(asProblem(new TypeError('x')).code, 'failed');
  assert.match(returning(0.4).words, /1 second\./);
});

test('a wait for something ends in time', async () => {
  assert.equal(await inTime(Promise.resolve(), 1000), true);
  assert.equal(await inTime(new Promise(() => {}), 1), false);
});
