import { useTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import type { Run } from "@/api/types";
import { useKeys } from "@/shell/keys";
import { columns, features } from "./columns";
import { RunRow } from "./RunRow";
import type { Selection } from "./selection";
import { QuietProvider } from "./useBrief";

type Props = {
  runs: Run[];
  selection: Selection;
  isLoading: boolean;
  isFiltered: boolean;
  isSearching: boolean;
  hasMore: boolean;
  onMore: () => void;
  onClear: () => void;
};

/** Rows on a narrow screen are cards of two lines. */
const ROW = 36;
const CARD = 62;
const isNarrow = () => matchMedia("(max-width: 640px)").matches;

/** The dense table. Only what is on the screen is in the page, whatever the number of runs. */
export function RunsTable({ runs, selection, isLoading, isFiltered, isSearching, hasMore, onMore, onClear }: Props) {
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

  const { move, focused } = useRowFocus(scroller, rows.length, (index) => virtual.scrollToIndex(index));
  const choose = (isRange: boolean) => {
    const index = focused();
    if (index !== null) selection.toggle(index, isRange);
  };
  const extend = (step: number) => {
    choose(true);
    const index = move(step);
    selection.toggle(index, true);
  };
  const [down, up] = [() => void move(1), () => void move(-1)];
  useKeys({
    j: down,
    k: up,
    ArrowDown: (event) => (event.shiftKey ? extend(1) : down()),
    ArrowUp: (event) => (event.shiftKey ? extend(-1) : up()),
    J: () => extend(1),
    K: () => extend(-1),
    x: () => choose(false),
    X: () => choose(true),
    "*": selection.selectLoaded,
  });

  const isAll = rows.length > 0 && selection.ids.size === rows.length;
  return (
    <div className="table-scroll" ref={scroller}>
      <table
        className="table"
        aria-label="Runs"
        aria-rowcount={rows.length + 1}
        aria-busy={isLoading || isSearching}
        aria-multiselectable="true"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table whose rows can be selected.
        role="grid"
      >
        <thead className="table-head">
          {table.getHeaderGroups().map((group) => (
            <tr className="row" key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => (
                <th scope="col" className={`cell cell-${header.column.id}`} key={header.id}>
                  {header.column.id === "select" ? (
                    <input
                      type="checkbox"
                      aria-label="Select the loaded runs"
                      checked={isAll}
                      ref={(box) => {
                        if (box) box.indeterminate = selection.ids.size > 0 && !isAll;
                      }}
                      onChange={() => (isAll ? selection.clear() : selection.selectLoaded())}
                    />
                  ) : (
                    <table.FlexRender header={header} />
                  )}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody className="table-body" style={{ height: virtual.getTotalSize() }}>
          <QuietProvider value={!virtual.isScrolling}>
            {shown.map((item) => {
              const row = rows[item.index];
              return row ? (
                <RunRow
                  key={row.id}
                  row={row}
                  index={item.index}
                  top={item.start}
                  isSelected={selection.ids.has(row.id)}
                  onToggle={selection.toggle}
                  FlexRender={table.FlexRender}
                />
              ) : null;
            })}
          </QuietProvider>
        </tbody>
      </table>
      {isLoading ? <Waiting /> : null}
      {!isLoading && rows.length === 0 ? (
        <Nothing isFiltered={isFiltered} isSearching={isSearching} onClear={onClear} />
      ) : null}
    </div>
  );
}

/** Moves the focus from row to row, and tells which one has it. */
function useRowFocus(scroller: RefObject<HTMLElement | null>, length: number, scrollTo: (index: number) => void) {
  const latest = useRef<number | null>(null);
  function focused(): number | null {
    const marked = document.activeElement?.closest("tr")?.querySelector("[data-row]")?.getAttribute("data-row");
    if (marked != null) latest.current = Number(marked);
    return latest.current;
  }
  function move(step: number): number {
    const from = document.activeElement === document.body ? latest.current : focused();
    const next = from === null ? 0 : Math.min(Math.max(from + step, 0), length - 1);
    latest.current = next;
    scrollTo(next);
    const link = () => scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"]`);
    const present = link();
    if (present) present.focus({ preventScroll: true });
    else requestAnimationFrame(() => requestAnimationFrame(() => link()?.focus({ preventScroll: true })));
    return next;
  }
  return { move, focused };
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

type NothingProps = { isFiltered: boolean; isSearching: boolean; onClear: () => void };

function Nothing({ isFiltered, isSearching, onClear }: NothingProps): ReactNode {
  if (isSearching) {
    return (
      <p className="notice quiet" role="status">
        Nothing by that name. Searching what was said…
      </p>
    );
  }
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
