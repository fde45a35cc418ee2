// What somebody's own page may write, checked by the compiler and never run.
import { devices, RealtimeClient, TRANSCRIPTION, type Problem } from '../../agent/web/client.js';
import type { HocketAgent } from '../../agent/web/element.js';

export async function page(): Promise<void> {
  const client = new RealtimeClient({
    src: 'https://example.org/',
    token: async () => (await fetch('/token')).text(),
    session: { instructions: 'You sell lamps.', audio: { input: { transcription: TRANSCRIPTION } } },
    tools: { stock: { description: 'How many are left', parameters: { type: 'object' }, run: async ({ id }) => ({ id, left: 3 }) } },
  });
  client.addEventListener('state', ({ detail }) => console.log(detail.state, detail.seconds?.toFixed(1)));
  client.addEventListener('problem', ({ detail }) => show(detail));
  client.addEventListener('response.output_audio_transcript.delta', ({ detail }) => console.log(detail.type, detail.delta));
  await client.connect();
  client.sendText('hello');
  client.pushToTalk(true);
  client.press();
  client.release();
  const { microphones } = await devices();
  await client.chooseMicrophone(microphones[0]?.id ?? '');
  // @ts-expect-error: there is no such carrier
  client.options.transport = 'pigeon';
  // @ts-expect-error: told by the server
  client.state = 'live';
  await client.close();
}

export function element(): void {
  const agent: HocketAgent = document.createElement('hocket-agent');
  agent.tools = { hour: { description: 'The hour', run: () => new Date().getHours() } };
  agent.addEventListener('problem', ({ detail }) => show(detail));
  agent.addEventListener('click', (event) => console.log(event.clientX));
  void agent.client.session;
}

function show(problem: Problem): void {
  console.log(problem.code, problem.words, problem.fatal);
}
