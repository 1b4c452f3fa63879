import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import type { FlowEdge } from "@/api/types";
import { exact, plural } from "@/formats/numbers";
import { useRun } from "../RunContext";
import type { Placed } from "./layout";

type Props = { placed: Placed; chosen: FlowEdge | null; onChoose: (edge: FlowEdge) => void };

/** What passed between agents: the thicker the more often; handoffs are solid, messages dashed. */
export function FlowEdges({ placed, chosen, onChoose }: Props): ReactNode {
  const { looks } = useRun();
  const most = Math.max(1, ...placed.edges.map(({ edge }) => edge.turns.length));
  const nameOf = (id: string) => lookOf(looks, id).name;
  return (
    <>
      <svg className="flow-edges" width={placed.width} height={placed.height} aria-hidden="true">
        <defs>
          <marker
            id="flow-head"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" fill="context-stroke" />
          </marker>
        </defs>
        {placed.edges.map(({ edge, path, isLoop }) => (
          <path
            key={`${edge.source}\n${edge.target}`}
            className={`flow-edge ${lookOf(looks, edge.source).className} ${isLoop ? "is-loop" : ""} ${edge === chosen ? "is-chosen" : ""} ${edge.handoffs > 0 ? "" : "is-message"}`}
            d={path}
            strokeWidth={1.25 + 4 * Math.sqrt(edge.turns.length / most)}
            markerEnd="url(#flow-head)"
          />
        ))}
      </svg>
      {placed.edges.map(({ edge, label, isLoop }) => (
        <button
          key={`${edge.source}\n${edge.target}`}
          type="button"
          className="flow-count num"
          style={{ left: label.x, top: label.y }}
          aria-pressed={edge === chosen}
          aria-label={`${nameOf(edge.source)} to ${nameOf(edge.target)}: ${plural(edge.turns.length, "time")}, ${plural(edge.handoffs, "handoff")}${isLoop ? ", part of a loop" : ""}`}
          title={`${nameOf(edge.source)} → ${nameOf(edge.target)}: ${plural(edge.turns.length, "time")}${isLoop ? ", in a loop" : ""}`}
          onClick={() => onChoose(edge)}
        >
          {isLoop ? "↻ " : ""}
          {exact(edge.turns.length)}
        </button>
      ))}
    </>
  );
}
