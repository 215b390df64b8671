// The exchange at a glance: what needs a person, rates and latencies over time, queues and lags, markets.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Badge, Panel, Segments } from "../components/ui";
import { grouped } from "../money/decimal";
import { LineChart } from "./chart";
import { useConsole, useNow, useRead } from "./feed";
import { ageText, durationText, rateText, type Sample, spoken } from "./figures";
import { Amount, Figure, ReadPanel } from "./parts";

type Alarms = Schemas["AlarmsAnswer"];
type MarketFigures = Schemas["MarketFiguresMessage"];
type StageFigures = Schemas["StageMessage"];

const WINDOWS = { "2": "2 min", "10": "10 min", "60": "1 h" } as const;
type WindowId = keyof typeof WINDOWS;

export const STAGE_WORDS: Record<StageFigures["stage"], string> = {
  order_entry: "Order entry",
  journal_append: "Journal",
  records_read: "Records",
};

export function OverviewPage(): ReactNode {
  const told = useConsole((state) => state.statistics);
  if (!told) return <p className="empty">Reading…</p>;
  const { settlement } = told;
  return (
    <>
      <AlarmsPanel />
      <dl className="figures" aria-label="Figures">
        <Figure name="Orders a second" note="10 s mean">
          {grouped(told.orders_per_second)}
        </Figure>
        <Figure name="Fills a second" note="10 s mean">
          {grouped(told.fills_per_second)}
        </Figure>
        <Figure name="Commands a second" note={`${grouped(String(told.sequence))} in all`}>
          {grouped(told.commands_per_second)}
        </Figure>
        <Figure name="Open orders">{grouped(String(told.open_orders))}</Figure>
        <Figure
          name="Accounts"
          note={`${grouped(String(told.sockets))} ${told.sockets === 1 ? "socket" : "sockets"} here`}
        >
          {grouped(String(told.accounts))}
        </Figure>
        <Figure
          name="Fills not final"
          note={settlement.oldest_ms == null ? "none waits" : `oldest ${ageText(settlement.oldest_ms)}`}
          tone={settlement.ok ? undefined : "bad"}
        >
          {grouped(String(settlement.unsettled))}
        </Figure>
        <Figure name="Journal" note={`${grouped(String(told.waiting))} waiting`}>
          {grouped(String(told.journal_position))}
        </Figure>
        <Figure
          name="Records behind"
          note={told.records_ok ? "commands" : "the records are away"}
          tone={told.records_ok ? undefined : "wait"}
        >
          {grouped(String(told.records_lag))}
        </Figure>
      </dl>
      <Charts />
      <div className="columns">
        <Panel title="Markets" flush label="Markets">
          <Rows
            label="Markets"
            columns={MARKET_COLUMNS}
            rows={told.markets}
            keyOf={(row) => row.market}
            empty={<p className="empty">No market is listed.</p>}
            height={260}
          />
        </Panel>
        <Panel title="Latency, newest measured" flush label="Latency">
          <Rows
            label="Latency"
            columns={STAGE_COLUMNS}
            rows={told.stages}
            keyOf={(row) => row.stage}
            empty={<p className="empty">Nothing has been measured in this process.</p>}
            height={260}
          />
        </Panel>
      </div>
    </>
  );
}

function AlarmsPanel(): ReactNode {
  const reading = useRead<Alarms>("/admin/alarms");
  const count = reading.value?.alarms.length ?? 0;
  return (
    <ReadPanel
      title={count === 0 ? "Alarms" : `Alarms (${count})`}
      reading={reading}
      className={count ? "alarming" : ""}
    >
      {({ alarms }) =>
        alarms.length === 0 ? (
          <p className="soft">All is well: nothing needs a person now.</p>
        ) : (
          <ul className="alarms">
            {alarms.map((alarm) => (
              <li key={`${alarm.source} ${alarm.detail}`}>
                <Badge tone={alarm.severity === "critical" ? "bad" : "wait"}>{alarm.severity}</Badge>
                <b>{alarm.source}</b>
                <span className="break">{alarm.detail}</span>
              </li>
            ))}
          </ul>
        )
      }
    </ReadPanel>
  );
}

