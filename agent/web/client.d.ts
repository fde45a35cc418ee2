/** A spoken conversation with a Hocket server, or any server of OpenAI's Realtime protocol, from a web page. */

export type State = 'idle' | 'connecting' | 'live' | 'reconnecting';

/** What went wrong, in words for people. */
export interface Problem {
  /** Stable, for programs: `microphone_refused`, `not_secure`, `server_full`, `connection_lost`… */
  code: string;
  words: string;
  /** The conversation does not go on by itself. */
  fatal: boolean;
  /** The client event that it answers, where that had an `event_id`. */
  event?: string;
  /** Where in that event. */
  param?: string;
}

/** A function of the page that the agent may call. */
export interface PageTool {
  description: string;
  /** JSON schema of an object. */
  parameters?: object;
  /** Its value goes back to the agent: text, or anything that JSON can hold. What it throws is told to the agent. */
  run(args: any): unknown;
}

export interface ClientOptions {
  /** The server: `https://host/`, its `/v1`, or the whole `/v1/realtime`. Default: the page's own. */
  src?: string;
  /** A secret (`ek_…`), or a function that fetches a new one for each attempt: secrets are good for one call. */
  token?: string | (() => string | Promise<string>);
  /** Where `{token}` (or `{value}`) and perhaps `ice_servers` are fetched for one attempt, where no `token` is given. */
  bootstrap?: string;
  /** Asked of the server as `?model=`. */
  model?: string;
  /** Parts of the session object: `instructions`, `audio`, `tools`… */
  session?: object;
  tools?: Record<string, PageTool>;
  /** `auto`: WebRTC, and a WebSocket where that finds no path. */
  transport?: 'auto' | 'webrtc' | 'websocket';
  /** A device id; empty: the system's own; false: none, for typing only. */
  microphone?: string | false;
  speaker?: string;
  muted?: boolean;
  iceServers?: RTCIceServer[];
}

/** Any event of the protocol. */
export interface WireEvent {
  type: string;
  [field: string]: unknown;
}

/** Events by name; every server event is dispatched under its own `type` too. */
export interface ClientEventMap {
  state: CustomEvent<{ state: State; carrier?: 'webrtc' | 'websocket'; resumed?: boolean; seconds?: number; attempt?: number; words?: string }>;
  problem: CustomEvent<Problem>;
  event: CustomEvent<WireEvent>;
}

export class RealtimeClient extends EventTarget {
  constructor(options?: ClientOptions);
  options: ClientOptions & { microphone: string | false; speaker: string; tools: Record<string, PageTool> };
  readonly state: State;
  /** The session object as the server told it last. */
  readonly session: any;
  readonly carrier: 'webrtc' | 'websocket' | null;
  /** The microphone gives silence: muted, or between presses. */
  readonly muted: boolean;
  readonly hasMicrophone: boolean;
  readonly isPushToTalk: boolean;
  /** dBFS now: of the microphone, and of what is heard. */
  levels(): { user: number; agent: number };
  /** In a press of a button. Rejects with a `Problem`, which is dispatched as well. */
  connect(): Promise<void>;
  close(): Promise<void>;
  /** Any client event of the protocol. */
  send(event: WireEvent): void;
  update(session: object): void;
  sendText(text: string): void;
  /** Give up the reply that is due or sounds. */
  interrupt(): void;
  mute(muted: boolean): void;
  /** Turns by `press` and `release` instead of by silence. */
  pushToTalk(on: boolean): void;
  press(): void;
  release(): void;
  /** Rejects with a `Problem`. */
  chooseMicrophone(id: string): Promise<void>;
  chooseSpeaker(id: string): Promise<void>;
  addEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: ((event: CustomEvent<WireEvent>) => void) | EventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/** For `session.audio.input.transcription`: asks for captions of the user's words. */
export const TRANSCRIPTION: Readonly<{ model: string }>;

export interface Device {
  id: string;
  name: string;
}

/** What there is to choose from; names are general until a microphone was allowed once. */
export function devices(): Promise<{ microphones: Device[]; speakers: Device[] }>;
