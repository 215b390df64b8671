// What is known of an action, without a page: what a failure says, and whether a proposal can be confirmed.
import { explain, Refused, Unknown } from "../api/http";
import type { Told } from "./words";

export type Outcome =
  | { readonly kind: "done"; readonly told: Told }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/** Returns what is known after a failure: a refusal changed nothing, silence says nothing. */
export function failed(error: unknown): Outcome {
  const untold =
    error instanceof Refused &&
    (error.problem.reason.toUpperCase() === "UNKNOWN_OUTCOME" || error.problem.status >= 500);
  return { kind: error instanceof Unknown || untold ? "unknown" : "refused", why: explain(error) };
}

/** Returns what to tell of an outcome whose dialog was closed meanwhile. */
export function noticeOf(title: string, outcome: Outcome): ["good" | "bad", string] {
  if (outcome.kind === "refused") return ["bad", `${title}: it was not done. ${outcome.why}`];
  if (outcome.kind === "unknown") return ["bad", `${title}: it is not known whether it was done. ${outcome.why}`];
  const { state } = outcome.told;
  return ["good", `${title}: ${state === "done" ? "done" : `it is ${state.replaceAll("_", " ")}`}.`];
}

/** Returns why an account can not confirm a proposal, or null. The exchange decides; this only says so beforehand. */
export function confirmProblem(told: Told, account: string | null, nowMs: number): string | null {
  if (told.state !== "proposed") return "It is decided.";
  if (told.expires_at_ms != null && told.expires_at_ms <= nowMs) return "It has expired.";
  if (account !== null && told.proposer.toLowerCase() === account.toLowerCase())
    return "You proposed it: another admin has to confirm it.";
  return null;
}
