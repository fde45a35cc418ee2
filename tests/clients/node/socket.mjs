// node socket.mjs URL QUESTION.pcm: one call over WebSocket with the default session; its book as JSON.
import { readFileSync } from 'node:fs';
import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { book, came, weather } from './events.mjs';

const [url, sound] = process.argv.slice(2);
let kept = null;
const agent = new RealtimeAgent({ name: 'a', instructions: 'Be brief.', tools: [weather(tool, () => kept)] });
const session = new RealtimeSession(agent, { transport: 'websocket', model: 'local' });
kept = book(session);

async function speak() {
  const pcm = readFileSync(sound);
  const begun = performance.now();
  for (let start = 0; start < pcm.length; start += 960) {
    const step = pcm.subarray(start, start + 960);
    session.sendAudio(step.buffer.slice(step.byteOffset, step.byteOffset + step.byteLength));
    const due = begun + (start / 960 + 1) * 20; // on a busy machine late, but not slower
    await new Promise((done) => setTimeout(done, due - performance.now()));
  }
}

await session.connect({ apiKey: 'any', url: `${url.replace('http', 'ws')}/v1/realtime?model=local` });
await speak();
await came(kept, 'response.output_audio_transcript.done', 1, { holds: 'It is rainy.' });
await came(kept, 'response.done', 2);
session.sendMessage('count');
await came(kept, 'response.output_audio_transcript.delta', 1, { holds: 'One' });
session.interrupt();
await came(kept, 'conversation.item.truncated');
await came(kept, 'response.done', 3, { holds: '' });
session.sendMessage('count');
await came(kept, 'response.output_audio_transcript.delta', 2, { holds: 'One' });
await speak();
await came(kept, 'conversation.item.truncated', 2);
await came(kept, 'response.done', 6);
await session.updateAgent(new RealtimeAgent({ name: 'b', instructions: 'Be kind.' }));
await came(kept, 'session.updated', 3);
const history = session.history.map((item) => ({ id: item.itemId, role: item.role ?? item.type }));
session.updateHistory((items) => items.slice(0, -1));
await came(kept, 'conversation.item.deleted');
session.close();
process.stdout.write(JSON.stringify({ ...kept, history }), () => process.exit(0));
