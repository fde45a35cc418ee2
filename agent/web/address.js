/** Where a server is, by what pass, and in what time: small pure parts of a call, and the one fetch of a pass. */

import { httpProblem } from './problems.js';

/** `/v1/realtime` of a server given as its address, its `/v1`, or the whole. @param {string|undefined} src */
export function address(src) {
  const url = new URL(src || '/', globalThis.location?.href ?? 'http://localhost');
  url.protocol = url.protocol.replace(/^ws/, 'http');
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/realtime') ? path : path.endsWith('/v1') ? `${path}/realtime` : `${path}/v1/realtime`;
  url.hash = '';
  return url;
}

/**
 * How the server is, where a browser does not say why a connection failed.
 * @param {URL} url of `/v1/realtime` @returns {Promise<'well'|'full'|'closed'|'gone'>} closed: it lets no page of this address in
 */
export async function health(url) {
  const found = new URL(url);
  found.pathname = found.pathname.replace(/v1\/realtime$/, 'healthz');
  found.search = '';
  try {
    const reply = await fetch(found, { cache: 'no-store' });
    if (!reply.ok) return reply.status === 503 ? 'full' : 'well'; // another server need not have this page
    const { sessions, capacity } = await reply.json();
    return capacity && sessions >= capacity ? 'full' : 'well';
  } catch {
    return (await answers(url)) ? 'closed' : 'gone';
  }
}

/** Whether anything answers there: browsers do not let a page read what a server says that does not let it in. @param {URL} url */
const answers = (url) => fetch(url, { mode: 'no-cors', cache: 'no-store' }).then(() => true, () => false);

/** Objects are merged, all else replaced. @param {any} old @param {any} update @returns {any} */
export function merged(old, update) {
  const plain = (/** @type {any} */ v) => v !== null && typeof v === 'object' && !Array.isArray(v);
  if (!plain(old) || !plain(update)) return update;
  const all = { ...old };
  for (const [key, value] of Object.entries(update)) all[key] = key in old ? merged(old[key], value) : value;
  return all;
}

/** @param {Promise<any>} promise @param {number} ms @returns {Promise<boolean>} false: not in time */
export function inTime(promise, ms) {
  let timer = /** @type {any} */ (0);
  const late = new Promise((resolve) => { timer = setTimeout(() => resolve(false), ms); });
  const kept = promise.then(() => true);
  return /** @type {Promise<boolean>} */ (Promise.race([kept, late]).finally(() => clearTimeout(timer)));
}

/**
 * The pass of one attempt: a pass is good for one call only.
 * @param {import('./client.js').ClientOptions} options
 * @returns {Promise<{token: string, iceServers?: RTCIceServer[], version?: string}>} @throws {import('./problems.js').Problem}
 */
export async function admission({ token, bootstrap, iceServers }) {
  if (token !== undefined) return { token: typeof token === 'function' ? await token() : token, iceServers };
  if (bootstrap === undefined) return { token: '', iceServers };
  let reply;
  try {
    reply = await fetch(bootstrap, { cache: 'no-store', credentials: 'same-origin' });
  } catch {
    throw httpProblem(0);
  }
  if (!reply.ok) throw httpProblem(reply.status);
  const given = await reply.json();
  return { token: String(given.token ?? given.value ?? ''), iceServers: iceServers ?? given.ice_servers, version: given.version };
}
