// A chart of lines over time, in SVG: gaps stay gaps, the axis begins at zero, and the pointer reads values off.
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { clockText } from "../components/times";
import { niceMaximum, type Point, runs } from "./figures";

export interface Line {
  readonly name: string;
  /** One of the classes `line-a`, `line-b`, `line-c` of admin.css. */
  readonly look: string;
  readonly points: readonly Point[];
}

const HEIGHT = 150;
const LEFT = 58;
const BOTTOM = 18;
const TOP = 6;

export function LineChart(props: {
  label: string;
  lines: readonly Line[];
  fromMs: number;
  toMs: number;
  format: (value: number) => string;
}): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  const [at, setAt] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(Math.max(180, element.clientWidth)));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const { fromMs, toMs } = props;
  const lines = props.lines.map((line) => ({
    ...line,
    points: line.points.filter((point) => point.atMs >= fromMs && point.atMs <= toMs),
  }));
  const most = niceMaximum(Math.max(1, ...lines.flatMap((line) => line.points.map((point) => point.value))));
  const right = width - 6;
  const x = (atMs: number): number => LEFT + ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * (right - LEFT);
  const y = (value: number): number => TOP + (1 - value / most) * (HEIGHT - BOTTOM - TOP);
  const chosen = at === null ? null : fromMs + ((at - LEFT) / Math.max(1, right - LEFT)) * (toMs - fromMs);
  const read = (line: Line): Point | undefined =>
    chosen === null ? line.points[line.points.length - 1] : nearest(line.points, chosen);
  const shownAt = chosen === null ? null : lines.map((line) => nearest(line.points, chosen)?.atMs).find((ms) => ms);
  const spoken = lines
    .map((line) => {
      const values = line.points.map((point) => point.value);
      if (values.length === 0) return `${line.name}: nothing yet`;
      const last = values[values.length - 1] ?? 0;
      return `${line.name}: now ${props.format(last)}, highest ${props.format(Math.max(...values))}`;
    })
    .join("; ");
  return (
    <figure className="chart" ref={frame}>
      <figcaption>
        <span className="chart-title">{props.label}</span>
        {lines.map((line) => {
          const point = read(line);
          return (
            <span key={line.name} className="legend">
              <svg width="14" height="8" aria-hidden="true" className={line.look}>
                <line x1="0" x2="14" y1="4" y2="4" />
              </svg>
              {line.name} <b>{point ? props.format(point.value) : "–"}</b>
            </span>
          );
        })}
        <span className="soft small chart-time">{shownAt ? `at ${clockText(shownAt)}` : "now"}</span>
      </figcaption>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${props.label}. ${spoken}`}
        onPointerMove={(event) => setAt(event.clientX - event.currentTarget.getBoundingClientRect().left)}
        onPointerLeave={() => setAt(null)}
      >
        <title>{props.label}</title>
        {[0, 0.5, 1].map((part) => (
          <g key={part} className="grid">
            <line x1={LEFT} x2={right} y1={y(most * part)} y2={y(most * part)} />
            <text x={LEFT - 6} y={y(most * part) + 4} textAnchor="end">
              {props.format(most * part)}
            </text>
          </g>
        ))}
        {[0, 0.5, 1].map((part) => (
          <text
            key={part}
            className="tick"
            x={LEFT + part * (right - LEFT)}
            y={HEIGHT - 3}
            textAnchor={part === 0 ? "start" : part === 1 ? "end" : "middle"}
          >
            {clockText(fromMs + part * (toMs - fromMs))}
          </text>
        ))}
        {lines.map((line) => (
          <g key={line.name} className={line.look}>
            {runs(line.points).map((run) =>
              run.length === 1 && run[0] ? (
                <circle key={run[0].atMs} cx={x(run[0].atMs)} cy={y(run[0].value)} r="1.6" />
              ) : (
                <polyline
                  key={run[0]?.atMs}
                  points={run.map((point) => `${x(point.atMs).toFixed(1)},${y(point.value).toFixed(1)}`).join(" ")}
                />
              ),
            )}
          </g>
        ))}
        {shownAt ? <line className="cross" x1={x(shownAt)} x2={x(shownAt)} y1={TOP} y2={HEIGHT - BOTTOM} /> : null}
      </svg>
    </figure>
  );
}

function nearest(points: readonly Point[], atMs: number): Point | undefined {
  let best: Point | undefined;
  for (const point of points) {
    if (!best || Math.abs(point.atMs - atMs) < Math.abs(best.atMs - atMs)) best = point;
  }
  return best;
}
