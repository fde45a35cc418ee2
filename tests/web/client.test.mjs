// The client against parts of a browser that are not there: carriers, passes, sound, turns by hand, tools.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { install, made, settle } from './browser.mjs';
import { calling, capture, client, created, eachAlone, ear, live, playback, problems, states } from './calling.mjs';

eachAlone();

test('over WebRTC: the offer is posted with its pass, and the session asked for once the channel is open', async () => {
  install({ answer: (url) => (url.pathname === '/v1/realtime/calls' ? { status: 201, body: 'answer' } : { status: 404 }) });
  const connecting = calling({ token: 'ek_1', model: 'm' }).connect();
  await settle();
  const [post] = made.posts;
  assert.equal(post.url, 'http://localhost:8765/v1/realtime/calls?model=m');
  assert.equal(post.headers.Authorization, 'Bearer ek_1');
  assert.equal(made.peers[0].channel.name, 'oai-events');
  made.peers[0].open();
  await settle();
  made.peers[0].channel.onmessage({ data: JSON.stringify(created()) });
  await connecting;
  assert.equal(client.carrier, 'webrtc');
  assert.deepEqual(states, ['connecting', 'live']);
  assert.deepEqual(made.peers[0].channel.sent[0], { type: 'session.update', session: { type: 'realtime', hocket: { events: true } } });
});

test('where no path is found in five seconds it goes on over a WebSocket by itself, with another pass', async () => {
  install({ answer: () => ({ status: 201, body: 'answer' }) });
  let passes = 0;
  const connecting = calling({ token: () => `ek_${++passes}` }).connect();
  await settle();
  mock.timers.tick(5000);
  await settle();
  assert.equal(made.peers[0].connectionState, 'closed');
  const [socket] = made.sockets;
  assert.equal(socket.url, 'ws://localhost:8765/v1/realtime');
  assert.deepEqual(socket.protocols, ['realtime', 'openai-insecure-api-key.ek_2']);
  socket.open();
  await settle();
  socket.told(created());
  await connecting;
  assert.equal(client.carrier, 'websocket');
  assert.deepEqual(problems, []);
});

for (const [name, parts] of [
  ['a browser without WebRTC', { peers: false }],
  ['a server without WebRTC', { answer: () => ({ status: 404 }) }],
]) {
  test(`${name} is called over a WebSocket`, async () => {
    install(parts);
    calling({ token: '' }).connect();
    await settle();
    assert.equal(made.sockets.length, 1);
    assert.deepEqual(made.sockets[0].protocols, ['realtime']);
  });
}

for (const [status, code] of [[401, 'not_admitted'], [403, 'not_allowed'], [503, 'server_full']]) {
  test(`a server that says ${status} is not asked again another way`, async () => {
    install({ answer: () => ({ status }) });
    await assert.rejects(calling({ token: 'x' }).connect(), { code });
    assert.deepEqual([made.sockets.length, client.state, ...problems], [0, 'idle', code]);
    assert.ok(made.tracks.every((track) => track.stopped), 'the microphone is let go');
  });
}

test('a refused microphone is told in words, and nothing is asked of the server', async () => {
  install({ microphone: async () => { throw Object.assign(new Error(), { name: 'NotAllowedError' }); } });
  await assert.rejects(calling().connect(), { code: 'microphone_refused' });
  assert.deepEqual([made.posts.length, made.sockets.length], [0, 0]);
});

test('a page that is not secure is told so, but may type', async () => {
  install({ secure: false, peers: false });
  await assert.rejects(calling({ token: '' }).connect(), { code: 'not_secure' });
  calling({ token: '', microphone: false }).connect();
  await settle();
  assert.equal(made.sockets.length, 1);
});

test('sound goes out while the way is free, and is dropped where it would come late', async () => {
  const socket = await live();
  capture().onmessage({ data: { pcm: new Int16Array([1, 2]), level: -20 } });
  socket.bufferedAmount = 1e6;
  capture().onmessage({ data: { pcm: new Int16Array([1, 2]), level: -20 } });
  assert.deepEqual(socket.sent.filter((event) => event.type === 'input_audio_buffer.append'), [{ type: 'input_audio_buffer.append', audio: 'AQACAA==' }]);
});

test('speech over the voice lets go of what waits, and tells once how much was heard', async () => {
  const socket = await live();
  socket.told({ type: 'response.created', response: { id: 'r' } });
  socket.told({ type: 'response.output_audio.delta', item_id: 'a', delta: 'AAAA' });
  ear('a', 1.52);
  socket.told({ type: 'input_audio_buffer.speech_started', item_id: 'u' });
  socket.told({ type: 'input_audio_buffer.speech_started', item_id: 'u' });
  socket.told({ type: 'response.output_audio.delta', item_id: 'a', delta: 'AAAA' });
  assert.deepEqual(playback().posted.map((data) => data.what), ['push', 'flush', 'flush']);
  assert.deepEqual(socket.sent.filter((event) => event.type.endsWith('truncate')),
    [{ type: 'conversation.item.truncate', event_id: 'own_truncate', item_id: 'a', content_index: 0, audio_end_ms: 1500 }]);
  socket.told({ type: 'error', error: { code: 'item_not_found', message: 'No.', event_id: 'own_truncate' } });
  assert.deepEqual(problems, [], 'what the client asked by itself is not the person’s problem');
});

