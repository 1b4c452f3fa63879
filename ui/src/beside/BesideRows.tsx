import { getRouteApi } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { RunsBeside } from "@/api/types";
import { Icon } from "@/design/icons";
import { exact, plural } from "@/formats/numbers";
import { neighbour } from "@/run/steps";
import { useKeys } from "@/shell/keys";
import { Cell } from "./Cell";
import { differences, type Item, itemsOf, matchAt } from "./items";
import { MatchLabel } from "./MatchLabel";
import type { Within } from "./Side";

const route = getRouteApi("/runs/$runId/beside/$otherId");
const ROW = 150;
const FOLD = 44;

type Props = { beside: RunsBeside; left: Within; right: Within };

/** The rows of both runs; only those on the screen exist. */
export function BesideRows({ beside, left, right }: Props): ReactNode {
  const { row: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const items = useMemo(() => itemsOf(beside, opened), [beside, opened]);
  const different = useMemo(() => differences(beside), [beside]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => (items[place]?.kind === "same" ? FOLD : ROW),
    getItemKey: (place) => keyOf(items[place]),
    overscan: 4,
    paddingEnd: 60,
  });
  const at = chosen ?? null;
  useEffect(() => {
    if (at === null) return;
    const place = items.findIndex((item) => (item.kind === "row" ? item.row === at : item.from <= at && at < item.to));
    if (place >= 0) virtual.scrollToIndex(place, { align: "start" });
  }, [at, items, virtual]);
  const go = (row: number | null) =>
    row !== null && void navigate({ search: (now) => ({ ...now, row }), replace: true });
  useKeys({
    j: () => go(neighbour(different, at ?? -1, 1)),
    k: () => go(neighbour(different, at ?? -1, -1)),
    d: () => go(beside.divergence),
  });
  return (
    <>
      <Bar beside={beside} count={different.length} onGo={go} at={at} different={different} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section className="beside-scroll" ref={scroller} tabIndex={0} aria-label="Turns of both runs">
        <div className="beside-body" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((place) => {
            const item = items[place.index];
            if (!item) return null;
            return (
              <div
                key={place.key}
                ref={virtual.measureElement}
                data-index={place.index}
                className="beside-item"
                style={{ transform: `translateY(${place.start}px)` }}
              >
                {item.kind === "same" ? (
                  <button
                    type="button"
                    className="beside-fold"
                    onClick={() => setOpened(new Set([...opened, item.from]))}
                  >
                    <Icon name="chevron" size={12} />
                    {plural(item.to - item.from, "turn")} the same
                  </button>
                ) : (
                  <Row beside={beside} row={item.row} isChosen={item.row === at} left={left} right={right} />
                )}
              </div>
            );
          })}
        </div>
      </section>
    </>
  );
}

function keyOf(item: Item | undefined): string {
  return item?.kind === "row" ? `r${item.row}` : `s${item?.from ?? ""}`;
}

type BarProps = {
  beside: RunsBeside;
  count: number;
  at: number | null;
  different: readonly number[];
  onGo: (row: number | null) => void;
};

function Bar({ beside, count, at, different, onGo }: BarProps): ReactNode {
  return (
    <div className="beside-bar">
      <button
        type="button"
        className="button"
        disabled={beside.divergence === null}
        onClick={() => onGo(beside.divergence)}
      >
        <Icon name="flag" size={13} />
        Where they part <kbd className="kbd">d</kbd>
      </button>
      <span className="quiet num">{plural(count, "turn differs", "turns differ")}</span>
      <button
        type="button"
        className="button button-icon"
        aria-label="Previous difference"
        title="Previous difference (k)"
        disabled={count === 0}
        onClick={() => onGo(neighbour(different, at ?? -1, -1))}
      >
        <Icon name="up" size={13} />
      </button>
      <button
        type="button"
        className="button button-icon"
        aria-label="Next difference"
        title="Next difference (j)"
        disabled={count === 0}
        onClick={() => onGo(neighbour(different, at ?? -1, 1))}
      >
        <Icon name="down" size={13} />
      </button>
    </div>
  );
}

type RowProps = Props & { row: number; isChosen: boolean };

function Row({ beside, row, isChosen, left, right }: RowProps): ReactNode {
  const match = matchAt(beside, row);
  const isWhereTheyPart = beside.divergence === row;
  const [mine, other] = [beside.left[row] ?? null, beside.right[row] ?? null];
  return (
    <section
      className={`beside-row is-${match} ${isChosen ? "is-chosen" : ""} ${isWhereTheyPart ? "is-parting" : ""}`}
      aria-label={`Row ${exact(row)}`}
      aria-current={isChosen || undefined}
    >
      {isWhereTheyPart ? (
        <p className="beside-parting">
          <Icon name="flag" size={13} />
          Here they part
        </p>
      ) : null}
      <div className="beside-pair">
        {mine === null ? <p className="beside-none">Nothing like it here</p> : left(<Cell index={mine} />)}
        <MatchLabel match={match} likeness={beside.likeness[row] ?? 0} />
        {other === null ? <p className="beside-none">Nothing like it here</p> : right(<Cell index={other} />)}
      </div>
    </section>
  );
}
