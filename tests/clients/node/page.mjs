// A page of somebody else's that calls our server over WebRTC, with the SDK's own bundle and no build.
import * as sdk from './node_modules/@openai/agents-realtime/dist/bundle/openai-realtime-agents.mjs';
import { book, came, weather } from './events.mjs';

let kept = null;

window.call = async (url, key) => {
  const agent = new sdk.RealtimeAgent({
    name: 'a', instructions: 'Be brief.', tools: [weather(sdk.tool, () => kept)],
  });
  const session = new sdk.RealtimeSession(agent, { transport: 'webrtc', model: 'local' });
  kept = book(session);
  await session.connect({ apiKey: key, url: `${url}/v1/realtime/calls` });
  const acknowledged = kept.events.some((event) => event.type === 'session.updated')
    || Boolean(await came(kept, 'session.updated', 1, { seconds: 1 }));
  await came(kept, 'response.output_audio_transcript.done', 1, { holds: 'It is rainy.' }); // spoken by Chromium
  await came(kept, 'response.done', 2);
  session.mute(true); // its fake microphone would ask again
  session.sendMessage('count');
  await came(kept, 'response.output_audio_transcript.delta', 1, { holds: 'One' });
  session.interrupt();
  await came(kept, 'output_audio_buffer.cleared');
  await came(kept, 'response.done', 3);
  const callId = session.transport.callId;
  session.close();
  return { ...kept, acknowledged, callId };
};
