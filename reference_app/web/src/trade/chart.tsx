// Candles by lightweight-charts. Its coordinates are floats, as pixels are: nothing read here is ever traded with.
import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Candle, Interval, Market } from "../api/types";
import { Segments } from "../components/ui";
import { grouped } from "../money/decimal";
import { stepsOf } from "../money/market";
import { desk } from "../state/desk";
import { usePreferences } from "../state/preferences";

const INTERVALS: readonly { id: Interval; label: string }[] = [
  { id: "1m", label: "1m" },
  { id: "5m", label: "5m" },
  { id: "15m", label: "15m" },
  { id: "1h", label: "1h" },
  { id: "4h", label: "4h" },
  { id: "1d", label: "1d" },
];
const SHOWN = 500;

interface Drawn {
  readonly chart: IChartApi;
  readonly candles: ISeriesApi<"Candlestick">;
  readonly volume: ISeriesApi<"Histogram">;
}

export default function Chart(props: { market: Market }): ReactNode {
  const { market } = props;
  const [interval, setIntervalOf] = useState<Interval>("1m");
  const [empty, setEmpty] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const theme = usePreferences((state) => state.theme);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const made = draw(element, market);
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.chart.remove();
    };
  }, [market]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme decides what the colours of the document are
  useEffect(() => {
    if (drawn.current) paint(drawn.current);
  }, [theme, market]);

  useEffect(() => {
    const known = new Map<number, Candle>();
    const show = (): void => {
      const rows = [...known.values()].sort((left, right) => left.start_ms - right.start_ms);
      drawn.current?.candles.setData(rows.map(bar));
      drawn.current?.volume.setData(rows.map(volumeBar));
      setEmpty(rows.length === 0);
    };
    const begin = (): void => {
      void desk.http
        .get<{ candles: Candle[] }>(`/markets/${market.id}/candles?interval=${interval}&limit=${SHOWN}`)
        .then((answer) => {
          for (const candle of answer.candles) if (!known.has(candle.start_ms)) known.set(candle.start_ms, candle);
          show();
        })
        .catch(() => setEmpty(known.size === 0));
    };
    return desk.socket.subscribe(
      { channel: `candles_${interval}`, market: market.id },
      {
        begin,
        hear: (message) => {
          if (message.type !== "candle") return;
          const last = Math.max(0, ...known.keys());
          known.set(message.start_ms, message);
          if (message.start_ms < last) return show();
          drawn.current?.candles.update(bar(message));
          drawn.current?.volume.update(volumeBar(message));
          setEmpty(false);
        },
      },
    );
  }, [market, interval]);

  return (
    <div className="chart">
      <div className="chart-bar">
        <Segments label="Interval" options={INTERVALS} chosen={interval} onChoose={setIntervalOf} />
        <a className="small soft" href="https://www.tradingview.com/" target="_blank" rel="noreferrer noopener">
          Charts by TradingView
        </a>
      </div>
      <div className="chart-frame" ref={frame} role="img" aria-label={`Candles of ${market.id}, ${interval} each`} />
      {empty ? <p className="chart-empty soft">No trades in this market yet: candles begin with the first.</p> : null}
    </div>
  );
}

function draw(element: HTMLElement, market: Market): Drawn {
  const { priceDecimals } = stepsOf(market);
  const chart = createChart(element, {
    autoSize: true,
    layout: { attributionLogo: false, fontSize: 11 },
    timeScale: { timeVisible: true, rightOffset: 6 },
    rightPriceScale: { borderVisible: false },
    localization: { priceFormatter: (price: number) => grouped(price.toFixed(priceDecimals)) },
  });
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: false });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  const made = { chart, candles, volume };
  paint(made);
  return made;
}

function paint({ chart, candles, volume }: Drawn): void {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  chart.applyOptions({
    layout: { background: { type: ColorType.Solid, color: token("--surface-1") }, textColor: token("--text-soft") },
    grid: { vertLines: { color: token("--surface-2") }, horzLines: { color: token("--surface-2") } },
    timeScale: { borderColor: token("--line") },
  });
  const [up, down] = [token("--buy"), token("--sell")];
  candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
  volume.applyOptions({ color: token("--line-strong") });
}

function bar(candle: Candle): { time: UTCTimestamp; open: number; high: number; low: number; close: number } {
  const [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return { time: (candle.start_ms / 1000) as UTCTimestamp, open, high, low, close };
}

function volumeBar(candle: Candle): { time: UTCTimestamp; value: number } {
  return { time: (candle.start_ms / 1000) as UTCTimestamp, value: Number(candle.volume) };
}
