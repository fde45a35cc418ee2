// What the element and the page share beside the client: a button that is held, tools, passes, captions that follow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Captions } from '../../agent/web/captions.js';
import { whileHeld } from '../../agent/web/hold.js';
import { install } from './browser.mjs';

/** An element of no page: as much of one as is touched. */
class Piece extends EventTarget {
  part = { add() {} };
  classList = { add() {}, toggle() {} };
  dataset = {};
  textContent = '';
  given = new Map();
  children = [];
  scrollTop = 0;
  clientHeight = 100;
  captured = [];
  get scrollHeight() { return 60 * this.children.length; }
  get childElementCount() { return this.children.length; }
  setAttribute(name, value) { this.given.set(name, value); }
  getAttribute(name) { return this.given.get(name) ?? null; }
  hasAttribute(name) { return this.given.has(name); }
  toggleAttribute(name, on) { if (on) this.given.set(name, ''); else this.given.delete(name); }
  append(...more) { this.children.push(...more); }
  remove() {}
  setPointerCapture(id) { this.captured.push(id); }
  attachShadow() { return { append() {} }; }
}

/** Make the element as a browser does: of what stood on the page before its class was known. */
async function upgraded(before = new Piece()) {
  install();
  globalThis.document = { createElement: () => new Piece(), baseURI: 'http://localhost:8765/shop/' };
  globalThis.customElements = { get: () => true, define() {} };
  globalThis.CSSStyleSheet = class { replaceSync() {} };
  let found = before;
  globalThis.HTMLElement ??= function () { return Object.setPrototypeOf(found, new.target.prototype); };
  Object.setPrototypeOf(globalThis.HTMLElement.prototype, Piece.prototype);
  const { HocketAgent } = await import(`../../agent/web/element.js?${Math.random()}`);
  found = new HocketAgent();
  globalThis.HTMLElement = undefined;
  return found;
}

const happen = (target, type, more = {}) => target.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), more));

test('a button counts while it is held, and is let go of wherever the finger, the key or the focus goes', () => {
  const button = new Piece();
  const told = [];
  const letGo = whileHeld(button, (on) => told.push(on));
  const enter = { key: 'Enter' }, space = { key: ' ' };
  for (const [type, more] of [
    ['pointerdown', { button: 0, pointerId: 7 }], ['lostpointercapture'], ['pointerup'],
    ['keydown', enter], ['keydown', { ...enter, repeat: true }], ['keyup', enter],
    ['keydown', space], ['blur'], ['keyup', space], ['pointerdown', { button: 2, pointerId: 8 }], ['keydown', { key: 'a' }],
  ]) happen(button, type, more);
  assert.deepEqual(told, [true, false, true, false, true, false]);
  assert.deepEqual(button.captured, [7], 'let go of beside the button it must hear of it');
  happen(button, 'pointerdown', { button: 0, pointerId: 9 });
  letGo();
  letGo();
  assert.deepEqual(told.slice(6), [true, false]);
});

test('tools that were given before the element’s class was known are kept', async () => {
  const before = new Piece();
  before.tools = { hour: { description: 'The hour', run: () => 12 } };
  const agent = await upgraded(before);
  assert.deepEqual(Object.keys(agent.client.options.tools), ['hour']);
});

test('where a pass is fetched, the servers that help to find a path come with it', async () => {
  const agent = await upgraded();
  agent.setAttribute('token-from', 'pass');
  assert.equal(agent.client.options.bootstrap, 'http://localhost:8765/shop/pass');
  const { admission } = await import('../../agent/web/address.js');
  install({ answer: () => ({ status: 200, body: { value: 'ek_1', ice_servers: [{ urls: 'turn:t' }] } }) });
  assert.deepEqual(await admission(agent.client.options), { token: 'ek_1', iceServers: [{ urls: 'turn:t' }], version: undefined });
  install({ answer: () => ({ status: 503 }) });
  await assert.rejects(admission(agent.client.options), { code: 'server_full' });
});

test('captions follow what is said until a person scrolls away, also where their room has shrunk', () => {
  globalThis.document = { createElement: () => new Piece() };
  const list = new Piece();
  const captions = new Captions(list, new Piece());
  const lines = [];
  const say = () => {
    lines.push({ id: `${lines.length}`, who: 'agent', text: 'x', done: true, cut: false, source: '', waited: null, thought: '' });
    captions.show({ lines, hearing: '' });
  };
  for (let n = 0; n < 4; n++) say();
  assert.equal(list.scrollTop, 240);
  list.clientHeight = 20; // a smaller window: nobody has scrolled
  list.scrollTop = 0;
  say();
  assert.equal(list.scrollTop, 300);
  list.scrollTop = 10;
  happen(list, 'scroll');
  say();
  assert.equal(list.scrollTop, 10, 'somebody reads there');
});
