// What both carriers' tests ask of @openai/agents-realtime: a session, its tool, and a book of all that came.

/** Every server event as it was on the wire, and how many of each type the SDK's own schemas took. */
export function book(session) {
  const kept = { events: [], understood: {}, errors: [], tools: [], interrupted: 0, audio: 0 };
  const known = new Set();
  session.transport.on('*', (event) => {
    kept.events.push(event);
    if (!known.has(event.type)) {
      known.add(event.type);
      if (event.type !== 'error') session.transport.on(event.type, () => {
        kept.understood[event.type] = (kept.understood[event.type] ?? 0) + 1;
      });
    }
  });
  session.on('error', (told) => kept.errors.push(JSON.stringify(told) + String(told.error?.message ?? '')));
  session.on('audio_interrupted', () => { kept.interrupted += 1; });
  session.on('audio', (told) => { kept.audio += told.data.byteLength; });
  return kept;
}

/** Waits until so many events of a type came, or throws after some seconds with what did come. */
export async function came(kept, type, count = 1, { holds = '', seconds = 15 } = {}) {
  for (let tries = 0; tries < seconds * 50; tries += 1) {
    const found = kept.events.filter((event) => event.type === type && JSON.stringify(event).includes(holds));
    if (found.length >= count) return found[count - 1];
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`no ${type} (${count}) ${holds}; came: ${kept.events.map((event) => event.type).join(' ')}`);
}

/** The tool that the scripted brain calls; parameters as JSON schema, so that no other package is needed. */
export function weather(tool, kept) {
  return tool({
    name: 'weather',
    description: 'The weather in a city.',
    strict: false,
    parameters: {
      type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: true,
    },
    execute: async (given) => {
      kept().tools.push(given);
      return 'rainy';
    },
  });
}
