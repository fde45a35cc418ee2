// Listens inside a page that knows nothing of it: what the microphone gave and what the page plays, sample for
// sample on one clock, and every event of the wire. Runs before the page's own scripts; changes no sound.
(() => {
  "use strict";
  const WORKLET = URL.createObjectURL(new Blob([WORKLET_SOURCE], { type: "text/javascript" }));
  const plain = { connect: AudioNode.prototype.connect, Peer: window.RTCPeerConnection, Socket: window.WebSocket };
  const taps = [];
  const wire = [];
  const policy = [];
  let track = null;

  function listen(kind, context, source, output) {
    if (!context.audioWorklet) return; // pages that are not secure have none
    const tap = { kind, context, source, chunks: [], taken: 0, node: null, user: null };
    taps.push(tap);
    tap.ready = context.audioWorklet.addModule(WORKLET).then(() => {
      const channels = { channelCount: 1, channelCountMode: "explicit" };
      tap.node = new AudioWorkletNode(context, "hocket-tap", { numberOfInputs: 2, outputChannelCount: [1], ...channels });
      tap.node.port.onmessage = ({ data }) => tap.chunks.push(data);
      plain.connect.call(source, tap.node, output, 1);
      plain.connect.call(tap.node, context.destination); // else nobody pulls it; it gives silence
      hear(tap);
    });
    tap.ready.catch((error) => { if (context.state !== "closed") policy.push(`tap: ${error.message}`); });
  }

  function hear(tap) {
    if (!track || !tap.node || tap.user) return;
    tap.user = tap.context.createMediaStreamSource(new MediaStream([track]));
    plain.connect.call(tap.user, tap.node, 0, 0);
  }

  const media = navigator.mediaDevices;
  if (media) {
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      const [own] = stream.getAudioTracks();
      if (own) {
        track?.stop();
        track = own.clone(); // the page may mute its own
        for (const tap of taps) { tap.user = null; hear(tap); }
      }
      return stream;
    };
  }

  AudioNode.prototype.connect = function (target, output = 0, ...rest) {
    const context = this.context;
    if (target === context.destination && !taps.some((tap) => tap.context === context && tap.source === this)) {
      listen("page", context, this, output);
    }
    return plain.connect.call(this, target, output, ...rest);
  };

  if (plain.Peer) {
    window.RTCPeerConnection = class extends plain.Peer {
      constructor(...given) {
        super(...given);
        this.addEventListener("track", ({ track: far }) => {
          if (far.kind !== "audio") return;
          const context = new AudioContext({ latencyHint: "interactive", sampleRate: 48000 });
          listen("remote", context, context.createMediaStreamSource(new MediaStream([far])), 0);
        });
      }
      createDataChannel(...given) {
        const channel = super.createDataChannel(...given);
        channel.addEventListener("message", ({ data }) => note("webrtc", data));
        return channel;
      }
    };
  }
  window.WebSocket = class extends plain.Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => note("websocket", data));
    }
  };

  function note(carrier, data) {
    wire.push({ at: performance.now() / 1000, carrier, data: typeof data === "string" ? data : null });
  }

  document.addEventListener("securitypolicyviolation", (event) => {
    policy.push(`${event.effectiveDirective}: ${event.blockedURI}`);
  });

  // One tap's sound since the last call, both sides beside each other in 16 bits: [user, agent, user, …].
  function take(place) {
    const tap = taps[place];
    const size = tap.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const whole = new Int16Array(size);
    let at = 0;
    for (const chunk of tap.chunks) { whole.set(chunk, at); at += chunk.length; }
    tap.chunks = [];
    const bytes = new Uint8Array(whole.buffer);
    let text = "";
    for (let from = 0; from < bytes.length; from += 32768) {
      text += String.fromCharCode(...bytes.subarray(from, from + 32768));
    }
    return btoa(text);
  }

  window.hocketTap = {
    taps: () => taps.map(({ kind, context }) => ({ kind, rate: context.sampleRate, state: context.state })),
    take,
    wire: () => wire.splice(0),
    policy: () => policy.slice(),
  };
})();
