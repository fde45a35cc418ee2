/** Tells a server of ours, five times a second, how late the ear is: only so does it know what was heard. */

const EVERY = 200; // ms

/** @typedef {import('./rtc_link.js').RtcLink | import('./socket_link.js').SocketLink} Link */

export class Reports {
  timer = 0;

  /** @param {() => Link|null} link the one that is open now, where its server takes reports */
  start(link) {
    this.stop();
    this.timer = /** @type {any} */ (setInterval(() => tell(link()), EVERY));
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** @param {Link|null} link */
async function tell(link) {
  const measured = await link?.measure().catch(() => null);
  if (measured && !link?.isClosed) link?.send({ type: 'hocket.playout', ...measured });
}
