// Users: who has an account, and one of them with funds, orders, limits, tier and role, and what can be done about it.
import { type ReactNode, useEffect, useState } from "react";
import type { Schemas } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Badge, Choice, Field, Panel } from "../components/ui";
import { grouped, percentOfPpm } from "../money/decimal";
import { ActionDialog, ConfirmDialog } from "./act";
import { useRead } from "./feed";
import { spoken } from "./figures";
import { Account, Amount, Facts, ReadPanel, usePages, When } from "./parts";
import { type Action, limitWords, type Proposal } from "./words";

type Users = Schemas["UsersAnswer"];
type Summary = Schemas["UserSummaryMessage"];
type User = Schemas["UserMessage"];
type Role = User["role"];
type Order = Schemas["OrderMessage"];
type Balance = Schemas["BalanceMessage"];
type Rates = Schemas["MarketRatesMessage"];

const ROLES: readonly { id: Role; label: string }[] = [
  { id: "trader", label: "trader: trades for itself" },
  { id: "support", label: "support: sees everything, changes nothing" },
  { id: "operator", label: "operator: runs markets, limits and halts" },
  { id: "admin", label: "admin: gives roles and confirms proposals, too" },
];
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

function fragment(): string | null {
  const text = location.hash.slice(1);
  return ADDRESS.test(text) ? text : null;
}

