// The one socket of the pages: connects, signs in, subscribes, resumes where it was cut off, and says how it is.
//
// Every channel remembers the last sequence that it told. After a lost connection it is asked for what came after;
// where the exchange no longer remembers that, the channel begins anew and its listener is told to read again.
import { Refused } from "./http";
import type { Channel, Problem, ServerMessage } from "./types";

export type SocketState = "connecting" | "open" | "lost";

export interface ChannelListener {
  /** A message of the channel. */
  hear(message: ServerMessage): void;
  /** What came before was not heard: read the state again. Called at every fresh begin, the first too. */
  begin(): void;
}

interface Heard {
  readonly channel: Channel;
  readonly isPrivate: boolean;
  readonly listeners: Set<ChannelListener>;
  sequence: number | null;
  /** Whether the exchange tells it on this line. */
  told: boolean;
}

/** What the socket needs of a browser; a test gives another. */
export interface Line {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface SocketOptions {
  open(): Line;
  /** Returns a token, another than the `refused` one, or null while there is none. */
  token(refused?: string): Promise<string | null>;
  changed(state: SocketState): void;
  random(): number;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
const SILENCE_MS = 12_000;
/** How long what the exchange could not grant just now is left alone. */
const AGAIN_MS = 3_000;
const UNKNOWN_SEQUENCE = "unknown_sequence";
const TOO_MANY = 429;
const UNAUTHENTICATED = "unauthenticated";
const PRIVATE = new Set(["orders", "fills", "balances", "settlements", "admin"]);
const TYPES: Record<string, string> = { orders: "order", fills: "fill", settlements: "settlement", trades: "trade" };

export class Socket {
  /** When the exchange said something last, by this machine's clock; 0 before it did. */
  heardMs = 0;
  private line: Line | null = null;
  private state: SocketState = "connecting";
  private readonly channels = new Map<string, Heard>();
  private readonly answers = new Map<number, (message: ServerMessage | null) => void>();
  private nextId = 1;
  private attempt = 0;
  private stopped = false;
  private signedIn = false;
  /** The login of this line could not be made just now: it is tried again with a heartbeat. */
  private owed = false;
  /** The token that this line speaks for an account with; it does so only as long as the token lives. */
  private spoken: string | null = null;
  /** What the exchange's clock said last, and when by this page's. */
  private clock: { readonly timeMs: number; readonly atMs: number } | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SocketOptions) {}

  start(): void {
    this.stopped = false;
    if (!this.line) this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.line?.close();
  }

  /** Returns the exchange's time, late by as long as its heartbeats take; null while it is not known. */
  timeMs(): number | null {
    if (this.clock === null) return null;
    return Math.floor(this.clock.timeMs + performance.now() - this.clock.atMs);
  }

  /** Hears a channel until the returned function is called. */
  subscribe(channel: Channel, listener: ChannelListener): () => void {
    const key = keyOf(channel);
    let heard = this.channels.get(key);
    if (!heard) {
      heard = { channel, isPrivate: PRIVATE.has(channel.channel), listeners: new Set(), sequence: null, told: false };
      this.channels.set(key, heard);
      heard.listeners.add(listener);
      if (this.state === "open" && (!heard.isPrivate || this.signedIn)) void this.hear(heard);
    } else {
      heard.listeners.add(listener);
      if (this.state === "open" && (!heard.isPrivate || this.signedIn)) this.renew(channel);
    }
    return () => this.unsubscribe(key, listener);
  }

  /** Signs in again, as after another account was chosen; private channels begin anew. */
  async authenticate(): Promise<void> {
    for (const heard of this.channels.values()) if (heard.isPrivate) heard.sequence = null;
    if (this.state === "open") await this.signIn();
  }

  /** Sends a request and returns the result of its acknowledgement. Throws `Refused`, or an error when the line fell. */
  async request<T>(op: Record<string, unknown>): Promise<T> {
    const answer = await this.ask(op);
    if (answer === null) throw new Error("The connection was lost before the exchange answered.");
    if (answer.type === "error") throw new Refused(answer.problem);
    return (answer as { result: unknown }).result as T;
  }

  private unsubscribe(key: string, listener: ChannelListener): void {
    const heard = this.channels.get(key);
    if (!heard) return;
    heard.listeners.delete(listener);
    if (heard.listeners.size > 0) return;
    this.channels.delete(key);
    if (this.state === "open") void this.ask({ op: "unsubscribe", channels: [heard.channel] });
  }

  private connect(): void {
    this.tell(this.attempt === 0 ? "connecting" : "lost");
    const line = this.options.open();
    this.line = line;
    line.onopen = () => void this.opened();
    line.onmessage = (event) => this.receive(event.data);
    line.onclose = () => {
      if (this.line === line) this.closed();
    };
  }

  private async opened(): Promise<void> {
    this.listen();
    this.tell("open");
    this.attempt = 0;
    void this.ask({ op: "subscribe", channels: [{ channel: "heartbeat" }] });
    for (const heard of this.channels.values()) if (!heard.isPrivate) void this.hear(heard);
    await this.signIn();
  }

  private async signIn(): Promise<void> {
    this.signedIn = false;
    for (const heard of this.channels.values()) if (heard.isPrivate) heard.told = false;
    if (!(await this.logIn())) return;
    this.signedIn = true;
    for (const heard of this.channels.values()) if (heard.isPrivate) void this.hear(heard);
  }

