// Candles by lightweight-charts. Its coordinates are floats, as pixels are: nothing read here is ever traded with.
import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Candle, Interval, Market } from "../api/types";
import { axisText, timeText } from "../components/times";
import { Segments } from "../components/ui";
import { grouped } from "../money/decimal";
import { stepsOf } from "../money/market";
import { desk } from "../state/desk";
import { usePreferences } from "../state/preferences";
import { followCandles } from "./candles";

const INTERVALS: readonly { id: Interval; label: string }[] = [
  { id: "1m", label: "1m" },
  { id: "5m", label: "5m" },
  { id: "15m", label: "15m" },
  { id: "1h", label: "1h" },
  { id: "4h", label: "4h" },
  { id: "1d", label: "1d" },
];
const EMPTY = "No trades in this market yet: candles begin with the first.";
const FAILED = "The candles of the past could not be read; they are asked for again.";

interface Drawn {
  readonly chart: IChartApi;
  readonly candles: ISeriesApi<"Candlestick">;
  readonly volume: ISeriesApi<"Histogram">;
}

export default function Chart(props: { market: Market }): ReactNode {
  const { market } = props;
  const [interval, setIntervalOf] = useState<Interval>("1m");
  const [note, setNote] = useState("");
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
    const all = (candles: readonly Candle[]): void => {
      drawn.current?.candles.setData(candles.map(bar));
      drawn.current?.volume.setData(candles.map(volumeBar));
    };
    drawn.current?.chart.applyOptions(timesOf(interval));
    all([]);
    setNote("");
    return followCandles(desk.socket, (path) => desk.http.get(path), market.id, interval, {
      all: (candles) => {
        all(candles);
        setNote(candles.length === 0 ? EMPTY : "");
      },
      newest: (candle) => {
        drawn.current?.candles.update(bar(candle));
        drawn.current?.volume.update(volumeBar(candle));
        setNote("");
      },
      failed: () => setNote(FAILED),
    });
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
      {note ? <p className="chart-empty soft">{note}</p> : null}
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
  const candles = chart.addSeries(CandlestickSeries, {
    borderVisible: false,
    // Without these the axis has no mark between two prices that are less than a hundredth apart.
    priceFormat: { type: "price", precision: priceDecimals, minMove: 10 ** -priceDecimals },
  });
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

/** Times are the browser's own, as on the rest of the page; a candle of a day is of a UTC day, and is named by it. */
function timesOf(interval: Interval) {
  const ms = (time: Time): number => Number(time) * 1_000;
  const ofDays = interval === "1d";
  return {
    localization: {
      timeFormatter: (time: Time) =>
        ofDays ? `${new Date(ms(time)).toISOString().slice(0, 10)} UTC` : timeText(ms(time)),
    },
    timeScale: {
      tickMarkFormatter: (time: Time, type: TickMarkType) => {
        if (ofDays) return null;
        return axisText(ms(time), type >= TickMarkType.Time ? "minute" : "day");
      },
    },
  };
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
