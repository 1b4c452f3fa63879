import { Link } from "@tanstack/react-router";
import { type Row, useTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import type { Run } from "@/api/types";
import { useKeys } from "@/shell/keys";
import { columns, features, titleOf } from "./columns";

type Props = {
  runs: Run[];
  isLoading: boolean;
  /** Whether any listed run has findings: the column is there only then. */
  hasFound: boolean;
  isFiltered: boolean;
  hasMore: boolean;
  onMore: () => void;
  onClear: () => void;
};

/** Rows on a narrow screen are cards of two lines. */
const ROW = 36;
const CARD = 62;
const isNarrow = () => matchMedia("(max-width: 640px)").matches;

/** The dense table. Only what is on the screen is in the page, whatever the number of runs. */
export function RunsTable({ runs, isLoading, hasFound, isFiltered, hasMore, onMore, onClear }: Props): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const table = useTable({ features, columns, data: runs, getRowId: (run) => run.run_id });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow() ? CARD : ROW),
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) onMore();
  }, [hasMore, last, rows.length, onMore]);

  const move = useRowFocus(scroller, rows.length, (index) => virtual.scrollToIndex(index));
  const [down, up] = [() => move(1), () => move(-1)];
  useKeys({ j: down, k: up, ArrowDown: down, ArrowUp: up });

  return (
    <div className="table-scroll" ref={scroller}>
      <table
        className={hasFound ? "table has-found" : "table"}
        aria-label="Runs"
        aria-rowcount={rows.length + 1}
        aria-busy={isLoading}
      >
        <thead className="table-head">
          {table.getHeaderGroups().map((group) => (
            <tr className="row" key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => (
                <th scope="col" className={`cell cell-${header.column.id}`} key={header.id}>
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody className="table-body" style={{ height: virtual.getTotalSize() }}>
          {shown.map((item) => {
            const row = rows[item.index];
            return row ? (
              <RunRow key={row.id} row={row} index={item.index} top={item.start} FlexRender={table.FlexRender} />
            ) : null;
          })}
        </tbody>
      </table>
      {isLoading ? <Waiting /> : null}
      {!isLoading && rows.length === 0 ? <Nothing isFiltered={isFiltered} onClear={onClear} /> : null}
    </div>
  );
}

type TableOfRuns = ReturnType<typeof useTable<typeof features, Run>>;
type RowProps = { row: Row<typeof features, Run>; index: number; top: number; FlexRender: TableOfRuns["FlexRender"] };

function RunRow({ row, index, top, FlexRender }: RowProps): ReactNode {
  return (
    <tr className="row row-run" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
      {row.getAllCells().map((cell) => (
        <td className={`cell cell-${cell.column.id}`} key={cell.id}>
          {cell.column.id === "task" ? (
            <Link
              to="/runs/$runId"
              params={{ runId: row.original.run_id }}
              className="row-link truncate"
              data-row={index}
              title={titleOf(row.original)}
            >
              {titleOf(row.original)}
            </Link>
          ) : (
            <FlexRender cell={cell} />
          )}
        </td>
      ))}
    </tr>
  );
}

/** Moves the focus from row to row; the focused row is a link, so Enter and open-in-a-new-tab work by themselves. */
function useRowFocus(
  scroller: React.RefObject<HTMLDivElement | null>,
  length: number,
  scrollTo: (index: number) => void,
) {
  return (step: number): void => {
    const focused = document.activeElement?.getAttribute("data-row");
    const next = focused == null ? 0 : Math.min(Math.max(Number(focused) + step, 0), length - 1);
    scrollTo(next);
    const link = () => scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"]`);
    const present = link();
    if (present) present.focus({ preventScroll: true });
    else requestAnimationFrame(() => requestAnimationFrame(() => link()?.focus({ preventScroll: true })));
  };
}

function Waiting(): ReactNode {
  return (
    <div className="waiting" aria-hidden="true">
      {Array.from({ length: 12 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: twelve equal bars.
        <div className="skeleton" key={index} />
      ))}
    </div>
  );
}

function Nothing({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }): ReactNode {
  return (
    <div className="notice">
      <h2>No run matches</h2>
      <p>Take a term out of the query, or widen the time range.</p>
      {isFiltered ? (
        <button type="button" className="button" onClick={onClear}>
          Show all runs
        </button>
      ) : null}
    </div>
  );
}