test('a voice that is held falls silent and may go on; a reply heard to its end is not truncated', async () => {
  const socket = await live();
  socket.told({ type: 'response.output_audio.delta', item_id: 'a', delta: 'AAAA' });
  ear('a', 0.5);
  socket.told({ type: 'hocket.voice', state: 'held' });
  socket.told({ type: 'response.output_audio.delta', item_id: 'a', delta: 'AAAA' });
  socket.told({ type: 'response.output_audio.done', item_id: 'a' });
  assert.deepEqual(playback().posted.map((data) => data.what), ['push', 'flush', 'push', 'end']);
  ear('a', 1, false);
  socket.told({ type: 'input_audio_buffer.speech_started', item_id: 'u' });
  assert.ok(!socket.types().includes('conversation.item.truncate'));
});

test('how late the ear is goes out five times a second, and only to a server of ours', async () => {
  const socket = await live();
  ear('a', 1);
  mock.timers.tick(200);
  await settle();
  assert.deepEqual(socket.sent.at(-1), { type: 'hocket.playout', rtt_ms: null, jitter_buffer_ms: 100, output_latency_ms: 20 });
  socket.told({ type: 'session.updated', session: { model: 'another' } });
  const before = socket.sent.length;
  mock.timers.tick(1000);
  await settle();
  assert.equal(socket.sent.length, before);
});

test('by push to talk the microphone is open between press and release, and a release asks for the answer', async () => {
  const socket = await live();
  client.pushToTalk(true);
  assert.deepEqual(socket.sent.at(-1).session.audio.input, { turn_detection: null });
  const [track] = made.tracks;
  const say = () => capture().onmessage({ data: { pcm: new Int16Array(2), level: -20 } });
  say();
  assert.equal(track.enabled, false);
  client.press();
  say();
  assert.equal(track.enabled, true);
  client.release();
  say();
  assert.deepEqual(socket.types().slice(2), ['input_audio_buffer.clear', 'input_audio_buffer.append', 'input_audio_buffer.commit', 'response.create']);
  client.pushToTalk(false);
  assert.deepEqual(socket.sent.at(-1).session.audio.input, { turn_detection: { type: 'semantic_vad' } });
  assert.equal(track.enabled, true);
});

test('a press while it speaks interrupts it first', async () => {
  const socket = await live();
  client.pushToTalk(true);
  socket.told({ type: 'response.created', response: { id: 'r' } });
  ear('a', 0.7);
  client.press();
  assert.deepEqual(socket.types().slice(2), ['response.cancel', 'conversation.item.truncate', 'input_audio_buffer.clear']);
});

test('typed words are an item and a question for an answer', async () => {
  const socket = await live();
  client.sendText('two and two');
  assert.deepEqual(socket.sent.slice(1), [
    { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'two and two' }] } },
    { type: 'response.create' },
  ]);
});

test('a reply that is given up ends before the next one is asked for', async () => {
  const socket = await live();
  socket.told({ type: 'response.created', response: { id: 'r' } });
  client.sendText('no, three and three');
  assert.deepEqual(socket.types().slice(1), ['response.cancel', 'conversation.item.create']);
  socket.told({ type: 'response.done', response: { id: 'r', status: 'cancelled' } });
  assert.equal(socket.types().at(-1), 'response.create');
  socket.told({ type: 'response.created', response: { id: 'r2' } });
  socket.told({ type: 'response.done', response: { id: 'r2' } });
  assert.equal(socket.types().filter((type) => type === 'response.create').length, 1);
});

test('functions of the page are declared, run when their response is done, and answered together', async () => {
  const tools = { time: { description: 'what time it is', run: () => '12:00' } };
  const socket = await live({ tools });
  assert.equal(socket.sent[0].session.tools[0].name, 'time');
  const item = (name, n) => ({ type: 'response.output_item.done', item: { type: 'function_call', name, call_id: `c${n}`, arguments: '{}' } });
  for (const event of [item('time', 1), item('time', 2), item('of_the_server', 3)]) socket.told(event);
  assert.equal(socket.sent.length, 1);
  socket.told({ type: 'response.done', response: { id: 'r' } });
  await settle();
  assert.deepEqual(socket.sent.slice(1).map((event) => event.item?.call_id ?? event.type), ['c1', 'c2', 'response.create']);
});

test('an error event is a problem and the conversation goes on; so is something that is no event', async () => {
  const socket = await live();
  socket.told({ type: 'error', error: { code: 'invalid_value', message: 'No.', event_id: 'e' } });
  socket.told('{"type":');
  assert.deepEqual([client.state, ...problems], ['live', 'invalid_value', 'not_json']);
});

test('a server that answers but never greets is of another version', async () => {
  calling({ transport: 'websocket', token: '' });
  const connecting = client.connect();
  await settle();
  made.sockets[0].open();
  await settle();
  mock.timers.tick(10_000);
  await assert.rejects(connecting, { code: 'other_version' });
});

test('a reply of which nothing was heard yet is cut too: what is under way of it is not played', async () => {
  const socket = await live();
  socket.told({ type: 'response.created', response: { id: 'r' } });
  socket.told({ type: 'response.output_audio.delta', item_id: 'b', delta: 'AAAA' });
  client.interrupt();
  socket.told({ type: 'response.output_audio.delta', item_id: 'b', delta: 'AAAA' });
  assert.deepEqual(playback().posted.map((data) => data.what), ['push', 'flush']);
  assert.equal(socket.sent.at(-1).audio_end_ms, 0);
});
