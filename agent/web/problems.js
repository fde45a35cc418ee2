/**
 * What went wrong, in words for the person at the page: what it is and what to do about it. Pure.
 *
 * It must never show a stack, a token or an address that the person did not type.
 */

/**
 * @typedef {object} Problem
 * @property {string} code stable, for programs
 * @property {string} words for people
 * @property {boolean} fatal the conversation does not go on by itself
 * @property {string} [event] the client event it answers
 * @property {string} [param] where in it
 */

/** How ids begin of events that the client sends by itself: what comes of them is no news for a person. */
export const OWN = 'own_';

/** @param {string} code @param {string} words @param {boolean} [fatal] @returns {Problem} */
const problem = (code, words, fatal = true) => ({ code, words, fatal });

/** Why a microphone did not open. @param {{name?: string}} error as getUserMedia raised it */
export function microphoneProblem(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return problem('microphone_refused',
        'This page may not use the microphone. Allow it in the address bar, then press the button again; '
        + 'or type instead.');
    case 'NotFoundError':
    case 'OverconstrainedError':
      return problem('microphone_missing', 'No microphone was found. Plug one in, then press the button again; '
        + 'or type instead.');
    case 'NotReadableError':
    case 'AbortError':
      return problem('microphone_busy', 'Another program holds the microphone. Close it there, then press the '
        + 'button again; or type instead.');
    default:
      return problem('microphone_failed', 'The microphone did not open. Try another one, or type instead.');
  }
}

/** @param {{isSecureContext: boolean, location?: {hostname: string}}} world */
export function contextProblem(world) {
  if (world.isSecureContext) return null;
  const host = world.location?.hostname ?? 'this address';
  return problem('not_secure', `Browsers give a microphone only to https pages and to localhost, and ${host} is `
    + 'neither. On this machine open http://localhost with the same port; from another one start the server '
    + 'with “hocket serve --lan” and open the https address it prints.');
}

/** Why a server did not take a call. @param {number} status of HTTP; 0: no answer at all */
export function httpProblem(status) {
  if (status === 0) return problem('server_gone', 'The server does not answer. Is “hocket serve” still running?', false);
  if (status === 401) {
    return problem('not_admitted', 'The server wants its key, or the pass to it has been used up. '
      + 'Load the page again, or open the address that “hocket serve” printed last.');
  }
  if (status === 403) return problem('not_allowed', 'The server does not let pages of this address in. '
    + 'Add it to “origins” under [serve] in its settings.');
  if (status === 404 || status === 426) return problem('other_version', 'There is a server, but it does not speak '
    + 'this protocol. Page and server may be of different versions: update both, and load the page again.');
  if (status === 429 || status === 503) return problem('server_full', 'The server has as many conversations as it '
    + 'can hold. Try again in a moment.', false);
  return problem('server_failed', `The server answered with an error (${status}). Its log says more.`, false);
}

/** The server answers, but WebRTC found no way to it, and no other was allowed. */
export function noPath() {
  return problem('no_path', 'The server answers, but no path for sound was found to it. A firewall may be in between.', false);
}

/** It was called again and again, for as long as that makes sense. */
export function stayedAway() {
  return problem('stayed_away', 'The server did not come back. Press the button to try again.');
}

/** Why an open connection ended. @param {number} code of a WebSocket's close frame */
export function closeProblem(code) {
  switch (code) {
    case 1000: return problem('ended', 'The server ended the conversation.');
    case 1001: return problem('server_leaving', 'The server is shutting down.', false);
    case 1008: return problem('ended_by_rule', 'The server ended the conversation: it ran too long, or this page '
      + 'did not keep up.');
    case 1009: return problem('too_large', 'The server refused a message that was too large.');
    case 1013: return httpProblem(503);
    default: return problem('connection_lost', 'The connection was lost.', false);
  }
}

/** @param {number} seconds until the next attempt */
export function returning(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return problem('reconnecting', `The connection was lost. Trying again in ${whole} second${whole === 1 ? '' : 's'}.`,
    false);
}

/** The server that answers now is of another version than the one that gave the page. */
export function updated() {
  return problem('server_updated', 'The server was updated meanwhile. Load the page again when it suits you.', false);
}

/** An `error` event as a problem: the conversation goes on. @param {any} error its `error` object */
export function toldProblem(error) {
  const words = String(error?.message ?? 'The server refused a request.');
  const told = problem(String(error?.code ?? 'refused'), words, false);
  if (error?.event_id) told.event = String(error.event_id);
  if (error?.param) told.param = String(error.param);
  return told;
}

/** @param {any} error anything thrown on the way to a call */
export function asProblem(error) {
  if (error && typeof error.code === 'string' && typeof error.words === 'string') return /** @type {Problem} */ (error);
  return problem('failed', 'The connection could not be made.', false);
}
