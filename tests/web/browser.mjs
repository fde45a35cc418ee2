// A browser's parts as far as the client touches them, for tests: no sound, no network, no waiting.

/** Everything that the client made, newest last. */
export const made = { sockets: [], peers: [], nodes: [], posts: [], tracks: [], contexts: [], page: new EventTarget() };

class Node extends EventTarget {
  gain = { value: 0 };
  port = { onmessage: null, posted: [], postMessage(data) { this.posted.push(data); } };
  connect(to) { return to; }
  disconnect() {}
  getFloatTimeDomainData(into) { into.fill(0); }
}

class Context {
  state = 'running';
  outputLatency = 0.02;
  baseLatency = 0.01;
  destination = new Node();
  audioWorklet = { addModule: async () => {} };
  constructor() { made.contexts.push(this); }
  createAnalyser() { return new Node(); }
  createMediaStreamSource() { return new Node(); }
  createMediaStreamDestination() { return { stream: stream() }; }
  async resume() {}
  async close() { this.state = 'closed'; }
}

const stream = () => {
  const track = { enabled: true, stopped: false, stop() { this.stopped = true; } };
  made.tracks.push(track);
  return { getTracks: () => [track], getAudioTracks: () => [track] };
};

export class Socket extends EventTarget {
  static OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  sent = [];
  constructor(url, protocols) {
    super();
    Object.assign(this, { url: String(url), protocols });
    made.sockets.push(this);
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close(code) { this.readyState = 3; this.closed = code; }
  /** The server takes it. */
  open() { this.readyState = 1; this.onopen?.(); }
  told(event) { this.onmessage?.({ data: typeof event === 'string' ? event : JSON.stringify(event) }); }
  lost(code) { this.readyState = 3; this.onclose?.({ code }); }
  types() { return this.sent.map((event) => event.type); }
}

export class Peer {
  connectionState = 'new';
  constructor(config) {
    this.config = config;
    made.peers.push(this);
  }
  createDataChannel(name) {
    this.channel = { name, readyState: 'connecting', sent: [], send(text) { this.sent.push(JSON.parse(text)); }, close() { this.readyState = 'closed'; } };
    return this.channel;
  }
  addTrack() { return { replaceTrack: async () => {} }; }
  async createOffer() { return { sdp: 'offer' }; }
  async setLocalDescription(offer) { this.localDescription = offer; }
  async setRemoteDescription(answer) { this.answer = answer; }
  async getStats() { return new Map(); }
  close() { this.connectionState = 'closed'; }
  open() { this.channel.readyState = 'open'; this.channel.onopen(); }
  fail() { this.connectionState = 'failed'; this.onconnectionstatechange(); }
}

/** Put the parts where the client looks for them. `answer(url, options)` replies to fetch. */
export function install({ answer = () => ({ status: 404 }), peers = true, microphone = async () => stream(), secure = true } = {}) {
  for (const list of Object.values(made)) if (Array.isArray(list)) list.length = 0;
  made.page = new EventTarget();
  const navigator = { mediaDevices: { getUserMedia: microphone, enumerateDevices: async () => [] } };
  const fetch = async (url, options = {}) => {
    made.posts.push({ url: String(url), ...options });
    const reply = await answer(new URL(url), options);
    return { ok: reply.status < 300, text: async () => reply.body, json: async () => reply.body, ...reply, headers: new Headers(reply.headers) };
  };
  class AudioWorkletNode extends Node {
    constructor(context, name) {
      super();
      this.name = name;
      made.nodes.push(this);
    }
  }
  class Player { play() { return Promise.resolve(); } }
  const parts = {
    navigator, fetch, AudioWorkletNode, AudioContext: Context, GainNode: class extends Node {}, WebSocket: Socket, Audio: Player,
    RTCPeerConnection: peers ? Peer : undefined, isSecureContext: secure, MediaStream: class {},
    addEventListener: made.page.addEventListener.bind(made.page), removeEventListener: made.page.removeEventListener.bind(made.page),
    location: { href: 'http://localhost:8765/', hostname: 'localhost' },
  };
  for (const [name, value] of Object.entries(parts)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** Let everything that is ready happen. */
export async function settle() {
  for (let n = 0; n < 40; n++) await new Promise((resolve) => setImmediate(resolve));
}
