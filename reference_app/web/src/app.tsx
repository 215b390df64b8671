// The shell: navigation, how the connection is, and the page of the address. Each page is a chunk of its own.
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { Boundary } from "./components/boundary";
import { AccountMenu } from "./components/connect";
import { useInSight } from "./components/in_sight";
import { Notices } from "./components/notices";
import { Standing } from "./components/standing";
import { clockText } from "./components/times";
import { desk } from "./state/desk";
import { follow, usePath } from "./state/routes";
import { useStore } from "./state/store";

const TradePage = lazy(() => import("./trade/page"));
const PortfolioPage = lazy(() => import("./portfolio/page"));
const FundsPage = lazy(() => import("./funds/page"));
const KeysPage = lazy(() => import("./keys/page"));
const exitPage = () => import("./exit/page");
const ExitPage = lazy(exitPage);
const PreferencesPage = lazy(() => import("./preferences/page"));
const AdminPage = lazy(() => import("./admin/page"));

/** Addresses with what leads there, and with what does where there is little room. */
const LINKS = [
  ["/trade", "Trade"],
  ["/portfolio", "Portfolio"],
  ["/funds", "Deposit / withdraw", "Funds"],
  ["/keys", "Keys"],
  ["/exit", "Exit"],
  ["/preferences", "Settings"],
] as const;

export function App(): ReactNode {
  const path = usePath();
  const problem = useStore((state) => state.startProblem);
  const name = useStore((state) => state.info?.name ?? "hybrid-dex");
  const role = useStore((state) => state.role);
  const isSignedIn = useStore((state) => state.account !== null);
  const section = `/${path.split("/")[1] ?? ""}`;
  const pages = useInSight(`${section} ${role}`);
  useEffect(() => void desk.start(), []);
  // The way out has to be there before the exchange's servers are not.
  useEffect(() => {
    if (isSignedIn) exitPage().catch(() => undefined);
  }, [isSignedIn]);
  useEffect(() => {
    const title = LINKS.find(([address]) => address === section)?.[1] ?? "Console";
    document.title = `${title} · ${name}`;
  }, [section, name]);
  return (
    <div className="shell">
      <div>
        <a className="skip" href="#main">
          Skip to content
        </a>
        <header className="bar">
          <a className="brand" href="/trade" onClick={follow}>
            <img src="/icon.svg" alt="" />
            <span>{name}</span>
          </a>
          <nav className="nav grow" aria-label="Pages" ref={pages}>
            {LINKS.map(([address, label, short]) => (
              <a key={address} href={address} onClick={follow} aria-current={section === address ? "page" : undefined}>
                <span className={short ? "with-room" : undefined}>{label}</span>
                {short ? <span className="without-room">{short}</span> : null}
              </a>
            ))}
            {role === "trader" ? null : (
              <a href="/console" onClick={follow} aria-current={section === "/console" ? "page" : undefined}>
                Console
              </a>
            )}
          </nav>
          <Connection />
          <AccountMenu />
        </header>
      </div>
      <div>
        <Lost />
        <Standing />
      </div>
      <main id="main">
        {problem ? (
          <div className="page">
            <div className="callout bad" role="alert">
              <p>The exchange can not be reached: {problem}</p>
              <button type="button" className="button" onClick={() => void desk.start()}>
                Try again
              </button>
            </div>
          </div>
        ) : (
          <Boundary key={section}>
            <Suspense fallback={<p className="empty">Loading…</p>}>
              <Route section={section} rest={path.split("/").slice(2)} />
            </Suspense>
          </Boundary>
        )}
      </main>
      <Notices />
    </div>
  );
}

function Route(props: { section: string; rest: readonly string[] }): ReactNode {
  switch (props.section) {
    case "/portfolio":
      return <PortfolioPage />;
    case "/funds":
      return <FundsPage />;
    case "/keys":
      return <KeysPage />;
    case "/exit":
      return <ExitPage />;
    case "/preferences":
      return <PreferencesPage />;
    case "/console":
      return <AdminPage section={props.rest[0] ?? ""} />;
    default:
      return <TradePage market={props.rest[0] ?? null} />;
  }
}

function Connection(): ReactNode {
  const state = useStore((store) => store.socket);
  const words = { open: "Live", connecting: "Connecting", lost: "Offline" }[state];
  return (
    <span
      className="row small soft connection"
      title={state === "open" ? "Prices and orders are live" : "Nothing on this page is up to date"}
    >
      <span className={`dot ${state === "open" ? "good" : state === "lost" ? "bad" : ""}`} aria-hidden="true" />
      {words}
    </span>
  );
}

/** Says that what is shown is old; it stays shown, since old prices with a warning serve better than none. */
function Lost(): ReactNode {
  const state = useStore((store) => store.socket);
  const atMs = useStore((store) => store.heardMs);
  if (state !== "lost") return null;
  const since = atMs ? ` Prices and orders are as of ${clockText(atMs)}.` : "";
  return (
    <div className="banner" role="alert">
      The connection to the exchange is lost.{since} Reconnecting…
    </div>
  );
}
