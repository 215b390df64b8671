// One tab has one session and one range of lanes. Browsers copy both when they copy a tab, and a session that is renewed
// by two ends for both: a copy forgets them, and begins as a tab of its own.

const KEPT = "hybrid-dex.";
const NAME = `${KEPT}tab`;
/** A tab that is loaded again waits so long for the page before it to be gone. */
const WAIT_MS = 1_500;

/** Makes what is kept for this tab its own; where the browser has no locks, it is believed to be. */
export async function ownTab(
  locks: Pick<LockManager, "request"> | null = navigator.locks ?? null,
  kept: Storage = sessionStorage,
): Promise<void> {
  if (locks === null) return;
  const known = kept.getItem(NAME);
  if (known !== null && (await held(locks, known))) return;
  if (known !== null) for (const key of Object.keys(kept)) if (key.startsWith(KEPT)) kept.removeItem(key);
  const name = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
  kept.setItem(NAME, name);
  void held(locks, name);
}

/** Holds a name for as long as the page is there; returns whether nobody else does. */
function held(locks: Pick<LockManager, "request">, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(true);
      return new Promise(() => undefined);
    };
    locks.request(`${NAME} ${name}`, { signal: AbortSignal.timeout(WAIT_MS) }, hold).catch(() => resolve(false));
  });
}