  private async logIn(): Promise<boolean> {
    this.owed = false;
    const token = await this.options.token().catch(() => null);
    if (!token) {
      // Nobody may have signed out: a token could not be renewed just now.
      this.owed = this.spoken !== null;
      return false;
    }
    let answer = await this.say(token);
    if (answer?.type === "error" && answer.problem.reason === UNAUTHENTICATED) {
      const renewed = await this.options.token(token).catch(() => null);
      if (renewed && renewed !== token) answer = await this.say(renewed);
    }
    this.owed = answer?.type === "error" && passes(answer.problem);
    return answer?.type === "ack";
  }

  private say(token: string): Promise<ServerMessage | null> {
    this.spoken = token;
    return this.ask({ op: "login", token });
  }

  /** Logs in with each new token before the last one ends; what is heard goes on. */
  private async staySignedIn(): Promise<void> {
    const spoken = this.spoken;
    const token = await this.options.token().catch(() => null);
    if (token && token !== spoken && this.spoken === spoken && this.signedIn) await this.logIn();
  }

  private async hear(heard: Heard): Promise<void> {
    // Of candles only the newest is told again: those of a cut are read anew.
    const after = heard.channel.channel.startsWith("candles_") ? null : heard.sequence;
    const asked = after === null ? heard.channel : { ...heard.channel, after };
    const line = this.line;
    const answer = await this.ask({ op: "subscribe", channels: [asked] });
    if (answer?.type === "error" && after !== null && answer.problem.reason.toLowerCase() === UNKNOWN_SEQUENCE) {
      heard.sequence = null;
      await this.hear(heard);
    } else if (answer?.type === "error" && passes(answer.problem)) {
      setTimeout(() => {
        if (this.line === line && this.channels.get(keyOf(heard.channel)) === heard) void this.hear(heard);
      }, AGAIN_MS);
    }
    if (answer?.type !== "ack") return;
    heard.told = true;
    if (after === null) {
      // What follows the acknowledgement is heard after this, so nothing lies between state and messages.
      for (const listener of heard.listeners) listener.begin();
      const told = (answer.result as { sequence?: number | null } | null)?.sequence;
      if (heard.sequence === null && told != null && heard.channel.channel !== "book") heard.sequence = told;
    }
  }

  /** Begins a channel anew, as when a book had a gap. */
  renew(channel: Channel): void {
    const heard = this.channels.get(keyOf(channel));
    if (!heard || this.state !== "open") return;
    heard.sequence = null;
    heard.told = false;
    void this.ask({ op: "unsubscribe", channels: [heard.channel] });
    void this.hear(heard);
  }

  private closed(): void {
    this.line = null;
    this.signedIn = false;
    for (const heard of this.channels.values()) heard.told = false;
    clearTimeout(this.silence);
    for (const answer of this.answers.values()) answer(null);
    this.answers.clear();
    if (this.stopped) return;
    this.attempt += 1;
    this.tell("lost");
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.attempt, 8));
    this.retry = setTimeout(() => this.connect(), most / 2 + (most / 2) * this.options.random());
  }

  private receive(data: unknown): void {
    this.listen();
    if (typeof data !== "string") return;
    this.heardMs = Date.now();
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "ack" || message.type === "error" || message.type === "pong") {
      const id = message.id;
      if (typeof id === "number") {
        this.answers.get(id)?.(message);
        this.answers.delete(id);
      }
      // The exchange tells nothing of the account any more, as after the machine slept: it is asked again from there.
      const ended = message.type === "error" && message.problem.reason === UNAUTHENTICATED;
      if (ended && this.signedIn) void this.signIn();
      return;
    }
    if (message.type === "heartbeat") {
      this.clock = { timeMs: message.time_ms, atMs: performance.now() };
      if (this.signedIn) void this.staySignedIn();
      else if (this.owed) void this.signIn();
      for (const heard of this.channels.values()) {
        if (heard.told && heard.sequence !== null && heard.sequence < message.sequence)
          heard.sequence = message.sequence;
      }
    }
    for (const heard of this.channels.values()) {
      if (!belongs(heard.channel, message)) continue;
      const sequence = (message as { sequence?: number }).sequence;
      // A command may tell several messages, and the line may fall between two of them: it is told again whole.
      if (sequence !== undefined && heard.channel.channel !== "book_top")
        heard.sequence = Math.max(heard.sequence ?? 0, sequence - 1);
      for (const listener of heard.listeners) listener.hear(message);
    }
  }

  private ask(op: Record<string, unknown>): Promise<ServerMessage | null> {
    const line = this.line;
    if (!line || this.state !== "open") return Promise.resolve(null);
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.answers.set(id, resolve);
      line.send(JSON.stringify({ id, ...op }));
    });
  }

  /** Heartbeats come every few seconds; a line that says nothing for longer is dead. */
  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      const line = this.line;
      line?.close();
      if (line && this.line === line) this.closed();
    }, SILENCE_MS);
  }

  private tell(state: SocketState): void {
    if (this.state === state && state !== "connecting") return;
    this.state = state;
    this.options.changed(state);
  }
}

/** Whether a refusal is of this moment only, as when too much was asked for at once. */
function passes(problem: Problem): boolean {
  return problem.status === TOO_MANY || problem.status >= 500;
}

function keyOf(channel: Channel): string {
  return `${channel.channel} ${channel.market ?? ""}`;
}

function belongs(channel: Channel, message: ServerMessage): boolean {
  const market = (message as { market?: string | null }).market;
  if (channel.market && market && channel.market !== market) return false;
  if (channel.channel === "admin") return message.type === "statistics" || message.type === "settlement_batches";
  if (message.type === "candle") return channel.channel === `candles_${message.interval}`;
  return (TYPES[channel.channel] ?? channel.channel) === message.type;
}
