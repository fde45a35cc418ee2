// Both inputs (0 the user, 1 the agent) in 16 bits beside each other, every sample once, in order.
registerProcessor("hocket-tap", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.held = new Int16Array(2 * 4096);
    this.at = 0;
  }

  process([user, agent]) {
    for (let k = 0; k < 128; k += 1) {
      this.held[this.at] = level(user, k);
      this.held[this.at + 1] = level(agent, k);
      this.at += 2;
      if (this.at === this.held.length) {
        this.port.postMessage(this.held, [this.held.buffer]);
        this.held = new Int16Array(2 * 4096);
        this.at = 0;
      }
    }
    return true;
  }
});

function level(input, k) {
  return input.length ? Math.max(-32768, Math.min(32767, Math.round(32767 * input[0][k]))) : 0;
}
