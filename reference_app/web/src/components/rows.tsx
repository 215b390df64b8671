// Long lists: only the rows in sight are in the document, so thousands cost what thirty do.
import { memo, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

/** How high a row is, in a dense list too, and how high the head, as components.css says. */
const ROW = 30;
const DENSE = 21;
const HEAD = 26;
/** How wide a digit is, about, and what a cell keeps free beside its text: what is longer has its whole text as title. */
const LETTER = 7.6;
const PADDING = 24;
/** How many rows above and below those in sight are in the document. */
const SPARE = 6;
/** How many rows may come at once before those that are looked at and leave these where they are. */
const MOST_NEW = 500;

export interface Column<T> {
  readonly head: string;
  readonly right?: boolean;
  /**
   * How wide it is at least, in pixels; what is left over is shared in proportion. A list that can be long gives it for
   * every column: then no row's content moves the columns while others are scrolled by, and nothing need be measured.
   */
  readonly width?: number;
  /** What the cell shows. */
  cell(row: T): ReactNode;
}

/**
 * A table of rows of one height. What comes before the rows that are looked at leaves these where they are. Keep `columns` between renders (a constant, or `useMemo`), so that
 * rows need not be drawn again.
 */
export function Rows<T>(props: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  empty: ReactNode;
  height?: number;
  dense?: boolean;
}): ReactNode {
  const { columns, rows } = props;
  const high = props.dense ? DENSE : ROW;
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(Math.ceil((props.height ?? 320) / high));
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const watch = new ResizeObserver(([entry]) => setSeen(Math.ceil((entry?.contentRect.height || 320) / high)));
    watch.observe(element);
    return () => watch.disconnect();
  }, [high]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const follow = (): void => setTop(Math.floor(element.scrollTop / high));
    element.addEventListener("scroll", follow, { passive: true });
    return () => element.removeEventListener("scroll", follow);
  }, [high]);
  const [head, setHead] = useState<string | null>(null);
  const [moved, setMoved] = useState(0);
  const newest = rows[0] === undefined ? null : props.keyOf(rows[0]);
  if (newest !== head) {
    setHead(newest);
    const before = top > 0 && head !== null ? placeOf(rows, head, props.keyOf) : 0;
    if (before > 0) {
      setTop(top + before);
      setMoved(moved + before);
    }
  }
  const followed = useRef(0);
  useLayoutEffect(() => {
    if (frame.current) frame.current.scrollTop += (moved - followed.current) * high;
    followed.current = moved;
  }, [moved, high]);
  const [first, last] = windowOf(top, seen, rows.length);
  const width = columns.reduce((sum, column) => sum + (column.width ?? Number.NaN), 0);
  const fixed = Number.isFinite(width);
  return (
    <section
      className="scroll"
      ref={frame}
      tabIndex={0}
      aria-label={`${props.label}: rows`}
      style={props.height ? { maxHeight: props.height } : undefined}
    >
      <div
        className={`rows${fixed ? " fixed" : ""}${props.dense ? " dense" : ""}`}
        style={fixed ? { height: HEAD + rows.length * high, minWidth: width } : undefined}
      >
        <table aria-rowcount={rows.length}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.head}
                  scope="col"
                  className={column.right ? "right" : undefined}
                  style={fixed ? { width: `${(100 * (column.width ?? 0)) / width}%` } : undefined}
                >
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first > 0 ? <Gap height={first * high} columns={columns.length} /> : null}
            {rows.slice(first, last).map((row, index) => (
              <Row key={props.keyOf(row)} row={row} columns={columns} index={first + index + 1} />
            ))}
            {!fixed && last < rows.length ? (
              <Gap height={(rows.length - last) * high} columns={columns.length} />
            ) : null}
          </tbody>
        </table>
      </div>
      {rows.length === 0 ? props.empty : null}
    </section>
  );
}

/** Returns the first row that is in the document and the first that is not any more: those in sight and a few spare. */
export function windowOf(top: number, seen: number, count: number): [number, number] {
  return [Math.max(0, Math.min(top, count - seen) - SPARE), Math.min(count, top + seen + 1 + SPARE)];
}

/** Returns how many rows came before the one that was first; 0 where it is not near the top any more. */
export function placeOf<T>(rows: readonly T[], key: string, keyOf: (row: T) => string): number {
  const most = Math.min(rows.length, MOST_NEW);
  for (let at = 0; at < most; at++) if (keyOf(rows[at] as T) === key) return at;
  return 0;
}

interface Drawn<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
}

/** Its place changes with every row that comes before it; what it shows does not. */
function Row<T>(props: Drawn<T> & { index: number }): ReactNode {
  return (
    <tr aria-rowindex={props.index}>
      <Cells row={props.row} columns={props.columns} />
    </tr>
  );
}

/** Drawn again only when the row changed: while a list is scrolled, its rows stay what they are. */
const Cells = memo(function Cells<T>(props: Drawn<T>): ReactNode {
  return props.columns.map((column) => {
    const shown = column.cell(props.row);
    const long = typeof shown === "string" && shown.length * LETTER > (column.width ?? Number.MAX_VALUE) - PADDING;
    return (
      <td
        key={column.head}
        className={`${column.right ? "num" : ""}${long ? " long" : ""}` || undefined}
        title={long ? shown : undefined}
      >
        {shown}
      </td>
    );
  });
}) as <T>(props: Drawn<T>) => ReactNode;

function Gap(props: { height: number; columns: number }): ReactNode {
  return (
    <tr className="gap">
      <td colSpan={props.columns} style={{ height: props.height }} />
    </tr>
  );
}
