import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import type { FlowEdge } from "@/api/types";
import { Icon } from "@/design/icons";
import { exact, plural } from "@/formats/numbers";
import { useRun } from "../RunContext";

const MOST = 200;

/** The turns at which one agent passed something to another, each a way into the chat. */
export function EdgeTurns({ edge, onClose }: { edge: FlowEdge; onClose: () => void }): ReactNode {
  const { looks, turn, select } = useRun();
  const [from, to] = [lookOf(looks, edge.source), lookOf(looks, edge.target)];
  return (
    <section className="edge-turns" aria-label={`Turns from ${from.name} to ${to.name}`}>
      <header>
        <Avatar look={from} />
        <strong>{from.name}</strong>
        <Icon name="arrow" size={13} />
        <Avatar look={to} />
        <strong>{to.name}</strong>
        <span className="quiet">
          {plural(edge.turns.length, "time")}, {plural(edge.handoffs, "handoff")}
        </span>
        <button type="button" className="button button-ghost button-icon" aria-label="Close" onClick={onClose}>
          <Icon name="close" size={14} />
        </button>
      </header>
      <div className="edge-turn-list">
        {edge.turns.slice(0, MOST).map((index) => (
          <button
            key={index}
            type="button"
            className="turn-link num"
            aria-pressed={turn === index}
            onClick={() => select({ turn: index, view: undefined, agent: undefined })}
          >
            {exact(index)}
          </button>
        ))}
        {edge.turns.length > MOST ? <span className="quiet">and {exact(edge.turns.length - MOST)} more</span> : null}
      </div>
    </section>
  );
}