function Charts(): ReactNode {
  const samples = useConsole((state) => state.samples);
  const [chosen, setChosen] = useState<WindowId>("10");
  const now = useNow();
  const last = samples[samples.length - 1];
  // Samples bear the exchange's clock; the axis ends at its newest moment, moved on while nothing comes.
  const heardMs = useConsole((state) => state.heardMs);
  const toMs = (last?.atMs ?? now) + Math.max(0, now - heardMs);
  const fromMs = toMs - Number(chosen) * 60_000;
  const line = (name: string, look: string, value: (sample: Sample) => number | undefined) => ({
    name,
    look,
    points: samples.flatMap((sample) => {
      const found = value(sample);
      return found === undefined ? [] : [{ atMs: sample.atMs, value: found }];
    }),
  });
  return (
    <Panel
      title="Throughput and latency"
      label="Throughput and latency"
      actions={
        <Segments<WindowId>
          label="Time shown"
          options={(Object.keys(WINDOWS) as WindowId[]).map((id) => ({ id, label: WINDOWS[id] }))}
          chosen={chosen}
          onChoose={setChosen}
        />
      }
    >
      <div className="charts">
        <LineChart
          label="A second"
          fromMs={fromMs}
          toMs={toMs}
          format={rateText}
          lines={[
            line("commands", "line-c", (sample) => sample.commands),
            line("orders", "line-a", (sample) => sample.orders),
            line("fills", "line-b", (sample) => sample.fills),
          ]}
        />
        <LineChart
          label="Order entry"
          fromMs={fromMs}
          toMs={toMs}
          format={durationText}
          lines={[
            line("p99", "line-c", (sample) => sample.p99.order_entry),
            line("p50", "line-a", (sample) => sample.p50.order_entry),
          ]}
        />
        <LineChart
          label="Journal"
          fromMs={fromMs}
          toMs={toMs}
          format={durationText}
          lines={[
            line("p99", "line-c", (sample) => sample.p99.journal_append),
            line("p50", "line-a", (sample) => sample.p50.journal_append),
          ]}
        />
        <LineChart
          label="Queues"
          fromMs={fromMs}
          toMs={toMs}
          format={(value) => grouped(String(value))}
          lines={[
            line("fills not final", "line-a", (sample) => sample.unsettled),
            line("records behind", "line-b", (sample) => sample.recordsLag),
          ]}
        />
      </div>
      <p className="soft small">Collected since this page was opened; a gap is a time in which nothing was heard.</p>
    </Panel>
  );
}

const MARKET_COLUMNS: readonly Column<MarketFigures>[] = [
  { head: "Market", cell: (row) => <b className="one-line">{row.market}</b> },
  { head: "State", cell: (row) => <MarketState state={row.state} /> },
  { head: "Last", right: true, cell: (row) => (row.last == null ? "–" : grouped(row.last)) },
  { head: "Fills/s", right: true, cell: (row) => row.fills_per_second },
  { head: "Volume 24 h", right: true, cell: (row) => orDash(row.volume_24h) },
  { head: "Turnover 24 h", right: true, cell: (row) => orDash(row.turnover_24h) },
  { head: "Trades 24 h", right: true, cell: (row) => (row.trades_24h == null ? "–" : grouped(String(row.trades_24h))) },
];

const STAGE_COLUMNS: readonly Column<StageFigures>[] = [
  { head: "Stage", cell: (row) => STAGE_WORDS[row.stage] },
  { head: "p50", right: true, cell: (row) => measured(row, row.p50_us) },
  { head: "p95", right: true, cell: (row) => measured(row, row.p95_us) },
  { head: "p99", right: true, cell: (row) => measured(row, row.p99_us) },
  { head: "Longest", right: true, cell: (row) => measured(row, row.max_us) },
  { head: "Of", right: true, cell: (row) => grouped(String(row.count)) },
];

function measured(row: StageFigures, microseconds: number): string {
  return row.count === 0 ? "–" : durationText(microseconds);
}

function orDash(text: string | null | undefined): ReactNode {
  return text == null ? "–" : <Amount text={text} />;
}

export function MarketState(props: { state: string }): ReactNode {
  const tone = props.state === "open" ? "good" : props.state === "halted" ? "bad" : "wait";
  return <Badge tone={tone}>{spoken(props.state)}</Badge>;
}
