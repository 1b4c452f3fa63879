import type { ReactNode } from "react";
import type { Run } from "@/api/types";
import { nameOf } from "@/findings/names";
import { useFound } from "./useFound";

const MOST = 2;

/** The codes that were found in a run, and the agent with whom a failed one began. */
export function FoundCell({ run }: { run: Run }): ReactNode {
  const { codes, origins } = useFound(run.run_id);
  const names = [...new Set(codes.map(({ score }) => score.name))];
  const first = run.outcome === "success" ? undefined : origins[0]?.score;
  const began = first ? (first.subject.agent ?? first.label) : null;
  if (names.length === 0 && began === null) return null;
  const title = [
    ...names.map((name) => `${name} ${nameOf(name) ?? ""}`.trim()),
    ...(began ? [`began with ${began}`] : []),
  ];
  return (
    <span className="found-cell" title={title.join("\n")}>
      {names.slice(0, MOST).map((name) => (
        <span key={name} className="code-chip">
          {name}
        </span>
      ))}
      {names.length > MOST ? <span className="quiet">+{names.length - MOST}</span> : null}
      {began ? <span className="truncate quiet">{began}</span> : null}
    </span>
  );
}
