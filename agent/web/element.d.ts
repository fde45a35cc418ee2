/** `<hocket-agent>`: a button to talk by. Importing this file defines it. */

import type { ClientEventMap, PageTool, RealtimeClient } from './client.js';

export class HocketAgent extends HTMLElement {
  /** Made with the attributes as they are when it is first asked for. */
  readonly client: RealtimeClient;
  /** Functions that the agent may call; set them before the first press. */
  tools: Record<string, PageTool>;
  /** Begin, or hang up. */
  toggle(): Promise<void>;
  /** By push to talk. */
  press(on: boolean): void;
  addEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'hocket-agent': HocketAgent;
  }
}
