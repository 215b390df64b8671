// The socket: what it asks at the start, resumes where it was cut off, begins anew where that is gone, and waits longer
// after each failure, with nothing sent twice and nothing heard of what was left.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refused } from "../../src/api/http";
import { type ChannelListener, type Line, Socket, type SocketState } from "../../src/api/socket";
import type { ServerMessage } from "../../src/api/types";

interface Asked {
  readonly id: number;
  readonly op: string;
  readonly token?: string;
  readonly channels?: readonly { channel: string; market?: string; after?: number }[];
}

class FakeLine implements Line {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: Asked[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Asked);
  }

  close(): void {
    this.closed = true;
    this.onclose?.();
  }

  tell(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  asked(op: string, channel?: string): Asked[] {
    return this.sent.filter((one) => one.op === op && (!channel || one.channels?.[0]?.channel === channel));
  }
}

class Listener implements ChannelListener {
  begun = 0;
  readonly heard: ServerMessage[] = [];
  begin(): void {
    this.begun += 1;
  }
  hear(message: ServerMessage): void {
    this.heard.push(message);
  }
}

const TRADES = { channel: "trades", market: "ETH-USDC" };
const trade = (sequence: number, market = "ETH-USDC"): object => ({ type: "trade", market, sequence, fill_id: "1" });
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

let lines: FakeLine[];
let states: SocketState[];
let token: string | null;
let renewed: string | null;
let random: number;
let socket: Socket;

function line(): FakeLine {
  return lines.at(-1) as FakeLine;
}

async function opened(): Promise<FakeLine> {
  line().onopen?.();
  await settle();
  return line();
}

async function acknowledge(asked: Asked | undefined, result: object | null = null): Promise<void> {
  if (!asked) throw new Error("nothing was asked");
  line().tell({ type: "ack", id: asked.id, result });
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  states = [];
  token = null;
  renewed = null;
  random = 1;
  socket = new Socket({
    open: () => {
      lines.push(new FakeLine());
      return line();
    },
    token: (refused) => Promise.resolve(refused ? (renewed ?? token) : token),
    changed: (state) => states.push(state),
    random: () => random,
  });
  socket.start();
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

describe("what was heard last", () => {
  it("is as old as the line has been silent, however long ago a book changed", async () => {
    expect(socket.heardMs).toBe(0);
    await opened();
    line().tell({ type: "book", market: "ETH-USDC", sequence: 1, at_ms: 1 });
    await vi.advanceTimersByTimeAsync(5_000);
    line().tell({ type: "heartbeat", sequence: 1, time_ms: 6 });
    const told = Date.now();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(states.at(-1)).toBe("open");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states.at(-1)).toBe("lost");
    expect(socket.heardMs).toBe(told);
  });
});

