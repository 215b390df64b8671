// Who is signed in: EIP-4361 by the wallet, then tokens that are renewed before they end. The access token is kept in
// memory only; the refresh token in this tab, so that a reload need not sign again.
import { exchange, Refused } from "../api/http";
import type { Info, Role, Session as SessionAnswer } from "../api/types";
import type { Wallet } from "./wallet";

const KEPT = "hybrid-dex.session";
const MARGIN_MS = 30_000;
const TOO_MANY = 429;

interface Kept {
  readonly refreshToken: string;
  readonly walletId: string;
  readonly account: string;
}

/** The text that a wallet shows and signs at login (EIP-4361). */
export function loginText(info: Info, origin: string, address: string, nonce: string, issuedAt: Date): string {
  const host = origin.replace(/^[a-z]+:\/\//, "");
  const statement = info.login.statement ? `\n${info.login.statement}\n` : "\n";
  return [
    `${host} wants you to sign in with your Ethereum account:`,
    address,
    statement,
    `URI: ${origin}`,
    "Version: 1",
    `Chain ID: ${info.login.chain_id}`,
    `Nonce: ${nonce}`,
    `Issued At: ${issuedAt.toISOString()}`,
  ].join("\n");
}

export class Session {
  private current: SessionAnswer | null = null;
  private renewing: Promise<string | null> | null = null;
  /** The token that was renewed last, of the same session. */
  private former: string | null = null;
  private walletId = "";
  /** Rises with each sign-in and sign-out: what was asked for before it is no answer any more. */
  private turn = 0;
  /** Called when the session has ended by itself. */
  ended: () => void = () => undefined;

  get account(): string | null {
    return this.current?.account ?? null;
  }

  get role(): Role {
    return this.current?.role ?? "trader";
  }

  /** Opens a session; the wallet is asked for one signature. */
  async login(wallet: Wallet, info: Info, origin: string): Promise<void> {
    const { nonce } = await exchange<{ nonce: string }>("POST", "/auth/nonce");
    const message = loginText(info, origin, wallet.address, nonce, new Date());
    const signature = await wallet.signText(message);
    const session = await exchange<SessionAnswer>("POST", "/auth/login", { message, signature });
    this.forget();
    this.keep(session, wallet.id);
  }

  /** Returns whose session this tab had before it was loaded again, or null. */
  async resume(): Promise<{ walletId: string; account: string } | null> {
    const kept = read();
    if (!kept) return null;
    this.walletId = kept.walletId;
    const token = await this.refresh(kept.refreshToken);
    return token && this.current ? { walletId: kept.walletId, account: this.current.account } : null;
  }

  /**
   * Returns a token that is good for half a minute at least, or null when nobody is signed in. One that the exchange
   * `refused` is renewed whatever the clock says; where that is refused, too, the session has ended.
   */
  async token(refused: string | null = null): Promise<string | null> {
    const session = this.current;
    if (!session) return null;
    // What another account asked for is not asked again as this one.
    if (refused !== null && refused !== session.access_token && refused !== this.former) return null;
    const isGood = session.access_token !== refused;
    if (isGood && Date.now() + MARGIN_MS < session.access_expires_at_ms) return session.access_token;
    const renewing = this.renewing ?? this.refresh(session.refresh_token);
    this.renewing = renewing;
    const renewed = await renewing;
    if (this.renewing === renewing) this.renewing = null;
    // Where it could not be renewed just now, the old one is good to its end.
    return (
      renewed ??
      (isGood && this.current === session && Date.now() < session.access_expires_at_ms ? session.access_token : null)
    );
  }

  /** Ends the session here and on the exchange. */
  async logout(): Promise<void> {
    const token = this.current?.access_token;
    this.forget();
    if (token)
      await exchange("POST", "/auth/logout", undefined, { authorization: `Bearer ${token}` }).catch(() => undefined);
  }

  private async refresh(refreshToken: string): Promise<string | null> {
    const turn = this.turn;
    try {
      const session = await exchange<SessionAnswer>("POST", "/auth/refresh", { refresh_token: refreshToken });
      if (turn !== this.turn) return null;
      this.former = this.current?.access_token ?? null;
      this.keep(session, this.walletId);
      return session.access_token;
    } catch (error) {
      if (turn === this.turn && error instanceof Refused && isFinal(error.problem.status)) {
        this.forget();
        this.ended();
      }
      return null;
    }
  }

  private keep(session: SessionAnswer, walletId: string): void {
    this.current = session;
    this.walletId = walletId;
    const kept: Kept = { refreshToken: session.refresh_token, walletId, account: session.account };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  private forget(): void {
    this.turn += 1;
    this.current = null;
    this.former = null;
    this.renewing = null;
    sessionStorage.removeItem(KEPT);
  }
}

/** Whether a refusal ends a session: one who asks too often, or while the exchange's logins are away, asks again. */
function isFinal(status: number): boolean {
  return status < 500 && status !== TOO_MANY;
}

function read(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Kept | null;
    return kept && typeof kept.refreshToken === "string" ? kept : null;
  } catch {
    return null;
  }
}