/** The account in the address's fragment, so that a link leads to it. */
function useChosen(): [string | null, (account: string | null) => void] {
  const [chosen, setChosen] = useState(fragment);
  useEffect(() => {
    const changed = (): void => setChosen(fragment());
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return [
    chosen,
    (account) => {
      history.replaceState(null, "", account ? `#${account}` : location.pathname);
      setChosen(account);
    },
  ];
}

export function UsersPage(): ReactNode {
  const [after, turn] = usePages("Before", "Next");
  const [chosen, setChosen] = useChosen();
  const [sought, setSought] = useState("");
  const users = useRead<Users>(`/admin/users?limit=100${after === null ? "" : `&after=${after}`}`);
  const wanted = sought.trim();
  const shown = users.value?.users.filter((user) => user.account.toLowerCase().includes(wanted.toLowerCase())) ?? [];
  return (
    <>
      <ReadPanel title="Users" reading={users} flush actions={turn(users.value?.next ?? null)}>
        {() => (
          <>
            <form
              className="seek"
              onSubmit={(event) => {
                event.preventDefault();
                if (ADDRESS.test(wanted)) setChosen(wanted);
              }}
            >
              <Field
                label="Find an account"
                value={sought}
                onChange={setSought}
                hint="Part of an address filters this page; a whole one opens the account, also one without funds."
              />
              <button type="submit" className="button" disabled={!ADDRESS.test(wanted)}>
                Open
              </button>
            </form>
            <Rows
              label="Users"
              columns={columns(setChosen)}
              rows={shown}
              keyOf={(row) => row.account}
              empty={
                <p className="empty">
                  {wanted ? "No account of this page has that in its address." : "Nobody has had funds here yet."}
                </p>
              }
              height={chosen ? 240 : 460}
            />
          </>
        )}
      </ReadPanel>
      {chosen ? <UserView key={chosen} account={chosen} onClose={() => setChosen(null)} /> : null}
    </>
  );
}

function columns(open: (account: string) => void): readonly Column<Summary>[] {
  return [
    { head: "Account", cell: (row) => <Account account={row.account} onOpen={open} /> },
    { head: "Role", cell: (row) => (row.role === "trader" ? "trader" : <Badge tone="plain">{row.role}</Badge>) },
    { head: "Risk tier", cell: (row) => row.tier },
    {
      head: "State",
      cell: (row) => <UserState stopped={row.stopped} short={row.short} />,
    },
    { head: "Open orders", right: true, cell: (row) => grouped(String(row.open_orders)) },
  ];
}

function UserState(props: { stopped: boolean; short: boolean }): ReactNode {
  return (
    <span className="row">
      {props.stopped ? <Badge tone="bad">frozen</Badge> : null}
      {props.short ? (
        <Badge tone="wait" title="A failed settlement left it short; it can not place or withdraw.">
          short
        </Badge>
      ) : null}
      {props.stopped || props.short ? null : <Badge tone="good">may trade</Badge>}
    </span>
  );
}

type Doing =
  | { readonly kind: "action"; readonly action: Action | Proposal; readonly now: string }
  | { readonly kind: "role" }
  | { readonly kind: "tier" };

function UserView(props: { account: string; onClose: () => void }): ReactNode {
  const reading = useRead<User>(`/admin/users/${props.account}`);
  const [doing, setDoing] = useState<Doing | null>(null);
  const user = reading.value;
  const act = (action: Action | Proposal, now: string): void => setDoing({ kind: "action", action, now });
  const close = (): void => setDoing(null);
  return (
    <>
      <ReadPanel
        title="Account"
        reading={reading}
        actions={
          <span className="row wrap">
            {user ? <UserLevers user={user} act={act} open={setDoing} /> : null}
            <button type="button" className="button quiet tiny" aria-label="Close the account" onClick={props.onClose}>
              ✕
            </button>
          </span>
        }
      >
        {(value) => <UserFacts user={value} />}
      </ReadPanel>
      {user ? <UserTables user={user} /> : null}
      {doing?.kind === "action" ? (
        <ActionDialog
          action={doing.action}
          now={doing.now}
          canCancel={doing.action.kind === "stop_account"}
          onClose={close}
        />
      ) : null}
      {doing?.kind === "role" && user ? <RoleDialog user={user} onClose={close} /> : null}
      {doing?.kind === "tier" && user ? <TierDialog user={user} onClose={close} /> : null}
    </>
  );
}

function UserLevers(props: {
  user: User;
  act: (action: Action | Proposal, now: string) => void;
  open: (doing: Doing) => void;
}): ReactNode {
  const { user } = props;
  const orders = `${user.open_orders} open orders`;
  return (
    <>
      {user.stopped ? (
        <button
          type="button"
          className="button tiny"
          onClick={() => props.act({ kind: "release_account", account: user.account }, `frozen, ${orders}`)}
        >
          Release…
        </button>
      ) : (
        <button
          type="button"
          className="button tiny"
          onClick={() =>
            props.act({ kind: "stop_account", account: user.account, cancel: false }, `may trade, ${orders}`)
          }
        >
          Freeze…
        </button>
      )}
      <button
        type="button"
        className="button tiny"
        disabled={user.open_orders === 0}
        onClick={() => props.act({ kind: "cancel_orders", account: user.account, market: null }, orders)}
      >
        Cancel orders…
      </button>
      <button type="button" className="button tiny" onClick={() => props.open({ kind: "tier" })}>
        Tier…
      </button>
      <button type="button" className="button tiny" onClick={() => props.open({ kind: "role" })}>
        Role…
      </button>
    </>
  );
}

function UserFacts(props: { user: User }): ReactNode {
  const { user } = props;
  return (
    <div className="columns">
      <Facts
        rows={[
          ["Address", <code key="address">{user.account}</code>],
          ["State", <UserState key="state" stopped={user.stopped} short={user.short} />],
          ["Role", user.role],
          ["Group for self-trades", user.group ?? "none"],
          ["Logged in", `${user.logins} sessions`],
          ["Cancels when it disconnects", user.cancels_on_disconnect ? "yes" : "no"],
        ]}
      />
      <section aria-label="Limits">
        <h3>Limits of the tier {user.tier}</h3>
        <ul className="effects">
          {limitWords(user.limits).map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function UserTables(props: { user: User }): ReactNode {
  const { user } = props;
  return (
    <>
      <Panel title="Balances" label="Balances" flush>
        <Rows
          label="Balances"
          columns={BALANCES}
          rows={user.balances}
          keyOf={(row) => row.asset}
          empty={<p className="empty">It has no funds here.</p>}
          height={200}
        />
      </Panel>
      <Panel title={`Open orders (${user.open_orders})`} label="Open orders" flush>
        <Rows
          label="Open orders"
          columns={ORDERS}
          rows={user.orders}
          keyOf={(row) => row.order_id}
          empty={<p className="empty">It has no open order.</p>}
          height={260}
        />
        {user.open_orders > user.orders.length ? (
          <p className="soft small inset">The newest {user.orders.length} are shown.</p>
        ) : null}
      </Panel>
      <Panel title="What it is charged" label="What it is charged" flush>
        <Rows
          label="What it is charged"
          columns={RATES}
          rows={user.rates}
          keyOf={(row) => row.market}
          empty={<p className="empty">No market is listed.</p>}
          height={200}
        />
      </Panel>
    </>
  );
}

const BALANCES: readonly Column<Balance>[] = [
  { head: "Asset", cell: (row) => <b>{row.asset}</b> },
  { head: "Available", right: true, cell: (row) => <Amount text={row.available} /> },
  { head: "Held by orders", right: true, cell: (row) => <Amount text={row.held} /> },
  { head: "Withdrawing", right: true, cell: (row) => <Amount text={row.withdrawing} /> },
  { head: "In flight, in", right: true, cell: (row) => <Amount text={row.in_flight_in} /> },
  { head: "In flight, out", right: true, cell: (row) => <Amount text={row.in_flight_out} /> },
  { head: "Vouchers", right: true, cell: (row) => <Amount text={row.vouchers ?? "0"} /> },
  { head: "Total", right: true, cell: (row) => <Amount text={row.total} /> },
];

const ORDERS: readonly Column<Order>[] = [
  { head: "Accepted", cell: (row) => <When atMs={row.accepted_at_ms} /> },
  { head: "Market", cell: (row) => row.market },
  { head: "Side", cell: (row) => <span className={row.side}>{row.side}</span> },
  { head: "Type", cell: (row) => spoken(row.order_type) },
  { head: "Price", right: true, cell: (row) => grouped(row.price) },
  { head: "Quantity", right: true, cell: (row) => grouped(row.quantity) },
  { head: "Open", right: true, cell: (row) => grouped(row.open) },
  { head: "Its own id", cell: (row) => <span className="clip">{row.client_order_id ?? "–"}</span> },
  { head: "Order", cell: (row) => <code>{row.order_id}</code> },
];

const RATES: readonly Column<Rates>[] = [
  { head: "Market", cell: (row) => row.market },
  { head: "Maker", right: true, cell: (row) => percentOfPpm(row.maker_fee_ppm) },
  { head: "Taker", right: true, cell: (row) => percentOfPpm(row.taker_fee_ppm) },
  { head: "Fee tier", right: true, cell: (row) => String(row.tier) },
  { head: "Counted volume", right: true, cell: (row) => <Amount text={row.volume} unit={row.volume_asset} /> },
  { head: "Next tier from", right: true, cell: (row) => (row.next_volume ? <Amount text={row.next_volume} /> : "–") },
];

function TierDialog(props: { user: User; onClose: () => void }): ReactNode {
  const tiers = useRead<Schemas["RiskAnswer"]>("/admin/risk");
  const { user } = props;
  const [chosen, setChosen] = useState(user.tier);
  const names = tiers.value?.tiers.map((tier) => tier.tier) ?? [user.tier];
  const limits = tiers.value?.tiers.find((tier) => tier.tier === chosen)?.limits;
  return (
    <ConfirmedTier user={user} chosen={chosen} onClose={props.onClose}>
      <Choice
        label="Risk tier"
        value={chosen}
        options={names.map((name) => ({ id: name, label: name }))}
        onChange={setChosen}
      />
      {limits ? (
        <ul className="effects">
          {limitWords(limits).map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      ) : null}
    </ConfirmedTier>
  );
}

function ConfirmedTier(props: { user: User; chosen: string; children: ReactNode; onClose: () => void }): ReactNode {
  return (
    <ActionDialog
      action={{
        kind: "assign_risk_tier",
        account: props.user.account,
        tier: props.chosen === "default" ? null : props.chosen,
      }}
      now={`in the tier ${props.user.tier}`}
      onClose={props.onClose}
    >
      {props.children}
    </ActionDialog>
  );
}

function RoleDialog(props: { user: User; onClose: () => void }): ReactNode {
  const { user } = props;
  const [role, setRole] = useState<Role>(user.role);
  return (
    <ConfirmDialog
      words={{
        title: "Give this account a role",
        effects: [
          role === "trader"
            ? `${user.account} sees nothing of this console any more.`
            : `${user.account} becomes ${ROLES.find((one) => one.id === role)?.label ?? role}.`,
          "It counts at once, and takes the place of the role that it has.",
        ],
        danger: role === "admin" || role === "operator",
      }}
      now={`its role is ${user.role}`}
      reasonless
      button="Sign and set the role"
      request={() => ({ method: "PUT", path: `/admin/roles/${user.account}`, body: { role } })}
      onClose={props.onClose}
    >
      <Choice<Role> label="Role" value={role} options={ROLES} onChange={setRole} />
    </ConfirmDialog>
  );
}
