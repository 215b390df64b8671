// What was deposited and withdrawn, read again after the balances changed, and further back page by page.
import { useEffect, useRef, useState } from "react";
import { explain } from "../api/http";
import type { Balance, Transfer } from "../api/types";
import { desk } from "../state/desk";

/** Lists of the past are written a moment after the engine. */
const BEHIND_MS = 600;
const KINDS = ["deposits", "withdrawals"] as const;

/** A list, newest first, as far back as it was read. */
export interface Pages {
  readonly rows: readonly Transfer[];
  /** What the page after it is asked for with; null where there is none. */
  readonly next: string | null;
}

interface Answer {
  readonly transfers: readonly Transfer[];
  readonly next?: string | null;
}

export function transferKey(row: Transfer): string {
  return `${row.sequence} ${row.kind} ${row.asset} ${row.amount}`;
}

/** Puts a newest page before what was read; what does not reach it is left, since something is missing between. */
export function withNewest(known: Pages | undefined, answer: Answer): Pages {
  const keys = new Set(answer.transfers.map(transferKey));
  const older = (known?.rows ?? []).filter((row) => !keys.has(transferKey(row)));
  if (!known || older.length === known.rows.length) return { rows: answer.transfers, next: answer.next ?? null };
  return { rows: [...answer.transfers, ...older], next: known.next };
}

/** Returns the lists as one, newest first, as far back as all were read: further one of them would seem to be over. */
export function together(lists: readonly Pages[]): readonly Transfer[] {
  const ends = lists.flatMap(({ rows, next }) => (next === null ? [] : [rows.at(-1)?.at_ms ?? 0]));
  const sinceMs = Math.max(0, ...ends);
  const all = lists.flatMap((list) => list.rows).filter((row) => row.at_ms >= sinceMs);
  return all.sort((left, right) => right.at_ms - left.at_ms);
}

export interface Transfers {
  /** Newest first; null before they were read. */
  readonly rows: readonly Transfer[] | null;
  readonly problem: string;
  /** Reads what came before these; null where nothing did. */
  readonly older: (() => Promise<void>) | null;
}

export function useTransfers(balances: readonly Balance[]): Transfers {
  const [lists, setLists] = useState<readonly Pages[] | null>(null);
  const [problem, setProblem] = useState("");
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Answers may come in another order than they were asked for: none is taken that is older than the last.
  const turns = useRef({ asked: 0, taken: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again whenever the balances changed
  useEffect(() => {
    // Who trades has other balances all the time: the next change does not put off what is due.
    due.current ??= setTimeout(() => {
      due.current = undefined;
      const turn = ++turns.current.asked;
      const take = (): boolean => {
        if (turn < turns.current.taken) return false;
        turns.current.taken = turn;
        return true;
      };
      Promise.all(KINDS.map((kind) => desk.http.get<Answer>(`/account/${kind}`)))
        .then((answers) => {
          if (!take()) return;
          setLists((known) => answers.map((answer, at) => withNewest(known?.[at], answer)));
          setProblem("");
        })
        .catch((error: unknown) => take() && setProblem(explain(error)));
    }, BEHIND_MS);
  }, [balances]);
  useEffect(() => () => clearTimeout(due.current), []);
  const older = async (): Promise<void> => {
    const asked = (lists ?? []).map((list) => list.next);
    const read = (kind: string, next: string | null | undefined) =>
      next == null ? null : desk.http.get<Answer>(`/account/${kind}?before=${encodeURIComponent(next)}`);
    try {
      const answers = await Promise.all(KINDS.map((kind, at) => read(kind, asked[at])));
      setLists((known) => (known ?? []).map((list, at) => withOlder(list, asked[at], answers[at])));
      setProblem("");
    } catch (error) {
      setProblem(explain(error));
    }
  };
  const more = lists?.some((list) => list.next !== null) ?? false;
  return { rows: lists && together(lists), problem, older: more ? older : null };
}

/** Puts a page behind what was read, unless that begins anew since it was asked for. */
function withOlder(list: Pages, asked: string | null | undefined, answer: Answer | null | undefined): Pages {
  if (!answer || list.next !== asked) return list;
  return { rows: [...list.rows, ...answer.transfers], next: answer.next ?? null };
}
