/** What a state is called on the page and in the element. Pure. */

/** @param {import('./conversation.js').Phase} phase @param {boolean} [muted] */
export function phaseWords(phase, muted = false) {
  const words = {
    listening: muted ? 'Muted' : 'Listening', 'you speak': 'You speak', thinking: 'Thinking', speaking: 'Speaking',
    held: 'Waiting for you',
  };
  return words[phase];
}

/** @param {{state: string, seconds?: number}} detail */
export function stateWords({ state, seconds = 0 }) {
  switch (state) {
    case 'connecting': return 'Connecting';
    case 'live': return 'Listening';
    case 'reconnecting': return `Trying again in ${Math.max(1, Math.round(seconds))} s`;
    default: return 'Not connected';
  }
}

/** What answers, in one line: the brain, what it hears, whether it thinks while it listens, and the voice. @param {any} session */
export function brainWords(session) {
  const own = session?.hocket;
  if (!own) return session?.model ? String(session.model) : 'Another server of the Realtime protocol';
  const { brain = {}, voice } = own;
  const thinks = { yes: 'thinks while you speak', notes: 'takes notes while you speak', no: 'thinks after you spoke', true: 'thinks while you speak', false: 'thinks after you spoke' };
  const parts = [
    brain.name, brain.hears ? `hears ${brain.hears}` : '',
    /** @type {any} */ (thinks)[String(brain.thinks_while_listening)] ?? '', voice ? `voice ${voice}` : '', brain.note,
  ];
  return parts.filter(Boolean).join(' · ');
}
