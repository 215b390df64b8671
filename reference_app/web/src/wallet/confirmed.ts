// Requests that the wallet confirms one by one: the exchange writes a message that names exactly this request, the
// wallet signs it, and the signature buys a token that is good for this request alone, once (POST /auth/actions).
import { sha256, stringToHex } from "viem";
import type { Http } from "../api/http";
import type { Hex, Wallet } from "./wallet";

/** How the statement of such a message begins; a login never says so. */
const STATEMENT = "Confirm this one request and no other: ";

interface Begun {
  readonly message: string;
  readonly expires_at_ms: number;
}

/** Returns the digest under which a request's body stands in the message; of nothing where there is no body. */
export function bodyDigest(body: unknown): string {
  return sha256(stringToHex(body === undefined ? "" : JSON.stringify(body))).slice(2);
}

/** Returns what is wrong with a message that the wallet is about to sign, or null. */
export function messageProblem(message: string, address: string, origin: string, request: Request): string | null {
  const lines = message.split("\n");
  const host = origin.replace(/^[a-z]+:\/\//, "");
  const wanted = [
    `URI: ${origin}${request.path}`,
    `Request ID: ${bodyDigest(request.body)}`,
    `${host} wants you to sign in with your Ethereum account:`,
    address,
    `${STATEMENT}${request.method}`,
  ];
  const missing = wanted.find((line) => !lines.includes(line));
  if (missing !== undefined)
    return `The message does not name this request: "${missing}" is missing. Nothing was signed.`;
  return null;
}

export interface Request {
  readonly method: "POST" | "PUT" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
}

/** Has the wallet sign for a request and sends it. Throws `Refused`, `Unknown`, or what the wallet throws. */
export async function confirmed<T>(http: Http, wallet: Wallet, origin: string, request: Request): Promise<T> {
  const { method, path, body } = request;
  const begun = await http.post<Begun>("/auth/actions", { method, target: path, body_sha256: bodyDigest(body) });
  const problem = messageProblem(begun.message, wallet.address, origin, request);
  if (problem) throw new Error(problem);
  const signature: Hex = await wallet.signText(begun.message);
  const { action_token: token } = await http.post<{ action_token: string }>("/auth/actions/confirm", {
    message: begun.message,
    signature,
  });
  return http.send<T>(method, path, body, { "HD-Action": token });
}
