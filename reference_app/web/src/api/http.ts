// Requests to the API: JSON in and out, every refusal a `Refused` with the problem document's own words.
import type { Problem } from "./types";

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** The request may or may not have arrived: what became of it has to be asked, never assumed. */
export class Unknown extends Error {}

/** The exchange itself can not tell: it may have been done, or be done after its restart. */
export class InDoubt extends Unknown {}

export interface Credentials {
  /** Returns a token that is good now, another than the `refused` one, or null when nobody is signed in. */
  token(refused?: string): Promise<string | null>;
}

const TIMEOUT_MS = 15_000;
const UNKNOWN_OUTCOME = "unknown_outcome";
const INTERNAL = "internal";
const UNAUTHENTICATED = "unauthenticated";

export class Http {
  constructor(private readonly credentials: Credentials) {}

  get<T>(path: string): Promise<T> {
    return this.send<T>("GET", path);
  }

  post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
    return this.send<T>("POST", path, body, headers);
  }

  delete<T>(path: string, headers?: Record<string, string>): Promise<T> {
    return this.send<T>("DELETE", path, undefined, headers);
  }

  /** Throws `Refused` with what the exchange said, or `Unknown` when that does not tell what was done. */
  async send<T>(method: string, path: string, body?: unknown, extra: Record<string, string> = {}): Promise<T> {
    const token = await this.credentials.token();
    if (!token) return exchange<T>(method, path, body, extra);
    const as = (one: string): Promise<T> =>
      exchange<T>(method, path, body, { ...extra, authorization: `Bearer ${one}` });
    try {
      return await as(token);
    } catch (error) {
      // Nothing was done. The login may have ended elsewhere, or this machine's clock may be slow: the renewal tells.
      if (!(error instanceof Refused) || error.problem.reason !== UNAUTHENTICATED) throw error;
      const renewed = await this.credentials.token(token);
      if (!renewed) throw error;
      return as(renewed);
    }
  }
}

/** Sends one request; `Http` adds who asks. */
export async function exchange<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const all: Record<string, string> = { ...headers };
  const init: RequestInit = { method, headers: all, signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "omit" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    all["content-type"] = "application/json";
  }
  let reply: Response;
  let text: string;
  try {
    reply = await fetch(path, init);
    text = await reply.text();
  } catch {
    throw new Unknown("The exchange did not answer. Check your connection; nothing is assumed about what you sent.");
  }
  if (reply.ok) return (text ? JSON.parse(text) : undefined) as T;
  const problem = problemOf(text);
  if (problem?.reason === UNKNOWN_OUTCOME) throw new InDoubt(refusal(problem));
  if (problem?.reason === INTERNAL && changesOrders(method, path))
    throw new InDoubt(`${refusal(problem)}. Look at your orders before you try again.`);
  if (problem) throw new Refused(problem);
  // Answered by something else than the exchange, such as a proxy that waited for it in vain.
  if (reply.status >= 500)
    throw new Unknown(`HTTP ${reply.status} instead of the exchange's answer; nothing is assumed about what you sent.`);
  throw new Refused(nameless(reply.status));
}

/** What broke may have broken after orders were entered or changed; a preview does neither. */
function changesOrders(method: string, path: string): boolean {
  return method !== "GET" && path.startsWith("/orders") && path !== "/orders/preview";
}

function problemOf(text: string): Problem | null {
  try {
    const found = JSON.parse(text) as Problem | null;
    return typeof found?.title === "string" ? found : null;
  } catch {
    return null;
  }
}

function nameless(status: number): Problem {
  return { type: "about:blank", title: `HTTP ${status}`, status, code: 0, reason: "unknown", detail: "" };
}

/** Returns a refusal in words: what it is, then what is wrong, which alone is often too short to understand. */
export function refusal(problem: Pick<Problem, "title" | "detail" | "valid">): string {
  const { title, detail, valid } = problem;
  return `${detail ? `${title}: ${detail}` : title}${valid ? ` (valid: ${valid})` : ""}`;
}

/** Whether a wallet said no (EIP-1193, 4001), however deep libraries wrapped that. */
export function declined(error: unknown): boolean {
  for (let one = error as { code?: unknown; cause?: unknown } | null; one && typeof one === "object"; ) {
    if (one.code === 4001) return true;
    one = one.cause as typeof one;
  }
  return false;
}

/** Returns what to tell a person about a failure. */
export function explain(error: unknown): string {
  if (error instanceof Refused) return refusal(error.problem);
  if (declined(error)) return "You declined in your wallet; nothing was sent.";
  if (error instanceof Error) {
    const short = (error as { shortMessage?: unknown }).shortMessage;
    return typeof short === "string" ? short : error.message;
  }
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : "Something failed that gives no reason.";
}
