import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { Avatar } from "@/agents/Avatar";
import { useStored } from "@/shell/useStored";
import { useRun } from "../RunContext";
import { visibleTurns } from "../steps";
import { COLUMN, LANE, ZOOMS, type Zoom } from "./geometry";
import { Links } from "./Links";
import { Overview } from "./Overview";
import { SelectedTurn } from "./SelectedTurn";
import { TurnBlock } from "./TurnBlock";
import "./lanes.css";

const LABELS = 148;

/** A lane an agent, a column a turn: who acts when, and where control goes from one to another. */
export function LanesView(): ReactNode {
  const { outline, lookAt, turn, agent } = useRun();
  const [stored, setZoom] = useStored("lanes");
  const zoom: Zoom = ZOOMS.find((each) => each.zoom === stored)?.zoom ?? "near";
  const scroller = useRef<HTMLDivElement>(null);
  const turns = useMemo(() => visibleTurns(outline, agent), [outline, agent]);
  const lanes = useMemo(() => lanesOf(outline.speaker, turns), [outline, turns]);
  const virtual = useVirtualizer({
    horizontal: true,
    count: turns.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => COLUMN[zoom],
    overscan: 12,
    paddingStart: LABELS + 12,
    paddingEnd: 120,
    scrollPaddingStart: LABELS + 60,
    scrollPaddingEnd: 60,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measure anew when the zoom changes, not otherwise.
  useEffect(() => virtual.measure(), [zoom]);
  useEffect(() => {
    const place = turn === null ? -1 : turns.indexOf(turn);
    if (place >= 0) virtual.scrollToIndex(place, { align: "auto" });
  }, [turn, turns, virtual]);

  const shown = virtual.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? -1];
  const columns = turns.slice(first, last + 1).map((index, offset) => ({ index, place: first + offset }));
  const laneOf = (index: number) => lanes.indexOf(outline.speaker[index] ?? 0);
  const height = lanes.length * LANE[zoom];
  return (
    <div className="lanes">
      <div className="lanes-bar">
        <Overview
          turns={turns}
          lanes={lanes}
          first={first}
          last={last}
          onGo={(place) => virtual.scrollToIndex(place, { align: "center" })}
        />
        <fieldset className="segmented">
          <legend className="sr-only">Zoom</legend>
          {ZOOMS.map((each) => (
            <button key={each.zoom} type="button" aria-pressed={each.zoom === zoom} onClick={() => setZoom(each.zoom)}>
              {each.label}
            </button>
          ))}
        </fieldset>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section className="lanes-scroll" ref={scroller} tabIndex={0} aria-label="Lanes">
        <div className="lanes-body" style={{ width: virtual.getTotalSize(), height }}>
          <div className="lanes-labels" style={{ width: LABELS, height }}>
            {lanes.map((position) => (
              <div key={position} className="lane-label" style={{ height: LANE[zoom] }}>
                <Avatar look={lookAt(position)} />
                <span className="truncate">{lookAt(position).name}</span>
              </div>
            ))}
          </div>
          <div className="lanes-plot" style={{ left: LABELS + 12 }}>
            <Links columns={columns} turns={turns} laneOf={laneOf} zoom={zoom} height={height} />
            {columns.map(({ index, place }) => (
              <TurnBlock key={index} index={index} place={place} lane={laneOf(index)} zoom={zoom} />
            ))}
          </div>
        </div>
      </section>
      <SelectedTurn />
    </div>
  );
}

/** Positions of the agents that speak, in order of first appearance. */
function lanesOf(speakers: readonly number[], turns: readonly number[]): number[] {
  return [...new Set(turns.map((index) => speakers[index] ?? 0))];
}
