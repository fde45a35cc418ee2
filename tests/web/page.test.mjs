// The page as files: names of events, labels, what may run and be fetched, what the package holds.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLIENT_EVENTS, OUR_EVENTS, SERVER_EVENTS } from '../../agent/web/events.js';

const folder = new URL('../../agent/web/', import.meta.url);
const files = readdirSync(folder);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');
const page = read('index.html');
const scripts = files.filter((name) => name.endsWith('.js'));

test('only events that exist are named', () => {
  const known = new Set([...CLIENT_EVENTS, ...OUR_EVENTS, ...SERVER_EVENTS]);
  let count = 0;
  for (const name of scripts.filter((each) => each !== 'events.js')) {
    for (const [, event] of read(name).matchAll(/'((?:session|conversation|input_audio_buffer|output_audio_buffer|response|hocket)\.[a-z_.]+)'/g)) {
      count += 1;
      assert.ok(known.has(event), `${name} names ${event}`);
    }
  }
  assert.ok(count > 40);
});

test('every control has a name, and every label a control', () => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const labelled = new Set([...page.matchAll(/<label[^>]* for="([^"]+)"/g)].map(([, id]) => id));
  for (const id of labelled) assert.ok(ids.has(id), `a label for ${id}`);
  for (const [tag, name, rest] of page.matchAll(/<(input|select|canvas|svg|textarea)\b([^>]*)>/g)) {
    const id = / id="([^"]+)"/.exec(rest)?.[1] ?? '';
    const inside = new RegExp(`<label[^>]*>\\s*<input id="${id}"[^>]*>[^<]+</label>`).test(page);
    assert.ok(inside || labelled.has(id) || /aria-label(ledby)?="[^"]+"/.test(rest), `${name}: ${tag}`);
  }
  for (const [tag, text] of page.matchAll(/<button[^>]*>([^<]*)<\/button>/g)) assert.ok(text.trim(), tag);
  for (const [, named] of page.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)) {
    for (const id of named.split(' ')) assert.ok(ids.has(id), `aria names ${id}`);
  }
});

test('what the scripts look for on the page is there', () => {
  for (const [, id] of read('page.js').matchAll(/\bat\('([^']+)'\)/g)) assert.match(page, new RegExp(` id="${id}"`), id);
});

test('the page says its language and fits a phone', () => {
  assert.match(page, /<html lang="en">/);
  assert.match(page, /name="viewport" content="width=device-width/);
});

test('nothing is written into the page that a strict policy refuses', () => {
  assert.doesNotMatch(page, /<style|style="| on[a-z]+="|javascript:|<script(?![^>]* src=)/);
  for (const name of scripts) {
    assert.doesNotMatch(read(name), /innerHTML|insertAdjacentHTML|outerHTML|document\.write|\beval\(|new Function/, name);
    assert.doesNotMatch(read(name), /setAttribute\('style'/, name);
  }
});

test('nothing comes from, or goes to, another host', () => {
  const names = 'http://www.w3.org/2000/svg';
  for (const name of [...scripts, 'index.html', 'style.css']) {
    const text = read(name).replaceAll(names, '').replaceAll(/^\s*(\*|\/\*\*|\/\/).*$/gm, '');
    for (const [url] of text.matchAll(/\b(?:https?|wss?):\/\/[^\s'"`)]+/g)) assert.match(url, /^http:\/\/localhost/, `${name}: ${url}`);
    assert.doesNotMatch(text, /@import|sendBeacon|localStorage|document\.cookie/, name);
  }
});

test('every module that is imported exists, and the package holds all that its entries need', () => {
  const { files: packed, exports } = JSON.parse(read('package.json'));
  const seen = new Set();
  const walk = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, other] of read(name).matchAll(/(?:from|module\(|import) ?'\.\/([^']+)'/g)) walk(other);
  };
  for (const name of scripts) walk(name);
  seen.clear();
  for (const entry of [exports['.'], exports['./element']]) for (const path of Object.values(entry)) if (path.endsWith('.js')) walk(path.slice(2));
  for (const name of seen) assert.ok(packed.includes(name), `${name} is not in the package`);
  assert.ok(!packed.includes('page.js'), 'the page’s own files stay at home');
  for (const name of packed) assert.ok(files.includes(name), `${name} is packed and not there`);
});

test('the types name what the client has', async () => {
  const types = read('client.d.ts');
  const { RealtimeClient } = await import('../../agent/web/client.js');
  const own = Object.getOwnPropertyNames(RealtimeClient.prototype).filter((name) => name !== 'constructor');
  for (const name of own) assert.match(types, new RegExp(`^  (readonly )?${name}[(:]`, 'm'), name);
  const declared = types.slice(types.indexOf('export class RealtimeClient'), types.indexOf('export interface Device'));
  for (const [, name] of declared.matchAll(/^  (?:readonly )?([a-zA-Z]+)[(:]/gm)) {
    assert.ok(['constructor', 'options', 'addEventListener', ...own].includes(name), `${name} is declared and not there`);
  }
});

test('words for people are plain: no exclamation marks, no “please”, no “oops”', () => {
  const words = [page, read('problems.js'), read('words.js')].join('\n').replace('<!doctype', '');
  assert.doesNotMatch(words.replace(/!==?|!\w|!\(/g, ''), /[a-z]!|\bplease\b|\boops\b|\bsorry\b/i);
});