describe("subscriptions", () => {
  it("are asked for once the line is open, and begin at the acknowledgement", async () => {
    const listener = new Listener();
    socket.subscribe(TRADES as never, listener);
    expect(line().sent).toEqual([]);
    await opened();
    const [asked] = line().asked("subscribe", "trades");
    expect(asked?.channels).toEqual([TRADES]);
    expect(listener.begun).toBe(0);
    await acknowledge(asked, { sequence: 7 });
    expect(listener.begun).toBe(1);
    line().tell(trade(8));
    line().tell(trade(9, "BTC-USDC"));
    expect(listener.heard).toHaveLength(1);
  });

  it("end when the last listener leaves, and tell nothing after", async () => {
    const [first, second] = [new Listener(), new Listener()];
    const stops = [socket.subscribe(TRADES as never, first), socket.subscribe(TRADES as never, second)];
    await opened();
    stops[0]?.();
    expect(line().asked("unsubscribe")).toEqual([]);
    stops[1]?.();
    expect(line().asked("unsubscribe")).toHaveLength(1);
    line().tell(trade(8));
    expect([...first.heard, ...second.heard]).toEqual([]);
  });

  it("that are refused for the moment are asked for again, and not once they were left", async () => {
    const leave = socket.subscribe(TRADES as never, new Listener());
    await opened();
    const problem = { title: "Rate limited", reason: "rate_limited", status: 429 };
    for (const times of [1, 2]) {
      expect(line().asked("subscribe", "trades")).toHaveLength(times);
      line().tell({ type: "error", id: line().asked("subscribe", "trades").at(-1)?.id, problem });
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(line().asked("subscribe", "trades")).toHaveLength(3);
    line().tell({ type: "error", id: line().asked("subscribe", "trades").at(-1)?.id, problem });
    leave();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(line().asked("subscribe", "trades")).toHaveLength(3);
  });

  it("of the account wait for the login, and are not asked for without one", async () => {
    const listener = new Listener();
    socket.subscribe({ channel: "orders" } as never, listener);
    await opened();
    expect(line().asked("login")).toEqual([]);
    expect(line().asked("subscribe", "orders")).toEqual([]);
    token = "t";
    void socket.authenticate();
    await settle();
    const [login] = line().asked("login");
    expect(login?.token).toBe("t");
    expect(line().asked("subscribe", "orders")).toEqual([]);
    await acknowledge(login, { account: "0x1" });
    expect(line().asked("subscribe", "orders")).toHaveLength(1);
  });

  it("of the account stay unasked when the login is refused", async () => {
    socket.subscribe({ channel: "fills" } as never, new Listener());
    token = "old";
    await opened();
    line().tell({ type: "error", id: line().asked("login")[0]?.id, problem: { title: "no", reason: "authorization" } });
    await settle();
    expect(line().asked("subscribe", "fills")).toEqual([]);
  });
});

describe("a login", () => {
  const beat = async (): Promise<void> => {
    line().tell({ type: "heartbeat", sequence: 40, time_ms: 1 });
    await settle();
  };

  async function signedIn(): Promise<Listener> {
    const listener = new Listener();
    socket.subscribe({ channel: "orders" } as never, listener);
    token = "first";
    await opened();
    await acknowledge(line().asked("login")[0], { account: "0x1" });
    await acknowledge(line().asked("subscribe", "orders")[0], { sequence: 30 });
    return listener;
  }

  it("is made again with each new token, on the same line, and what is heard goes on", async () => {
    const listener = await signedIn();
    await beat();
    expect(line().asked("login")).toHaveLength(1);
    token = "second";
    await beat();
    await beat();
    expect(
      line()
        .asked("login")
        .map((one) => one.token),
    ).toEqual(["first", "second"]);
    await acknowledge(line().asked("login")[1], { account: "0x1" });
    expect(line().asked("subscribe", "orders")).toHaveLength(1);
    expect([lines.length, listener.begun]).toEqual([1, 1]);
  });

  it("that the exchange ended is made again, and hears what it missed", async () => {
    const listener = await signedIn();
    await beat();
    token = "second";
    line().tell({ type: "error", id: null, problem: { title: "expired", reason: "unauthenticated" } });
    await settle();
    await acknowledge(line().asked("login")[1], { account: "0x1" });
    const [, again] = line().asked("subscribe", "orders");
    expect(again?.channels).toEqual([{ channel: "orders", after: 40 }]);
    await acknowledge(again, { sequence: 50 });
    expect(listener.begun).toBe(1);
  });

  it("that is refused is not tried for ever", async () => {
    await signedIn();
    const refused = { title: "no", reason: "unauthenticated" };
    line().tell({ type: "error", id: null, problem: refused });
    await settle();
    line().tell({ type: "error", id: line().asked("login")[1]?.id, problem: refused });
    await settle();
    await beat();
    expect(line().asked("login")).toHaveLength(2);
  });

  it("that could not be made just now is made by a later heartbeat, and what it missed is heard", async () => {
    const listener = await signedIn();
    token = null;
    line().tell({ type: "error", id: null, problem: { title: "expired", reason: "unauthenticated" } });
    await settle();
    await beat();
    expect(line().asked("login")).toHaveLength(1);
    token = "second";
    await beat();
    await acknowledge(line().asked("login")[1], { account: "0x1" });
    const [, again] = line().asked("subscribe", "orders");
    expect(again?.channels).toEqual([{ channel: "orders", after: 30 }]);
    await acknowledge(again, { sequence: 50 });
    expect(listener.begun).toBe(1);
  });

  it("that is refused is made with a renewed token, where there is one", async () => {
    await signedIn();
    renewed = "renewed";
    const refused = { title: "ended", reason: "unauthenticated" };
    line().tell({ type: "error", id: null, problem: refused });
    await settle();
    line().tell({ type: "error", id: line().asked("login")[1]?.id, problem: refused });
    await settle();
    expect(
      line()
        .asked("login")
        .map((one) => one.token),
    ).toEqual(["first", "first", "renewed"]);
  });

  it("is not made by a heartbeat where nobody is signed in", async () => {
    await opened();
    token = "late";
    await beat();
    expect(line().asked("login")).toEqual([]);
  });
});

describe("after a lost line", () => {
  async function lose(): Promise<void> {
    line().close();
    await vi.advanceTimersByTimeAsync(10_000);
    await opened();
  }

  it("a channel resumes after what it heard last, and does not begin anew", async () => {
    const listener = new Listener();
    socket.subscribe(TRADES as never, listener);
    await opened();
    await acknowledge(line().asked("subscribe", "trades")[0], { sequence: 7 });
    line().tell(trade(12));
    await lose();
    const [asked] = line().asked("subscribe", "trades");
    expect(asked?.channels).toEqual([{ ...TRADES, after: 11 }]);
    await acknowledge(asked, { sequence: 20 });
    expect(listener.begun).toBe(1);
    line().tell(trade(13));
    expect(listener.heard).toHaveLength(2);
  });

  it("a heartbeat moves on what is resumed after, for channels that were quiet", async () => {
    socket.subscribe(TRADES as never, new Listener());
    await opened();
    await acknowledge(line().asked("subscribe", "trades")[0], { sequence: 7 });
    line().tell({ type: "heartbeat", sequence: 40, time_ms: 1 });
    await lose();
    expect(line().asked("subscribe", "trades")[0]?.channels).toEqual([{ ...TRADES, after: 40 }]);
  });

  it("a channel begins anew where the exchange no longer remembers", async () => {
    const listener = new Listener();
    socket.subscribe(TRADES as never, listener);
    await opened();
    await acknowledge(line().asked("subscribe", "trades")[0], { sequence: 7 });
    await lose();
    const [asked] = line().asked("subscribe", "trades");
    line().tell({ type: "error", id: asked?.id, problem: { title: "gone", reason: "unknown_sequence" } });
    await settle();
    const again = line().asked("subscribe", "trades")[1];
    expect(again?.channels).toEqual([TRADES]);
    await acknowledge(again, { sequence: 900 });
    expect(listener.begun).toBe(2);
  });

  it("requests that were not answered fail, and are not sent again", async () => {
    await opened();
    const asking = socket.request({ op: "place" });
    const failed = expect(asking).rejects.toThrow("lost before the exchange answered");
    await lose();
    await failed;
    expect(line().asked("place")).toEqual([]);
  });

  it("waits longer each time, up to a bound, and starts over once it was open", async () => {
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const before = lines.length;
      line().close();
      let waited = 0;
      while (lines.length === before) {
        await vi.advanceTimersByTimeAsync(50);
        waited += 50;
        if (waited > 20_000) throw new Error("it never came back");
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000]);
    await opened();
    random = 0;
    const before = lines.length;
    line().close();
    await vi.advanceTimersByTimeAsync(249);
    expect(lines).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(lines).toHaveLength(before + 1);
  });

  it("says so, and says when it is back", async () => {
    await opened();
    await lose();
    expect(states).toEqual(["connecting", "open", "lost", "open"]);
  });
});

