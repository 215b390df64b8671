// Long lists: only the rows in sight are in the document, so thousands cost what thirty do.
import { memo, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

const ROW = 30;
const SPARE = 8;

export interface Column<T> {
  readonly head: string;
  readonly right?: boolean;
  /** What the cell shows. */
  cell(row: T): ReactNode;
}

/** A table of rows of one height. Keep `columns` between renders (a constant, or `useMemo`), so that rows need not be drawn again. */
export function Rows<T>(props: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  empty: ReactNode;
  height?: number;
}): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(props.height ?? 320);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setSeen(element.clientHeight || 320));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let waiting = false;
    const moved = (): void => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        setTop(element.scrollTop);
      });
    };
    element.addEventListener("scroll", moved, { passive: true });
    return () => element.removeEventListener("scroll", moved);
  }, []);
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(props.rows.length, Math.ceil((top + seen) / ROW) + SPARE);
  const shown = props.rows.slice(first, last);
  return (
    <section
      className="scroll"
      ref={frame}
      tabIndex={0}
      aria-label={`${props.label}: rows`}
      style={props.height ? { maxHeight: props.height } : undefined}
    >
      <table aria-rowcount={props.rows.length}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.head} scope="col" className={column.right ? "right" : undefined}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 ? <Gap height={first * ROW} columns={props.columns.length} /> : null}
          {shown.map((row, index) => (
            <Row key={props.keyOf(row)} row={row} columns={props.columns} index={first + index + 1} />
          ))}
          {last < props.rows.length ? (
            <Gap height={(props.rows.length - last) * ROW} columns={props.columns.length} />
          ) : null}
        </tbody>
      </table>
      {props.rows.length === 0 ? props.empty : null}
    </section>
  );
}

/** Drawn again only when it changed: while a list is scrolled, its rows stay what they are. */
const Row = memo(function Row<T>(props: { row: T; columns: readonly Column<T>[]; index: number }): ReactNode {
  return (
    <tr aria-rowindex={props.index}>
      {props.columns.map((column) => (
        <td key={column.head} className={column.right ? "num" : undefined}>
          {column.cell(props.row)}
        </td>
      ))}
    </tr>
  );
}) as <T>(props: { row: T; columns: readonly Column<T>[]; index: number }) => ReactNode;

function Gap(props: { height: number; columns: number }): ReactNode {
  return (
    <tr>
      <td colSpan={props.columns} style={{ height: props.height, padding: 0, border: 0 }} />
    </tr>
  );
}
