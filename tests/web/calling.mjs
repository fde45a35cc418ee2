// A client that is called against parts of a browser that are not there: what the tests of it share.
import { afterEach, beforeEach, mock } from 'node:test';
import { RealtimeClient } from '../../agent/web/client.js';
import { install, made, settle } from './browser.mjs';

export const created = (more = {}) => ({ type: 'session.created', session: { audio: { input: { turn_detection: { type: 'semantic_vad' } } }, hocket: { resume: 're_1', ...more } } });
/** The one that was made last. */
export let client;
export let states;
export let problems;

/** A client whose states and problems are kept. */
export function calling(options = {}) {
  client = new RealtimeClient(options);
  states = [];
  problems = [];
  client.addEventListener('state', ({ detail }) => states.push(detail.state));
  client.addEventListener('problem', ({ detail }) => problems.push(detail.code));
  return client;
}

/** Over a WebSocket, and live. */
export async function live(options = {}) {
  calling({ transport: 'websocket', token: 'ek_x', ...options });
  const connecting = client.connect();
  await settle();
  made.sockets[0].open();
  await settle();
  made.sockets[0].told(created());
  await connecting;
  await settle();
  return made.sockets[0];
}

export const playback = () => made.nodes.findLast((node) => node.name === 'hocket-playback').port;
export const capture = () => made.nodes.findLast((node) => node.name === 'hocket-capture').port;
/** The audio thread says where the ear is. */
export const ear = (item, seconds, sounding = true) => playback().onmessage({ data: { item, seconds, queued: 0.1, sounding, level: -20 } });

/** Each test of a file has a browser and a clock of its own, and leaves no call open. */
export function eachAlone() {
  beforeEach(() => {
    install();
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  });
  afterEach(async () => {
    await client?.close();
    mock.timers.reset();
  });
}
