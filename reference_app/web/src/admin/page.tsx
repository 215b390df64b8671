// The operators' console: a chunk of its own, which a trader never loads. Who may see it is the server's to decide;
// this page shows what it was given, and forgets it when the role, the session or the page is gone.
import { type ReactNode, useEffect } from "react";
import { ConnectButton } from "../components/connect";
import { useInSight } from "../components/in_sight";
import { Badge, Empty } from "../components/ui";
import { desk } from "../state/desk";
import { follow } from "../state/routes";
import { useStore } from "../state/store";
import "./admin.css";
import { ApprovalsPage } from "./approvals";
import { AuditPage } from "./audit";
import { followConsole, useConsole } from "./feed";
import { FeesPage } from "./fees";
import { MarketsPage } from "./markets";
import { OverviewPage } from "./overview";
import { Age } from "./parts";
import { RiskPage } from "./risk";
import { SettlementPage } from "./settlement";
import { StopsPage } from "./stops";
import { UsersPage } from "./users";

const SECTIONS = [
  ["", "Overview", OverviewPage],
  ["settlement", "Settlement", SettlementPage],
  ["users", "Users", UsersPage],
  ["markets", "Markets", MarketsPage],
  ["risk", "Risk tiers", RiskPage],
  ["fees", "Fees", FeesPage],
  ["stops", "Stops", StopsPage],
  ["approvals", "Approvals", ApprovalsPage],
  ["audit", "Audit log", AuditPage],
] as const;

export default function AdminPage(props: { section: string }): ReactNode {
  const account = useStore((state) => state.account);
  const access = useConsole((state) => state.access);
  useEffect(() => (account ? followConsole() : undefined), [account]);
  if (!account) {
    return (
      <div className="page">
        <h1>Console</h1>
        <Empty action={<ConnectButton text="Sign in" />}>
          The console is for those who run this exchange. Sign in with a wallet that has a role.
        </Empty>
      </div>
    );
  }
  if (access === "refused") {
    return (
      <div className="page">
        <h1>Console</h1>
        <div className="empty" role="alert">
          <p>
            <b>This console is not yours.</b>
          </p>
          <p>
            The wallet <code className="break">{account}</code> has no role at this exchange, so nothing is shown. An
            admin can give it one; or sign in with another wallet.
          </p>
          <button type="button" className="button" onClick={() => void desk.disconnect()}>
            Sign out
          </button>
        </div>
      </div>
    );
  }
  const found = SECTIONS.find(([id]) => id === props.section) ?? SECTIONS[0];
  const [, title, Section] = found;
  return (
    <div className="console">
      <ConsoleNav section={found[0]} />
      <div className="console-main">
        <header className="console-head">
          <h1>{title}</h1>
          <Standing />
        </header>
        <Section />
      </div>
    </div>
  );
}

function ConsoleNav(props: { section: string }): ReactNode {
  const alarms = useConsole((state) => state.statistics?.alarms ?? 0);
  const bar = useInSight(props.section);
  return (
    <nav className="console-nav" aria-label="Console" ref={bar}>
      {SECTIONS.map(([id, label]) => (
        <a
          key={id}
          href={id ? `/console/${id}` : "/console"}
          onClick={follow}
          aria-current={props.section === id ? "page" : undefined}
        >
          {label}
          {id === "" && alarms > 0 ? (
            <span className="count" title="What needs a person">
              {alarms}
              <span className="hidden-text"> alarms</span>
            </span>
          ) : null}
        </a>
      ))}
    </nav>
  );
}

/** The exchange in a line, on every page of the console, with how old it is. */
function Standing(): ReactNode {
  const told = useConsole((state) => state.statistics);
  const heardMs = useConsole((state) => state.heardMs);
  const source = useConsole((state) => state.source);
  const problem = useConsole((state) => state.problem);
  const socket = useStore((state) => state.socket);
  return (
    <div className="standing" data-source={source ?? ""}>
      {told ? <Verdict /> : null}
      {problem ? (
        <Badge tone="bad" title={problem}>
          not answering
        </Badge>
      ) : null}
      {socket !== "open" ? <Badge tone="wait">socket lost</Badge> : null}
      {told ? (
        <span className="soft small">
          {source === "socket" ? "Live" : "By request"} · <Age atMs={heardMs} what="Not live" />
        </span>
      ) : null}
    </div>
  );
}

function Verdict(): ReactNode {
  const told = useConsole((state) => state.statistics);
  if (!told) return null;
  if (told.halted) {
    return (
      <Badge tone="bad" title={told.halted}>
        exchange halted
      </Badge>
    );
  }
  const takes = told.accepting && !told.kill_switch;
  return (
    <>
      <Badge tone={takes ? "good" : "bad"}>{takes ? "taking orders" : "taking no orders"}</Badge>
      {told.kill_switch ? <Badge tone="bad">kill switch engaged</Badge> : null}
      {told.settlement.ok ? null : <Badge tone="bad">settlement down</Badge>}
      {told.settlement.paused ? <Badge tone="wait">settlement paused</Badge> : null}
      {told.records_ok ? null : <Badge tone="wait">records away</Badge>}
    </>
  );
}
