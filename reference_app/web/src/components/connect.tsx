// Connecting a wallet: the demo's where there is one, and every wallet of the browser that announces itself.
import { type ReactNode, useEffect, useState } from "react";
import { explain } from "../api/http";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";
import { type Announced, findWallets } from "../wallet/providers";
import { isDemo } from "../wallet/wallet";
import { Dialog, WorkButton } from "./ui";

const CONNECTED = "Connected and signed in.";
const DEMO_WORDS = "It has play money on this machine's own chain. Its key is public: never send it anything.";

export function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}

export function ConnectButton(props: { primary?: boolean; text?: string }): ReactNode {
  const [open, setOpen] = useState(false);
  const ready = useStore((state) => state.info !== null);
  return (
    <>
      <button
        type="button"
        className={`button ${props.primary === false ? "" : "primary"}`}
        disabled={!ready}
        onClick={() => setOpen(true)}
      >
        {props.text ?? "Connect wallet"}
      </button>
      {open ? <ConnectDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function ConnectDialog(props: { onClose: () => void }): ReactNode {
  const [wallets, setWallets] = useState<readonly Announced[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    void findWallets().then(setWallets);
  }, []);
  const enter = async (work: () => Promise<void>): Promise<void> => {
    setProblem("");
    try {
      await work();
      notify("good", CONNECTED);
      props.onClose();
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <Dialog title="Connect a wallet" onClose={props.onClose}>
      <p className="soft">Signing in proves that the address is yours. It costs nothing and moves no funds.</p>
      {isDemo() ? (
        <div className="stack">
          <WorkButton className="primary wide" busy="Signing in…" work={() => enter(() => desk.connectDemo())}>
            Use the demo wallet
          </WorkButton>
          <p className="small soft">{DEMO_WORDS}</p>
        </div>
      ) : null}
      {wallets === null ? <p className="soft">Looking for wallets…</p> : null}
      {wallets?.map((wallet) => (
        <WorkButton
          key={wallet.id}
          className="wide"
          busy="Confirm in your wallet…"
          work={() => enter(() => desk.connectInjected(wallet))}
        >
          {wallet.icon ? <img src={wallet.icon} alt="" width={20} height={20} /> : null}
          {wallet.name}
        </WorkButton>
      ))}
      {wallets?.length === 0 && !isDemo() ? (
        <p>
          No wallet was found in this browser. Install one that announces itself (EIP-6963), such as MetaMask or Rabby,
          and reload.
        </p>
      ) : null}
      {problem ? (
        <p className="callout bad" role="alert">
          {problem}
        </p>
      ) : null}
    </Dialog>
  );
}

/** Where one would trade: a demo's wallet connects at once, any other is chosen in the dialog. */
export function ConnectToTrade(): ReactNode {
  const ready = useStore((state) => state.info !== null);
  const [problem, setProblem] = useState("");
  if (!isDemo()) return <ConnectButton text="Connect to trade" />;
  const work = async (): Promise<void> => {
    setProblem("");
    try {
      await desk.connectDemo();
      notify("good", CONNECTED);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <>
      <WorkButton className="primary wide" busy="Signing in…" disabled={!ready} work={work}>
        Trade with the demo wallet
      </WorkButton>
      <p className="small soft">{DEMO_WORDS}</p>
      {problem ? (
        <p className="callout bad" role="alert">
          {problem}
        </p>
      ) : null}
    </>
  );
}

/** Who is connected, with what there is to do about it. */
export function AccountMenu(): ReactNode {
  const wallet = useStore((state) => state.wallet);
  const account = useStore((state) => state.account);
  if (!wallet || !account) return <ConnectButton />;
  return (
    <div className="row">
      <span className="small soft" title={account}>
        <span className="wallet-name">{wallet.name}</span> <code>{shortAddress(account)}</code>
      </span>
      <WorkButton className="tiny" work={() => desk.disconnect()}>
        Sign out
      </WorkButton>
    </div>
  );
}

/** Shows children to who is signed in, and to others how to be. */
export function SignedIn(props: { children: ReactNode; what: string }): ReactNode {
  const account = useStore((state) => state.account);
  if (account) return props.children;
  return (
    <div className="empty">
      <p>Connect a wallet to see {props.what}.</p>
      <ConnectButton primary={false} />
    </div>
  );
}
