import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Failure } from "@/shell/Failure";
import { useKeys } from "@/shell/keys";
import { MarkText } from "@/text/Marked";
import { useRun } from "../RunContext";
import { visibleTurns } from "../steps";
import { useTurns, useTurnsTrouble } from "../useTurns";
import { AgentFilter } from "./AgentFilter";
import { Minimap } from "./Minimap";
import { heightOf, rowsOf } from "./rows";
import { TurnRow } from "./TurnRow";
import { useTail } from "./useTail";
import "./chat.css";

/** A shorter run is on the screen as a whole: a map of it would only be decoration. */
const FEWEST_MAPPED = 24;

/** The conversation as a transcript grouped by agent. Only the rows on the screen exist, whatever the run's length. */
export function ChatView(): ReactNode {
  const { outline, lookAt, turn, agent, find, hits, select } = useRun();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(
    () => rowsOf(outline, visibleTurns(outline, agent), (place) => lookAt(place).kind === "tool"),
    [outline, agent, lookAt],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => {
      const row = rows[place];
      return row ? heightOf(row, outline.characters[row.index] ?? 0) : 60;
    },
    getItemKey: (place) => rows[place]?.index ?? place,
    overscan: 6,
    paddingStart: 12,
    paddingEnd: 48,
  });
  const shown = virtual.getVirtualItems();
  const wanted = useMemo(() => shown.map((item) => rows[item.index]?.index ?? 0), [shown, rows]);
  const turns = useTurns(wanted);
  const trouble = useTurnsTrouble(wanted);
  useTail(
    scroller,
    rows.length,
    useCallback(() => virtual.scrollToIndex(rows.length - 1, { align: "end" }), [virtual, rows.length]),
  );
  useFollow(rows, turn, virtual);
  const [open, toggle] = useUnfolded();
  useKeys({ e: () => turn !== null && toggle(turn) });
  const isHit = useMemo(() => new Set(hits), [hits]);

  return (
    <MarkText value={find}>
      <div className="chat">
        <div className="chat-scroll" ref={scroller}>
          <AgentFilter />
          {trouble ? <Failure error={trouble.error} onRetry={trouble.retry} /> : null}
          <div className="chat-body" style={{ height: virtual.getTotalSize() }}>
            {shown.map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className="chat-row"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <TurnRow
                    row={row}
                    turn={turns.get(row.index)}
                    owner={lookAt(row.owner)}
                    height={item.size}
                    isSelected={turn === row.index}
                    isOpen={open.has(row.index) || (isHit.has(row.index) && find !== "")}
                    onToggle={toggle}
                    onSelect={(index) => select({ turn: index })}
                  />
                </div>
              );
            })}
          </div>
        </div>
        {rows.length < FEWEST_MAPPED ? null : (
          <Minimap
            rows={rows}
            first={shown[0]?.index ?? 0}
            last={shown.at(-1)?.index ?? 0}
            onGo={(place) => virtual.scrollToIndex(place, { align: "start" })}
          />
        )}
      </div>
    </MarkText>
  );
}

type Scroller = { scrollToIndex: (index: number, options: { align: "center" | "start" | "auto" }) => void };

/** Brings the selected turn into view when it changes, and only then: scrolling by hand is never fought. */
function useFollow(rows: ReturnType<typeof rowsOf>, turn: number | null, virtual: Scroller): void {
  const followed = useRef<number | null>(null);
  const hasMoved = useRef(false);
  useEffect(() => {
    if (turn === null || followed.current === turn) return;
    const place = rows.findIndex((row) => row.index === turn);
    if (place < 0) return;
    followed.current = turn;
    virtual.scrollToIndex(place, { align: hasMoved.current ? "auto" : "start" });
    hasMoved.current = true;
  }, [rows, turn, virtual]);
}

/** Which turns are unfolded. Kept here and not in the rows, which come and go as one scrolls. */
function useUnfolded(): [ReadonlySet<number>, (index: number) => void] {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const toggle = useCallback((index: number) => {
    setOpen((current) => {
      const next = new Set(current);
      if (!next.delete(index)) next.add(index);
      return next;
    });
  }, []);
  return [open, toggle];
}
