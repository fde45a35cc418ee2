// What ends, and what comes back: losses, hanging up, leaving, a microphone that goes.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { install, made, settle } from './browser.mjs';
import { calling, client, created, eachAlone, live, problems } from './calling.mjs';

eachAlone();

test('a lost connection comes back by itself, with the conversation so far and the settings of before', async () => {
  const socket = await live({ session: { instructions: 'short' } });
  client.update({ audio: { input: { turn_detection: null } } });
  socket.lost(1006);
  await settle();
  assert.deepEqual([client.state, ...problems], ['reconnecting', 'connection_lost']);
  mock.timers.tick(700);
  await settle();
  const again = made.sockets[1];
  assert.equal(new URL(again.url).searchParams.get('resume'), 're_1');
  again.open();
  await settle();
  assert.deepEqual(again.sent[0].session, { type: 'realtime', hocket: { events: true }, instructions: 'short', audio: { input: { turn_detection: null } } });
  again.told(created({ resume: 're_2', resumed: true }));
  await settle();
  assert.equal(client.state, 'live');
  again.lost(1001);
  await settle();
  mock.timers.tick(700);
  await settle();
  assert.equal(new URL(made.sockets[2].url).searchParams.get('resume'), 're_2');
});

test('it is told whether the server still knew the conversation, and that it was updated meanwhile', async () => {
  let version = '1';
  install({ answer: () => ({ status: 200, body: { token: 'ek_1', version } }) });
  const socket = await live({ token: undefined, bootstrap: 'http://localhost:8765/config.json' });
  const lives = [];
  client.addEventListener('state', ({ detail }) => { if (detail.state === 'live') lives.push(detail.resumed); });
  version = '2';
  for (const resumed of [true, undefined]) {
    made.sockets.at(-1).lost(1006);
    await settle();
    mock.timers.tick(700);
    await settle();
    made.sockets.at(-1).open();
    await settle();
    made.sockets.at(-1).told(created({ resumed }));
    await settle();
  }
  assert.deepEqual(lives, [true, false]);
  assert.deepEqual(problems, ['connection_lost', 'server_updated', 'connection_lost']);
  assert.deepEqual(socket.protocols.at(-1), 'openai-insecure-api-key.ek_1');
});

test('a server that stays away is asked at longer and longer intervals, until hung up', async () => {
  install({ answer: () => { throw new TypeError('gone'); } });
  const socket = await live();
  socket.lost(1006);
  for (const ms of [700, 1300, 2500]) {
    await settle();
    mock.timers.tick(ms);
    await settle();
    made.sockets.at(-1).onclose({ code: 1006 });
    await settle();
  }
  assert.equal(made.sockets.length, 4);
  assert.equal(client.state, 'reconnecting');
  await client.close();
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual([made.sockets.length, client.state], [4, 'idle']);
});

test('a conversation that the server ended is not begun again', async () => {
  const socket = await live();
  socket.lost(1008);
  await settle();
  mock.timers.tick(20_000);
  await settle();
  assert.deepEqual([made.sockets.length, client.state, ...problems], [1, 'idle', 'ended_by_rule']);
});

test('a muted microphone stays muted over a reconnection and another microphone', async () => {
  const socket = await live();
  client.mute(true);
  await client.chooseMicrophone('other');
  assert.equal(made.tracks.at(-1).enabled, false);
  assert.equal(made.tracks[0].stopped, true);
  socket.lost(1006);
  await settle();
  mock.timers.tick(700);
  await settle();
  made.sockets[1].open();
  await settle();
  made.sockets[1].told(created());
  await settle();
  assert.equal(made.tracks.at(-1).enabled, false);
});

test('hanging up while it connects leaves nothing open', async () => {
  const connecting = calling({ transport: 'websocket', token: '' }).connect();
  await settle();
  await client.close();
  made.sockets[0].open();
  await connecting;
  await settle();
  assert.equal(client.state, 'idle');
  assert.equal(made.sockets[0].closed, 1000);
  assert.ok(made.tracks.every((track) => track.stopped));
});

test('a microphone that is allowed only after hanging up is let go of at once, and so is its sound', async () => {
  let allow;
  install({ microphone: () => new Promise((resolve) => { allow = resolve; }) });
  const connecting = calling({ token: '' }).connect();
  await settle();
  await client.close();
  const track = { enabled: true, stop() { this.stopped = true; } };
  allow({ getTracks: () => [track], getAudioTracks: () => [track] });
  await connecting;
  assert.deepEqual([track.stopped, client.hasMicrophone, client.state, made.posts.length, made.sockets.length], [true, false, 'idle', 0, 0]);
  assert.ok(made.contexts.every((context) => context.state === 'closed'));
});