describe("a line", () => {
  it("that says nothing for too long is given up, and one that beats is kept", async () => {
    await opened();
    for (let beat = 0; beat < 5; beat++) {
      await vi.advanceTimersByTimeAsync(8_000);
      line().tell({ type: "heartbeat", sequence: beat, time_ms: 1 });
    }
    expect(lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(lines[0]?.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lines).toHaveLength(2);
  });

  it("tells the exchange's time by its heartbeats, and goes on with it once it fell", async () => {
    await opened();
    expect(socket.timeMs()).toBeNull();
    line().tell({ type: "heartbeat", sequence: 1, time_ms: 1_900_000_000_000 });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(socket.timeMs()).toBe(1_900_000_001_500);
    line().close();
    await vi.advanceTimersByTimeAsync(100);
    expect(socket.timeMs()).toBe(1_900_000_001_600);
  });

  it("is not opened again after it was stopped", async () => {
    await opened();
    socket.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lines).toHaveLength(1);
  });

  it("passes over what is no text, and answers that nobody waits for", async () => {
    await opened();
    line().onmessage?.({ data: new ArrayBuffer(2) });
    line().tell({ type: "ack", id: 999, result: null });
    line().tell({ type: "pong", id: null });
    expect(states.at(-1)).toBe("open");
  });
});

describe("requests", () => {
  it("return the result of their own acknowledgement, whatever the order", async () => {
    await opened();
    const [first, second] = [socket.request({ op: "place" }), socket.request({ op: "cancel" })];
    await acknowledge(line().asked("cancel")[0], { order: 2 });
    await acknowledge(line().asked("place")[0], { order: 1 });
    expect(await Promise.all([first, second])).toEqual([{ order: 1 }, { order: 2 }]);
  });

  it("throw what the exchange said when it refuses", async () => {
    await opened();
    const asking = socket.request({ op: "place" });
    const failed = expect(asking).rejects.toBeInstanceOf(Refused);
    line().tell({ type: "error", id: line().asked("place")[0]?.id, problem: { title: "no", detail: "too small" } });
    await failed;
  });

  it("fail at once while there is no line", async () => {
    await expect(socket.request({ op: "place" })).rejects.toThrow("lost");
  });
});
