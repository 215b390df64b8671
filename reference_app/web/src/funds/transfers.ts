// What was deposited and withdrawn, read again after the balances changed.
import { useEffect, useRef, useState } from "react";
import { explain } from "../api/http";
import type { Balance, Transfer } from "../api/types";
import { desk } from "../state/desk";

/** Lists of the past are written a moment after the engine. */
const BEHIND_MS = 600;

/** Returns the transfers, newest first; null before they were read. */
export function useTransfers(balances: readonly Balance[]): { rows: readonly Transfer[] | null; problem: string } {
  const [rows, setRows] = useState<readonly Transfer[] | null>(null);
  const [problem, setProblem] = useState("");
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again whenever the balances changed
  useEffect(() => {
    // Who trades has other balances all the time: the next change does not put off what is due.
    due.current ??= setTimeout(() => {
      due.current = undefined;
      Promise.all(
        ["deposits", "withdrawals"].map((kind) => desk.http.get<{ transfers: Transfer[] }>(`/account/${kind}`)),
      )
        .then((answers) => {
          const all = answers.flatMap((answer) => answer.transfers);
          setRows(all.sort((left, right) => right.at_ms - left.at_ms));
          setProblem("");
        })
        .catch((error: unknown) => setProblem(explain(error)));
    }, BEHIND_MS);
  }, [balances]);
  useEffect(() => () => clearTimeout(due.current), []);
  return { rows, problem };
}
