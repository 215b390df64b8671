// What the console follows: the statistics over the socket's channel `admin`, and by a request where the socket says
// nothing, so that figures are never older than a few seconds without saying so. Who may see is the server's to say.
import { useEffect, useRef, useState } from "react";
import { create } from "zustand";
import { explain, Refused } from "../api/http";
import type { Channel, ServerMessage } from "../api/types";
import { desk } from "../state/desk";
import { useStore } from "../state/store";
import { type Sample, type Statistics, sampleOf, withSample } from "./figures";

export type Access = "asking" | "refused" | "granted";

interface ConsoleState {
  readonly access: Access;
  readonly statistics: Statistics | null;
  readonly samples: readonly Sample[];
  /** When the statistics arrived, by this machine's clock; 0 before the first. */
  readonly heardMs: number;
  readonly source: "socket" | "request" | null;
  readonly problem: string;
  /** Rises whenever something new is known: what tables read again by. */
  readonly beat: number;
  /** Rises when somebody wants it now. */
  readonly wanted: number;
}

const NOTHING: ConsoleState = {
  access: "asking",
  statistics: null,
  samples: [],
  heardMs: 0,
  source: null,
  problem: "",
  beat: 0,
  wanted: 0,
};
/** The socket tells at least every ten seconds; without it, or when it says less, it is asked for. */
const QUIET_MS = { socket: 11_000, request: 4_000 } as const;
const LOOK_MS = 1_000;
const LEAST_BETWEEN_READS_MS = 2_000;
const LONGEST_BETWEEN_READS_MS = 8_000;
const NO_LOGIN = 401;
const NO_ROLE = 403;
const CHANNEL: Channel = { channel: "admin" };

export const useConsole = create<ConsoleState>()(() => NOTHING);

/** Tells every table to read again, as after an action. */
export function readAgain(): void {
  useConsole.setState((state) => ({ beat: state.beat + 1, wanted: state.wanted + 1 }));
}

function take(told: Statistics, source: "socket" | "request"): void {
  useConsole.setState((state) => ({
    access: "granted",
    statistics: told,
    samples: withSample(state.samples, sampleOf(told)),
    heardMs: Date.now(),
    source,
    problem: "",
    beat: state.beat + 1,
  }));
}

/** Follows until the returned function is called; what was shown is forgotten then, and when a role is gone. */
export function followConsole(): () => void {
  let asking = false;
  let askedMs = 0;
  let stopped = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    askedMs = Date.now();
    try {
      const told = await desk.http.get<Statistics>("/admin/statistics");
      if (!stopped) take(told, "request");
    } catch (error) {
      if (stopped) return;
      // Without a login nothing stays on the screen either, but that says nothing of a role.
      if (isForbidden(error)) {
        const access = error.problem.status === NO_ROLE ? "refused" : "asking";
        useConsole.setState({ ...NOTHING, access, problem: access === "refused" ? "" : explain(error) });
      } else useConsole.setState({ problem: explain(error) });
    } finally {
      asking = false;
    }
  };
  useConsole.setState(NOTHING);
  void ask();
  const leave = desk.socket.subscribe(CHANNEL, {
    begin: () => void ask(),
    hear: (message: ServerMessage) => {
      if (message.type === "statistics") take(message, "socket");
      else useConsole.setState((state) => ({ beat: state.beat + 1 }));
    },
  });
  const timer = setInterval(() => {
    const quiet = useStore.getState().socket === "open" ? QUIET_MS.socket : QUIET_MS.request;
    const now = Date.now();
    // An answer that failed is not heard: it is asked for again, but not every second.
    if (now - useConsole.getState().heardMs >= quiet && now - askedMs >= QUIET_MS.request) void ask();
  }, LOOK_MS);
  return () => {
    stopped = true;
    clearInterval(timer);
    leave();
    useConsole.setState(NOTHING);
  };
}

export function isForbidden(error: unknown): error is Refused {
  return error instanceof Refused && (error.problem.status === NO_ROLE || error.problem.status === NO_LOGIN);
}

export interface Reading<T> {
  readonly value: T | null;
  readonly atMs: number;
  readonly problem: string;
}

/** Reads an address again whenever the console learns of something, but no more often than every two seconds. */
export function useRead<T>(path: string | null): Reading<T> {
  const [found, setFound] = useState<{ path: string; value: T; atMs: number } | null>(null);
  const [problem, setProblem] = useState<{ path: string; text: string } | null>(null);
  const beat = useConsole((state) => state.beat);
  const wanted = useConsole((state) => state.wanted);
  const startedMs = useRef(0);
  const running = useRef("");
  const turn = useRef(0);
  const seen = useRef<{ path: string | null; wanted: number; sequence: number }>({
    path: null,
    wanted: -1,
    sequence: -1,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a beat is what makes it look again
  useEffect(() => {
    if (path === null) return;
    const sequence = useConsole.getState().statistics?.sequence ?? 0;
    const asked = seen.current.path !== path || seen.current.wanted !== wanted;
    const sinceMs = Date.now() - startedMs.current;
    const due =
      (seen.current.sequence !== sequence && sinceMs >= LEAST_BETWEEN_READS_MS) || sinceMs >= LONGEST_BETWEEN_READS_MS;
    if (!asked && (!due || running.current === path)) return;
    seen.current = { path, wanted, sequence };
    startedMs.current = Date.now();
    running.current = path;
    turn.current += 1;
    const mine = turn.current;
    desk.http
      .get<T>(path)
      .then((value) => {
        if (turn.current !== mine) return;
        setFound({ path, value, atMs: Date.now() });
        setProblem(null);
      })
      .catch((error: unknown) => {
        if (turn.current !== mine) return;
        setProblem({ path, text: explain(error) });
        // Whether a role is gone is asked at once, and then nothing stays on the screen.
        if (isForbidden(error)) useConsole.setState({ heardMs: 0 });
      })
      .finally(() => {
        if (turn.current === mine) running.current = "";
      });
  }, [path, wanted, beat]);
  const current = found !== null && found.path === path ? found : null;
  return {
    value: current?.value ?? null,
    atMs: current?.atMs ?? 0,
    problem: problem !== null && problem.path === path ? problem.text : "",
  };
}

/** Returns the time, anew every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
