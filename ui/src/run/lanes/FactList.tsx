import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import type { Followed } from "@/api/types";
import { useRun } from "../RunContext";
import type { Edge } from "./facts";

const MOST = 6;
const MOST_QUOTES = 3;

/** What the selected turn took over from earlier ones, and who took what from it: the arrows in words. */
export function FactList({ spread }: { spread: Followed["spread"] }): ReactNode {
  const { turn } = useRun();
  if (turn === null) return null;
  const taken = spread.edges.filter((edge) => edge.target === turn);
  const given = spread.edges.filter((edge) => edge.source === turn);
  if (taken.length + given.length === 0) return null;
  return (
    <div className="fact-list">
      <Uses title="Took over" edges={taken} end="source" />
      <Uses title="Was used by" edges={given} end="target" />
    </div>
  );
}

function Uses({ title, edges, end }: { title: string; edges: readonly Edge[]; end: "source" | "target" }): ReactNode {
  const { outline, lookAt, select } = useRun();
  if (edges.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {edges.slice(0, MOST).map((edge) => {
          const look = lookAt(outline.speaker[edge[end]] ?? -1);
          return (
            <li key={edge[end]}>
              <button type="button" className="way-step" onClick={() => select({ turn: edge[end] })}>
                <Avatar look={look} />
                <span className="num">turn {edge[end]}</span>
              </button>
              {edge.carried.slice(0, MOST_QUOTES).map(({ text }) => (
                <q key={text}>{text}</q>
              ))}
            </li>
          );
        })}
        {edges.length > MOST ? <li className="quiet">and {edges.length - MOST} more</li> : null}
      </ul>
    </section>
  );
}
