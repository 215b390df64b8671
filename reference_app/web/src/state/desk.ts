// The desk: the one object that holds the socket, the session and the wallet, and does what buttons ask for.
import { explain, Http } from "../api/http";
import { type Line, Socket } from "../api/socket";
import type { Info, Market, Status } from "../api/types";
import { forgetAmounts } from "../trade/ticket";
import { type Announced, findWallets } from "../wallet/providers";
import { Session } from "../wallet/session";
import type { DemoWallet, Provider, Wallet } from "../wallet/wallet";
import { isDemo } from "../wallet/wallet";
import { type Followed, followAccount } from "./account";
import { followMarket } from "./feeds";
import { NO_BOOK, NOBODY, notify, useStore } from "./store";

const CHOSEN = "hybrid-dex.market";
const STATUS_MS = 3_000;

class Desk {
  readonly session = new Session();
  readonly http = new Http({ token: (refused) => this.session.token(refused) });
  readonly socket = new Socket({
    open: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`) as unknown as Line,
    token: (refused) => this.session.token(refused),
    changed: (socket) => useStore.setState({ socket, heardMs: this.socket.heardMs }),
    random: Math.random,
  });
  private demo: DemoWallet | null = null;
  private leaveMarket: (() => void) | null = null;
  private followed: Followed | null = null;
  private starting: Promise<void> | null = null;
  private readonly heeded = new WeakSet<Provider>();

  /** Reads what the exchange is and begins to listen. Safe to call again after a failure. */
  start(): Promise<void> {
    this.session.ended = () => this.signedOut("Your session has ended; sign in again.");
    this.starting ??= this.begin().catch((error: unknown) => {
      this.starting = null;
      useStore.setState({ startProblem: explain(error) });
    });
    return this.starting;
  }

  private async begin(): Promise<void> {
    const [info, answer] = await Promise.all([
      this.http.get<Info>("/info"),
      this.http.get<{ markets: Market[] }>("/markets"),
    ]);
    useStore.setState({ info, markets: answer.markets, startProblem: null });
    this.socket.start();
    this.followStatus();
    this.look(useStore.getState().marketId);
    await this.resume();
  }

  /** Looks at a market; without a name, at the one that was looked at last, or the first. */
  look(wanted: string | null): void {
    const { markets, marketId: before } = useStore.getState();
    const isKnown = (id: string | null): boolean => markets.some((market) => market.id === id);
    const last = localStorage.getItem(CHOSEN);
    const marketId = wanted ?? (isKnown(last) ? last : (markets[0]?.id ?? null));
    useStore.setState({ marketId });
    if (before !== null && before !== marketId) forgetAmounts();
    if (!isKnown(marketId) || marketId === null) {
      // It may be listed while it is looked at: then nothing of the market before may stand under its name.
      this.leaveMarket?.();
      this.leaveMarket = null;
      useStore.setState({ book: NO_BOOK, trades: [], ticker: null });
      return;
    }
    if (before === marketId && this.leaveMarket) return;
    localStorage.setItem(CHOSEN, marketId);
    this.leaveMarket?.();
    this.leaveMarket = followMarket(this.socket, marketId, (path) => this.http.get(path));
  }

  /** Reads the markets again, as after one was listed. */
  async readMarkets(): Promise<void> {
    const answer = await this.http.get<{ markets: Market[] }>("/markets");
    useStore.setState({ markets: answer.markets });
  }

  /** Asks again and again whether orders are taken, and in which state each market is. */
  private followStatus(): void {
    const ask = async (): Promise<void> => {
      if (document.hidden || useStore.getState().socket === "lost") return;
      try {
        const { accepting, markets } = await this.http.get<Status>("/status");
        const states = new Map(markets.map((one) => [one.market, one.state]));
        const listed = new Set(useStore.getState().markets.map((one) => one.id));
        if (markets.some((one) => !listed.has(one.market))) await this.readMarkets();
        const known = useStore.getState().markets;
        const moved = known.some((one) => (states.get(one.id) ?? one.state) !== one.state);
        useStore.setState({
          accepting,
          ...(moved ? { markets: known.map((one) => ({ ...one, state: states.get(one.id) ?? one.state })) } : {}),
        });
      } catch {
        // What is not known is not shown as known; a lost connection is told of by the socket.
        useStore.setState({ accepting: null });
      }
    };
    void ask();
    setInterval(() => void ask(), STATUS_MS);
  }

  /** Reads a page of the account's fills before those that are shown. */
  async olderFills(): Promise<void> {
    await this.followed?.olderFills();
  }

  /** Returns the demo's wallet, or null where this is no demo. */
  async demoWallet(): Promise<DemoWallet | null> {
    if (!isDemo()) return null;
    this.demo ??= await this.http.get<DemoWallet>("/demo/wallet");
    return this.demo;
  }

  /** Connects the demo's wallet and signs in. */
  async connectDemo(): Promise<void> {
    await this.connect(await this.openDemo());
  }

  /** Connects a wallet of the browser and signs in; on the local chain it learns of the chain first. */
  async connectInjected(found: Announced): Promise<void> {
    const { injectedWallet } = await import("../wallet/clients");
    const wallet = await injectedWallet(found);
    if (!wallet) throw new Error("The wallet named no account; choose one in it and connect again.");
    const info = this.info();
    if (info.chain_id != null) await wallet.joinChain(info.chain_id, (await this.demoWallet())?.rpc_url ?? null);
    await this.connect(wallet);
    this.heed(found);
  }

  /** Signs out and forgets the wallet. */
  async disconnect(reason = "Signed out."): Promise<void> {
    const told = this.session.logout();
    this.signedOut(reason);
    await told;
  }

  /** Returns the wallet, or throws what to do. */
  wallet(): Wallet {
    const wallet = useStore.getState().wallet;
    if (!wallet) throw new Error("Connect a wallet first.");
    return wallet;
  }

  info(): Info {
    const info = useStore.getState().info;
    if (!info) throw new Error("The exchange has not answered yet.");
    return info;
  }

  /** The demo's wallet as one that can sign, without signing in with it. */
  async openDemo(): Promise<Wallet> {
    const demo = await this.demoWallet();
    if (!demo) throw new Error("There is no demo wallet here.");
    const { demoWallet } = await import("../wallet/clients");
    return demoWallet(demo, location.origin);
  }

  private async connect(wallet: Wallet): Promise<void> {
    await this.session.login(wallet, this.info(), location.origin);
    await this.entered(wallet);
  }

  private async resume(): Promise<void> {
    const kept = await this.session.resume();
    if (!kept) return;
    const wallet = await this.reopen(kept.walletId).catch(() => null);
    if (wallet && wallet.address === kept.account) await this.entered(wallet);
    else await this.session.logout();
  }

  private async reopen(walletId: string): Promise<Wallet | null> {
    if (walletId === "demo") return this.openDemo();
    const found = (await findWallets()).find((one) => one.id === walletId);
    if (!found) return null;
    const { injectedWallet } = await import("../wallet/clients");
    const wallet = await injectedWallet(found, true);
    if (wallet) this.heed(found);
    return wallet;
  }

  /** Heeds what a wallet says of itself, once for each, for as long as it is the one that is signed in. */
  private heed(found: Announced): void {
    if (this.heeded.has(found.provider)) return;
    this.heeded.add(found.provider);
    found.provider.on?.("accountsChanged", (accounts) => {
      const { wallet } = useStore.getState();
      const [first] = Array.isArray(accounts) ? (accounts as unknown[]) : [];
      if (wallet?.id !== found.id || String(first).toLowerCase() === wallet.address.toLowerCase()) return;
      void this.disconnect("The wallet changed its account; sign in again.");
    });
    found.provider.on?.("chainChanged", (chain) => {
      const wanted = useStore.getState().info?.chain_id;
      if (useStore.getState().wallet?.id !== found.id || wanted == null || Number(chain) === wanted) return;
      notify(
        "bad",
        `Your wallet went to another chain. This exchange is on chain ${wanted}; you are asked to go back before it signs.`,
      );
    });
  }

  private async entered(wallet: Wallet): Promise<void> {
    useStore.setState({ wallet, ...NOBODY, account: this.session.account, role: this.session.role });
    this.followed?.stop();
    await this.socket.authenticate();
    if (useStore.getState().wallet !== wallet) return;
    this.followed = followAccount(
      this.socket,
      (path) => this.http.get(path),
      (error) => notify("bad", explain(error)),
    );
  }

  private signedOut(reason: string): void {
    this.followed?.stop();
    this.followed = null;
    useStore.setState({ wallet: null, ...NOBODY });
    notify("plain", reason);
  }
}

export const desk = new Desk();
