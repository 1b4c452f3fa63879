import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { Avatar } from "@/agents/Avatar";
import { useStored } from "@/shell/useStored";
import { useRun } from "../RunContext";
import { visibleTurns } from "../steps";
import { evenAxis, timeAxis } from "./axis";
import { FactList } from "./FactList";
import { Facts } from "./Facts";
import { trailOf } from "./facts";
import { type Box, boxOf, COLUMN, LANE, RULER, ZOOMS, type Zoom } from "./geometry";
import { LanesBar } from "./LanesBar";
import { Links } from "./Links";
import { Overview } from "./Overview";
import { Ruler } from "./Ruler";
import { SelectedTurn } from "./SelectedTurn";
import { TurnBlock } from "./TurnBlock";
import { useMarks } from "./useMarks";
import { useTrail } from "./useTrail";
import "./lanes.css";

const LABELS = 148;

/** A lane an agent over time: who acts when, where control goes, and how what began somewhere reached the others. */
export function LanesView(): ReactNode {
  const { outline, turn, agent, hasTimes } = useRun();
  const [stored, setZoom] = useStored("lanes");
  const [along, setAlong] = useStored("lanes.along");
  const zoom: Zoom = ZOOMS.find((each) => each.zoom === stored)?.zoom ?? "near";
  const byTime = hasTimes && along !== "order";
  const { source, setSource, followed } = useTrail();
  const trail = useMemo(() => (followed ? trailOf(followed) : null), [followed]);
  const markOf = useMarks(trail);
  const scroller = useRef<HTMLDivElement>(null);
  const turns = useMemo(() => visibleTurns(outline, agent), [outline, agent]);
  const places = useMemo(() => new Map(turns.map((index, place) => [index, place])), [turns]);
  const lanes = useMemo(() => lanesOf(outline.speaker, turns), [outline, turns]);
  const axis = useMemo(() => {
    if (!byTime) return evenAxis(turns.length, COLUMN[zoom]);
    return timeAxis(
      turns.map((index) => outline.start_ms[index] ?? null),
      COLUMN[zoom],
    );
  }, [byTime, turns, outline, zoom]);
  const virtual = useVirtualizer({
    horizontal: true,
    count: turns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => axis.width[place] ?? COLUMN[zoom],
    overscan: 12,
    paddingStart: LABELS + 12,
    paddingEnd: 120,
    scrollPaddingStart: LABELS + 60,
    scrollPaddingEnd: 60,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measure anew when the axis changes, not otherwise.
  useEffect(() => virtual.measure(), [axis]);
  useEffect(() => {
    const place = turn === null ? undefined : places.get(turn);
    if (place !== undefined) virtual.scrollToIndex(place, { align: "auto" });
  }, [turn, places, virtual]);

  const shown = virtual.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? -1];
  const columns = turns.slice(first, last + 1).map((index, offset) => ({ index, place: first + offset }));
  const laneOf = (index: number) => lanes.indexOf(outline.speaker[index] ?? 0);
  const boxAtPlace = (place: number): Box => boxOf(zoom, axis.left[place] ?? 0, laneOf(turns[place] ?? 0));
  const boxAt = (index: number) => (places.has(index) ? boxAtPlace(places.get(index) ?? 0) : null);
  const isShown = (index: number) => (places.get(index) ?? -1) >= first && (places.get(index) ?? last + 1) <= last;
  const height = RULER + lanes.length * LANE[zoom];
  return (
    <div className="lanes">
      <div className="lanes-bar">
        <Overview
          turns={turns}
          lanes={lanes}
          axis={axis}
          first={first}
          last={last}
          trail={trail}
          onGo={(place) => virtual.scrollToIndex(place, { align: "center" })}
        />
        <LanesBar
          zoom={zoom}
          onZoom={setZoom}
          byTime={hasTimes ? byTime : null}
          onByTime={(isByTime) => setAlong(isByTime ? "time" : "order")}
          source={source}
          onSource={setSource}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section className="lanes-scroll" ref={scroller} tabIndex={0} aria-label="Lanes">
        <div className="lanes-body" style={{ width: virtual.getTotalSize(), height }}>
          <Labels lanes={lanes} zoom={zoom} />
          <div className="lanes-plot" style={{ left: LABELS + 12 }}>
            <Ruler axis={axis} turns={turns} first={first} last={last} byTime={byTime} />
            <Links columns={columns} turns={turns} laneOf={laneOf} axis={axis} boxOf={boxAtPlace} height={height} />
            {columns.map(({ index, place }) => (
              <TurnBlock key={index} index={index} box={boxAtPlace(place)} zoom={zoom} mark={markOf(index)} />
            ))}
            {followed ? <Facts spread={followed.spread} boxAt={boxAt} isShown={isShown} height={height} /> : null}
          </div>
        </div>
      </section>
      <p className="lanes-legend">
        <span className="key-handoff">Handoff</span>
        <span className="key-fact">Fact taken over</span>
        <span className="key-way">Way of the failure</span>
        <span className="key-standing">Rests on where it began</span>
      </p>
      {followed ? <FactList spread={followed.spread} /> : null}
      <SelectedTurn />
    </div>
  );
}

function Labels({ lanes, zoom }: { lanes: readonly number[]; zoom: Zoom }): ReactNode {
  const { lookAt } = useRun();
  return (
    <div className="lanes-labels" style={{ width: LABELS, paddingTop: RULER }}>
      {lanes.map((position) => (
        <div key={position} className="lane-label" style={{ height: LANE[zoom] }}>
          <Avatar look={lookAt(position)} />
          <span className="truncate">{lookAt(position).name}</span>
        </div>
      ))}
    </div>
  );
}

/** Positions of the agents that speak, in order of first appearance. */
function lanesOf(speakers: readonly number[], turns: readonly number[]): number[] {
  return [...new Set(turns.map((index) => speakers[index] ?? 0))];
}
