/**
 * The page: its controls to the client, the client's events to captions, lanes, waits and decisions.
 *
 * All words for people that are not of an event stand here or in problems.js. It must never talk to any server but
 * the one that it came from.
 */

import { Captions } from './captions.js';
import { devices, RealtimeClient, TRANSCRIPTION } from './client.js';
import { Conversation } from './conversation.js';
import { Decisions } from './decisions.js';
import { whileHeld } from './hold.js';
import { Lanes } from './lanes.js';
import { Levels } from './lanes_layout.js';
import { showWaits } from './latency.js';
import { sentence } from './marks.js';
import { brainWords, phaseWords, stateWords } from './words.js';

/** @template {HTMLElement} T @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

const controls = {
  talk: /** @type {HTMLButtonElement} */ (at('talk')), hold: /** @type {HTMLButtonElement} */ (at('hold')),
  mute: /** @type {HTMLButtonElement} */ (at('mute')), freeze: /** @type {HTMLButtonElement} */ (at('freeze')),
  text: /** @type {HTMLInputElement} */ (at('text')), send: /** @type {HTMLButtonElement} */ (at('send')),
  push: /** @type {HTMLInputElement} */ (at('push')), announce: /** @type {HTMLInputElement} */ (at('announce')),
  microphone: /** @type {HTMLSelectElement} */ (at('microphone')), speaker: /** @type {HTMLSelectElement} */ (at('speaker')),
};
const waits = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (at('waits')));
const settings = new URLSearchParams(location.search);
if (settings.has('key')) history.replaceState(null, '', location.pathname); // it let this page in, and is used up
const client = new RealtimeClient({
  src: new URL('.', document.baseURI).href,
  bootstrap: new URL('config.json', document.baseURI).href,
  session: { audio: { input: { transcription: TRANSCRIPTION } } },
  transport: /** @type {any} */ (settings.get('transport') ?? 'auto'),
});
let wasAway = false; // the connection was lost and is not back yet
const clock = () => performance.now() / 1000;
const conversation = new Conversation();
const levels = new Levels();
const lanes = new Lanes(/** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (at('lanes'))), { conversation, levels, clock });
const captions = new Captions(at('captions'), at('aloud'));
const decisions = new Decisions(at('decisions'), (mark) => lanes.choose(mark));

lanes.onchoose = (/** @type {import('./marks.js').Mark|null} */ mark) => {
  at('why').textContent = mark ? `${mark.number} · ${sentence(mark)}` : '';
  decisions.point(mark);
};

// --- what the client tells -----------------------------------------------------------------------------------

client.addEventListener('event', (told) => {
  const event = /** @type {CustomEvent} */ (told).detail;
  const changed = conversation.see(event, clock());
  if (changed.has('captions')) captions.show(conversation);
  if (changed.has('decisions')) decisions.show(conversation.marks);
  if (changed.has('latency')) showWaits(waits, at('waits-words'), conversation.waits);
  if (changed.has('session')) showSession(conversation.session);
  if (changed.has('phase')) showPhase();
});

client.addEventListener('problem', (told) => showProblem(/** @type {CustomEvent} */ (told).detail));

client.addEventListener('state', (told) => {
  const detail = /** @type {CustomEvent} */ (told).detail;
  const { state } = detail;
  document.body.dataset.state = state;
  const live = state === 'live';
  controls.talk.textContent = { idle: 'Start talking', connecting: 'Stop', live: 'Hang up', reconnecting: 'Hang up' }[/** @type {string} */ (state)] ?? '';
  controls.mute.disabled = !live || !client.hasMicrophone;
  controls.text.disabled = controls.send.disabled = !live;
  showPush();
  at('state-words').textContent = stateWords(detail);
  if (live) {
    document.body.classList.add('begun');
    if (at('problem').dataset.code !== 'server_updated') hideProblem();
    if (wasAway && !detail.resumed) {
      showProblem({ code: 'begun_anew', words: 'Connected again. The server no longer knows what was said before.', fatal: false });
    }
    wasAway = false;
    conversation.reset();
    at('carrier').textContent = client.carrier === 'webrtc' ? 'Connected directly (WebRTC). Your sound goes to this server, and nowhere else.'
      : 'Connected over a WebSocket. Your sound goes to this server, and nowhere else.';
    showPhase();
    showDevices();
  } else if (state === 'reconnecting') {
    wasAway = true;
    showProblem({ code: state, words: detail.words, fatal: false });
  } else if (state === 'idle') {
    wasAway = false;
    delete document.body.dataset.phase;
    setMuted(false);
  }
  captions.show(conversation);
  if (state === 'idle') lanes.stop();
  else lanes.start();
});

/** @param {any} session */
function showSession(session) {
  at('brain').textContent = at('brain').title = brainWords(session);
  controls.text.placeholder = session?.hocket?.brain?.reads === false ? 'It understands speech only' : 'Or write to it';
  at('notes').replaceChildren(...(session?.hocket?.notes ?? []).map((/** @type {unknown} */ note) => {
    const item = document.createElement('li');
    item.textContent = String(note);
    return item;
  }));
}

