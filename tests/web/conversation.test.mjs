// From events to what is shown: captions, thoughts, drafts, decisions, waits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShown, lineRemark, lineWords } from '../../agent/web/captions.js';
import { chart, summary } from '../../agent/web/latency.js';
import { ANSWER, Conversation } from '../../agent/web/conversation.js';
import { clean, lineUp, resumed } from '../../agent/web/texts.js';
import { brainWords, phaseWords, stateWords } from '../../agent/web/words.js';

/** Events at once, or each `[seconds, event]`. */
function told(...events) {
  const conversation = new Conversation();
  events.forEach((each, n) => {
    const [at, event] = Array.isArray(each) ? each : [n, each];
    conversation.see(event, at);
  });
  return conversation;
}
const thinking = (turn, draft, delta, more = {}) => ({ type: 'response.thinking.delta', response_id: null, turn, draft, delta, confirmed: null, ...more });
const spoken = (item, response, delta) => ({ type: 'response.output_audio_transcript.delta', item_id: item, response_id: response, delta });

test('a turn of any server: its captions, in order, and who speaks', () => {
  const conversation = new Conversation();
  const phases = [];
  const events = [
    { type: 'session.created', session: { model: 'm' } },
    { type: 'input_audio_buffer.speech_started', item_id: 'u' },
    { type: 'input_audio_buffer.speech_stopped', item_id: 'u' },
    { type: 'input_audio_buffer.committed', item_id: 'u' },
    { type: 'conversation.item.added', item: { id: 'u', type: 'message', role: 'user', content: [{ type: 'input_audio' }] } },
    { type: 'response.created', response: { id: 'r' } },
    spoken('a', 'r', 'Forty '), spoken('a', 'r', 'six.'),
    { type: 'conversation.item.input_audio_transcription.delta', item_id: 'u', delta: 'what is ' },
    { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u', transcript: 'what is it' },
    { type: 'response.output_audio_transcript.done', item_id: 'a', transcript: 'Forty six.' },
    { type: 'response.done', response: { id: 'r', status: 'completed', output: [{ id: 'a' }] } },
  ];
  for (const [n, event] of events.entries()) {
    conversation.see(event, n);
    phases.push(conversation.phase);
  }
  assert.deepEqual(conversation.lines.map((line) => [line.who, line.text, line.done, line.cut, line.source]),
    [['you', 'what is it', true, false, 'server'], ['agent', 'Forty six.', true, false, '']]);
  assert.deepEqual(phases, ['listening', 'you speak', 'listening', 'listening', 'listening', 'thinking', 'speaking', 'speaking', 'speaking', 'speaking', 'speaking', 'listening']);
});

test('what was cut off shows only what was heard', () => {
  const conversation = told(
    { type: 'response.created', response: { id: 'r' } }, spoken('a', 'r', 'Twelve plus'),
    { type: 'hocket.voice', turn: 1, response_id: 'r', state: 'held' },
    { type: 'hocket.voice', turn: 1, response_id: 'r', state: 'hushed' },
    { type: 'response.output_audio_transcript.done', item_id: 'a', transcript: 'Twelve' },
    { type: 'response.done', response: { id: 'r', status: 'cancelled', output: [{ id: 'a', status: 'incomplete' }] } },
  );
  const [line] = conversation.lines;
  assert.equal(lineWords(line), 'Twelve …');
  assert.match(lineRemark(line), /did not hear the rest/);
  assert.deepEqual(conversation.marks.map((mark) => mark.kind), ['hold', 'hush']);
});

test('a thought that goes on from an earlier one shows only what is new, with the word it began in', () => {
  const conversation = told(
    [0, thinking(1, 0, 'heard: what\n', { confirmed: 0 })], [0.1, thinking(1, 0, '')],
    [0.2, thinking(1, 0, 'heard: what', { confirmed: 2 })], [0.21, thinking(1, 0, ' is')], [0.3, thinking(1, 0, ' twelve')],
    [0.9, thinking(1, 0, ' plus')],
  );
  assert.deepEqual(conversation.stretches.map((each) => each.text), ['… is twelve', ' plus']);
  assert.equal(conversation.stretches[0].ends, 0.3);
});

test('what a thought had from an earlier one in its middle is not shown as new', () => {
  const conversation = told([0, thinking(1, 2, 'a', {})], [0.05, thinking(1, 2, ' b c', { again: 2 })], [0.1, thinking(1, 2, ' d')]);
  assert.deepEqual(conversation.stretches.map((each) => each.text), ['a… d']);
});

test('while the user speaks, the caption is what the brain makes of it', () => {
  const conversation = told({ type: 'hocket.user', state: 'speaking' }, thinking(1, 0, 'heard: what is'), thinking(1, 0, ' twelve\nincomplete'));
  assert.equal(conversation.hearing, 'what is twelve');
  conversation.see({ type: 'conversation.item.added', item: { id: 'u', type: 'message', role: 'user', content: [] } }, 4);
  assert.equal(conversation.hearing, '');
});

test('drafts begin, are dropped with their thoughts, or are committed, each with its reason', () => {
  const draft = (turn, number, state) => ({ type: 'hocket.draft', turn, draft: number, state });
  const why = (text) => ({ type: 'hocket.decision', turn: 1, why: text });
  const conversation = told(
    [1, why('pause: drafting')], [1, draft(1, 1, 'begun')], [1.1, thinking(1, 1, 'early')],
    [1.2, why('the user goes on')], [1.2, draft(1, 1, 'dropped')],
    [2, draft(1, 2, 'begun')], [2.1, why('after 426 ms')], [2.1, draft(1, 2, 'committed')], [2.5, draft(1, 2, 'finished')],
  );
  assert.deepEqual(conversation.drafts.map((each) => [each.state, each.begins, each.ends]), [['dropped', 1, 1.2], ['finished', 2, 2.5]]);
  assert.deepEqual(conversation.marks.map((mark) => [mark.number, mark.kind, mark.why]),
    [[1, 'draft', 'pause: drafting'], [2, 'drop', 'the user goes on'], [3, 'draft', ''], [4, 'commit', 'after 426 ms']]);
  assert.equal(conversation.stretches[0].dropped, true);
});

test('a voice that was lowered and is full again is one decision', () => {
  const voice = (state) => ({ type: 'hocket.voice', turn: 1, state });
  const { marks } = told([1, { type: 'hocket.decision', turn: 1, why: 'ducked' }], [1, voice('ducked')], [1.3, { type: 'hocket.decision', turn: 1, why: 'a burst' }],
    [1.35, voice('full')], [2, voice('held')], [3, voice('resumed')]);
  assert.deepEqual(marks.map((mark) => [mark.kind, mark.why]), [['duck', 'ducked; a burst'], ['hold', ''], ['resume', '']]);
});

test('a reply knows its turn, its wait and its thought by whatever names both, in any order', () => {
  const rest = [
    { type: 'hocket.latency', turn: 3, name: ANSWER, ms: 440 }, spoken('a', 'r', 'Yes'),
    { type: 'hocket.heard', turn: 3, response_id: 'r', item_id: 'a', transcript: 'Yes' },
  ];
  const before = [{ type: 'hocket.draft', turn: 3, draft: 7, state: 'begun' }, thinking(3, 7, 'easy\n')];
  for (const order of [[0, 1, 2], [1, 2, 0], [1, 0, 2]]) {
    const { lines: [line], waits } = told(...before, ...order.map((n) => rest[n]));
    assert.deepEqual([line.turn, line.waited, line.thought], [3, 440, 'easy\n'], String(order));
    assert.deepEqual(waits.map((wait) => wait.ms), [440]);
  }
});

test('a wait is not given to another reply', () => {
  const conversation = told(spoken('hello', 'r0', 'Hello'), { type: 'hocket.latency', turn: 1, name: ANSWER, ms: 300 }, { type: 'hocket.latency', turn: 1, name: 'first token', ms: 20 });
  assert.equal(conversation.lines[0].waited, null);
  assert.deepEqual(conversation.waits, [{ turn: 1, ms: 300, parts: { [ANSWER]: 300, 'first token': 20 } }]);
});

test('events lie where they happened, not when they came, and never in the future', () => {
  const conversation = told(
    [10.0, { type: 'hocket.voice', turn: 1, state: 'held', session_ms: 1000 }],
    [12.5, { type: 'hocket.voice', turn: 1, state: 'resumed', session_ms: 3000 }], // half a second late
    [12.9, { type: 'hocket.voice', turn: 1, state: 'hushed', session_ms: 9000 }],
  );
  assert.deepEqual(conversation.marks.map((mark) => mark.at), [10, 12, 12.9]);
});

test('after another connection the server’s clock begins anew and nothing stays open', () => {
  const conversation = told([10, { type: 'hocket.draft', turn: 1, draft: 1, state: 'begun', session_ms: 9000 }], [11, spoken('a', 'r', 'Half')]);
  conversation.reset();
  conversation.see({ type: 'hocket.voice', turn: 1, state: 'held', session_ms: 500 }, 20);
  assert.equal(conversation.marks.at(-1).at, 20);
  assert.notEqual(conversation.drafts[0].ends, null);
  assert.equal(conversation.lines[0].done, true);
});

test('tools are told with what they were given and gave', () => {
  const { tools, marks } = told([5, { type: 'hocket.tool', turn: 1, name: 'look', arguments: '{"x":1}', output: 'y', failed: false, ms: 250 }]);
  assert.deepEqual([tools[0].begins, tools[0].ends], [4.75, 5]);
  assert.equal(marks[0].why, 'look({"x":1}) → y');
});

test('an hour of talk is held in bounded memory', () => {
  const conversation = new Conversation();
  for (let n = 0; n < 3600; n++) {
    conversation.see({ type: 'hocket.draft', turn: n, draft: n, state: 'begun' }, n);
    conversation.see(thinking(n, n, 'x'), n);
    conversation.see({ type: 'hocket.draft', turn: n, draft: n, state: 'dropped' }, n);
    conversation.see(spoken(`a${n}`, `r${n}`, 'x'), n);
    conversation.see({ type: 'hocket.latency', turn: n, name: ANSWER, ms: 1 }, n);
  }
  for (const [name, value] of Object.entries(conversation)) assert.ok((value?.length ?? value?.size ?? 0) <= 201, name);
});

test('unknown events and events without their fields change nothing and break nothing', () => {
  const conversation = new Conversation();
  for (const type of ['x.y', 'response.done', 'conversation.item.added', 'hocket.draft', 'hocket.voice', 'hocket.tool', 'hocket.latency',
    'response.thinking.delta', 'response.output_audio_transcript.delta', 'conversation.item.truncated', 'session.created']) {
    assert.doesNotThrow(() => conversation.see({ type }, 1), type);
  }
});

test('texts are made fit to be shown', () => {
  assert.equal(clean('a\u202Eb\u0000\n c'), 'a b c');
  assert.equal(clean('so ', true), 'so ');
  assert.equal(lineUp('heard: x\n\n12+3\n'), 'heard: x · 12+3');
  assert.equal(resumed('heard: wh', 'at'), '…what');
  assert.equal(resumed('46', '1'), '461');
  assert.equal(resumed('', 'x'), 'x');
});

test('states have words, also for a server that is not ours', () => {
  assert.equal(stateWords({ state: 'reconnecting', seconds: 3.6 }), 'Trying again in 4 s');
  assert.equal(phaseWords('listening', true), 'Muted');
  assert.equal(brainWords({ model: 'gpt-x' }), 'gpt-x');
  assert.equal(brainWords({ hocket: { brain: { name: 'practice brain', hears: 'audio', thinks_while_listening: 'yes' }, voice: 'flite rms' } }),
    'practice brain · hears audio · thinks while you speak · voice flite rms');
});

test('waits are drawn newest right, over one second apart, and summed up by their median', () => {
  const waits = [300, 400, 2000, NaN].map((ms, n) => ({ turn: n, ms, parts: {} }));
  const { bars, lines } = chart(waits);
  assert.deepEqual(bars.map((bar) => bar.long), [false, false, true]);
  assert.ok(bars[0].x < bars[1].x && bars[2].height > bars[1].height);
  assert.ok(bars.every((bar) => bar.x + bar.width <= 350 && bar.y >= 9));
  assert.ok(lines.some((line) => line.text === '1 s'));
  assert.equal(summary(waits), 'Last 2.00 s · median 0.40 s of 3 turns');
  assert.equal(chart(Array.from({ length: 99 }, (_, n) => ({ turn: n, ms: 9000, parts: {} }))).bars.length, 24);
});

test('a turn that was taken back before it was answered leaves no empty caption', () => {
  const user = (id) => ({ type: 'conversation.item.added', item: { id, type: 'message', role: 'user', content: [{ type: 'input_audio' }] } });
  const { lines } = told(user('u1'), user('u2'), { type: 'conversation.item.input_audio_transcription.failed', item_id: 'u2' });
  assert.deepEqual(lines.filter(isShown).map(lineWords), ['(nothing was made out)']);
});