test('a call that is given up before it is connected gives its place back, and one that finds no path too', async () => {
  install({ answer: () => ({ status: 201, body: 'answer', headers: { Location: '/v1/realtime/calls/call_1' } }) });
  calling({ token: 'ek_1', transport: 'webrtc' }).connect().catch(() => {});
  await settle();
  await client.close();
  await settle();
  assert.deepEqual(made.posts.slice(1).map(({ url, method, keepalive, headers }) => [url, method, keepalive, headers.Authorization]),
    [['http://localhost:8765/v1/realtime/calls/call_1/hangup', 'POST', true, 'Bearer ek_1']]);
  calling({ token: 'ek_2' }).connect();
  await settle();
  mock.timers.tick(5000);
  await settle();
  assert.equal(made.posts.at(-1).headers.Authorization, 'Bearer ek_2');
  await client.close();
  let answer;
  const taken = { status: 201, body: 'answer', headers: { Location: '/v1/realtime/calls/call_3' } };
  install({ answer: (url) => (url.pathname.endsWith('hangup') ? { status: 200 } : new Promise((resolve) => { answer = () => resolve(taken); })) });
  calling({ token: 'ek_3' }).connect();
  await settle();
  await client.close();
  answer();
  await settle();
  assert.match(made.posts.at(-1).url, /call_3.hangup$/);
  assert.deepEqual([client.state, made.sockets.length, ...problems], ['idle', 0]);
});

test('leaving the page ends the call', async () => {
  install();
  const socket = await live();
  made.page.dispatchEvent(new Event('pagehide'));
  assert.equal(socket.closed, 1000, 'in the same moment: nothing runs after it');
  await settle();
  assert.equal(client.state, 'idle');
});

test('a microphone that is pulled out is followed by another one, or told of', async () => {
  const socket = await live();
  const [first] = made.tracks;
  first.onended();
  await settle();
  assert.equal(made.tracks.length, 2);
  navigator.mediaDevices.getUserMedia = async () => { throw Object.assign(new Error(), { name: 'NotFoundError' }); };
  made.tracks[1].onended();
  await settle();
  assert.deepEqual([client.state, client.hasMicrophone, socket.closed, ...problems], ['live', false, undefined, 'microphone_missing']);
});

test('a button that was held when the connection was lost is not held after it', async () => {
  const socket = await live();
  client.pushToTalk(true);
  client.press();
  socket.lost(1006);
  await settle();
  mock.timers.tick(700);
  await settle();
  made.sockets[1].open();
  await settle();
  made.sockets[1].told(created());
  await settle();
  assert.deepEqual([client.state, made.tracks[0].enabled], ['live', false]);
});

test('when a server stays away for good, that is told', async () => {
  install({ answer: () => { throw new TypeError('gone'); } });
  const socket = await live();
  let clock = 0;
  mock.method(performance, 'now', () => clock);
  socket.lost(1006);
  await settle();
  clock = 400_000;
  mock.timers.tick(700);
  await settle();
  made.sockets.at(-1).onclose({ code: 1006 });
  await settle();
  performance.now.mock.restore();
  assert.deepEqual([client.state, ...problems], ['idle', 'connection_lost', 'stayed_away']);
});

test('a server that lets in no pages of this address is told apart from one that is gone', async () => {
  const refuse = (url, { mode }) => {
    if (mode === 'no-cors') return { status: 0 };
    throw new TypeError('Failed to fetch');
  };
  install({ answer: refuse });
  await assert.rejects(calling({ token: '', src: 'https://other/' }).connect(), { code: 'not_allowed' });
  install({ answer: () => { throw new TypeError('Failed to fetch'); } });
  await assert.rejects(calling({ token: '', src: 'https://other/' }).connect(), { code: 'server_gone' });
});

test('over WebRTC the server says why it ends: who was hung up on does not come back', async () => {
  for (const [code, state, told] of [[1000, 'idle', 'ended'], [1001, 'reconnecting', 'server_leaving'], [undefined, 'reconnecting', 'connection_lost']]) {
    install({ answer: () => ({ status: 201, body: 'v=0' }) });
    const called = calling({ token: 'ek_1', transport: 'webrtc' });
    const connecting = called.connect();
    await settle();
    const peer = made.peers.at(-1);
    peer.open();
    await settle();
    peer.channel.onmessage({ data: JSON.stringify(created({})) });
    await connecting;
    if (code) peer.channel.onmessage({ data: JSON.stringify({ type: 'hocket.goodbye', code, why: 'because' }) });
    peer.channel.onclose();
    await settle();
    assert.deepEqual([called.state, ...problems], [state, told]);
    called.close();
  }
});
