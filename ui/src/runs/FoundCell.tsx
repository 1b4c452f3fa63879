import type { ReactNode } from "react";
import type { Run } from "@/api/types";
import { nameOf } from "@/findings/names";
import { count, exact, plural } from "@/formats/numbers";
import { useBrief } from "./useBrief";

const MOST = 2;

/** The failure modes that were found in a run. A run that nobody diagnosed says nothing rather than "none". */
export function CodesCell(): ReactNode {
  const brief = useBrief();
  if (!brief) return null;
  const { codes, is_diagnosed } = brief;
  if (codes.length === 0) {
    return is_diagnosed ? (
      <span className="quiet">none</span>
    ) : (
      <span className="quiet" title="Not diagnosed yet: choose the run and press d">
        –
      </span>
    );
  }
  return (
    <span className="found-cell" title={codes.map((code) => `${code} ${nameOf(code) ?? ""}`.trim()).join("\n")}>
      {codes.slice(0, MOST).map((code) => (
        <span key={code} className="code-chip">
          {code}
        </span>
      ))}
      {codes.length > MOST ? <span className="quiet">+{codes.length - MOST}</span> : null}
    </span>
  );
}

/** The agent with whom a failed run first went wrong. */
export function BeganCell({ run }: { run: Run }): ReactNode {
  const brief = useBrief();
  const agent = run.outcome === "success" ? null : brief?.origin_agent;
  if (!agent) return brief ? <span className="quiet">–</span> : null;
  return (
    <span className="truncate" title={`Began with ${agent}`}>
      {agent}
    </span>
  );
}

export function TurnsCell({ run }: { run: Run }): ReactNode {
  const turns = useBrief()?.turns;
  const parts = [
    plural(run.spans, "span"),
    plural(run.llm_calls, "model call"),
    plural(run.tool_calls, "tool call"),
    plural(run.errors, "error"),
  ];
  return <span title={parts.join(", ")}>{turns === undefined ? "" : turns === null ? count(null) : exact(turns)}</span>;
}