function showPhase() {
  if (client.state !== 'live') return;
  const phase = controls.hold.classList.contains('pressed') ? 'you speak' : conversation.phase;
  document.body.dataset.phase = phase;
  at('state-words').textContent = phaseWords(phase, client.muted && !client.isPushToTalk);
}

/** @param {import('./problems.js').Problem} problem */
function showProblem(problem) {
  at('problem-words').textContent = problem.words;
  at('problem').dataset.code = problem.code;
  at('problem').hidden = false;
  at('problem').classList.toggle('calm', !problem.fatal);
  at('type-instead').hidden = !(problem.code.startsWith('microphone_') || problem.code === 'not_secure');
  at('unlock').hidden = problem.code !== 'not_admitted';
}

function hideProblem() {
  at('problem').hidden = true;
}

// --- what the person does ------------------------------------------------------------------------------------

/** @param {string|false} microphone */
async function begin(microphone) {
  hideProblem();
  client.options.microphone = microphone;
  try {
    await client.connect();
    if (microphone === false) controls.text.focus();
  } catch { /* told as a problem */ }
}

controls.talk.addEventListener('click', () => {
  if (client.state === 'idle') begin(controls.microphone.value);
  else client.close();
});

at('type-instead').addEventListener('click', () => begin(false));
at('problem-close').addEventListener('click', hideProblem);

at('unlock').addEventListener('submit', async (event) => {
  event.preventDefault();
  const key = /** @type {HTMLInputElement} */ (at('key'));
  const reply = await fetch(new URL('let-in', document.baseURI), { method: 'POST', headers: { Authorization: `Bearer ${key.value}` } }).catch(() => null);
  key.value = '';
  if (reply?.ok) begin(controls.microphone.value);
  else at('problem-words').textContent = 'That is not the server’s key. It is in HOCKET_API_KEY, where the server was started.';
});

/** @param {boolean} muted */
function setMuted(muted) {
  client.mute(muted);
  controls.mute.setAttribute('aria-pressed', String(muted));
  showPhase();
}

controls.mute.addEventListener('click', () => setMuted(controls.mute.getAttribute('aria-pressed') !== 'true'));

at('write').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = controls.text.value.trim();
  if (!text || client.state !== 'live') return;
  client.sendText(text);
  controls.text.value = '';
});

controls.push.addEventListener('change', () => {
  if (client.state === 'live') client.pushToTalk(controls.push.checked);
  showPush();
});

function showPush() {
  const live = client.state === 'live';
  if (live && client.isPushToTalk !== controls.push.checked) client.pushToTalk(controls.push.checked);
  document.body.classList.toggle('pushing', live && controls.push.checked);
  controls.hold.hidden = !(live && controls.push.checked);
  if (controls.hold.hidden) letGo();
}

/** @param {boolean} on */
function hold(on) {
  if (on) client.press();
  else client.release();
  controls.hold.classList.toggle('pressed', on);
  controls.hold.textContent = on ? 'Let go to send' : 'Hold to talk';
  showPhase();
}

const letGo = whileHeld(controls.hold, hold);

controls.freeze.addEventListener('click', () => lanes.freeze(lanes.frozen === null));
lanes.onfreeze = (/** @type {boolean} */ on) => controls.freeze.setAttribute('aria-pressed', String(on));

controls.announce.addEventListener('change', () => { captions.isAloud = controls.announce.checked; });
controls.microphone.addEventListener('change', () => { client.chooseMicrophone(controls.microphone.value).catch(() => {}); });
controls.speaker.addEventListener('change', () => client.chooseSpeaker(controls.speaker.value));

addEventListener('keydown', (event) => {
  const sheet = /** @type {HTMLDetailsElement} */ (at('settings'));
  if (event.key !== 'Escape' || !sheet.open) return;
  sheet.open = false;
  sheet.querySelector('summary')?.focus();
});
addEventListener('pointerdown', (event) => {
  const sheet = /** @type {HTMLDetailsElement} */ (at('settings'));
  if (sheet.open && !sheet.contains(/** @type {Node} */ (event.target))) sheet.open = false;
});
navigator.mediaDevices?.addEventListener?.('devicechange', showDevices);

async function showDevices() {
  const { microphones, speakers } = await devices();
  fill(controls.microphone, microphones);
  fill(controls.speaker, speakers);
  controls.speaker.disabled = !('setSinkId' in AudioContext.prototype || 'setSinkId' in HTMLMediaElement.prototype);
}

/** @param {HTMLSelectElement} select @param {{id: string, name: string}[]} found */
function fill(select, found) {
  const chosen = select.value;
  const others = found.filter((each) => each.id !== 'default' && each.id !== 'communications');
  select.replaceChildren(new Option('The system’s own', ''), ...others.map((each) => new Option(each.name, each.id)));
  select.value = others.some((each) => each.id === chosen) ? chosen : '';
}

setInterval(() => { if (client.state !== 'idle') levels.add(clock(), client.levels()); }, 30);
new ResizeObserver(() => showWaits(waits, at('waits-words'), conversation.waits)).observe(waits);
lanes.draw(clock());
if (!isSecureContext) at('brain').textContent = 'This address can only be typed to: a microphone needs https or localhost.';
