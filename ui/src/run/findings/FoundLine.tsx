import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import { Icon } from "@/design/icons";
import { nameOf, sureness } from "@/findings/names";
import type { Finding } from "@/findings/select";
import { plural } from "@/formats/numbers";
import { useRun } from "../RunContext";
import { useFindings } from "./useFindings";

const MOST = 4;

/** The verdict in one line under the title: what failed, and with whom it began. */
export function FoundLine(): ReactNode {
  const { detail } = useRun();
  const { codes: all, origins } = useFindings();
  const codes = all.filter(
    (finding, place) => all.findIndex(({ score }) => score.name === finding.score.name) === place,
  );
  const [first, ...others] = origins;
  if (codes.length === 0 && !first) return null;
  const isFailed = detail.run.outcome === "failure" || detail.run.outcome === "error";
  return (
    <div className="found">
      {codes.length > 0 ? (
        <>
          <span className="quiet">{isFailed ? "Failed by" : "Found"}</span>
          {codes.slice(0, MOST).map((finding) => (
            <CodeChip key={finding.key} finding={finding} />
          ))}
          {codes.length > MOST ? <span className="quiet">and {codes.length - MOST} more</span> : null}
        </>
      ) : null}
      {first ? (
        <>
          <span className="quiet">{codes.length > 0 ? "began with" : "Began with"}</span>
          <OriginChip finding={first} />
          {others.length > 0 ? (
            <span className="quiet">{plural(others.length, "other guess", "other guesses")}</span>
          ) : null}
        </>
      ) : null}
    </div>
  );
}

function CodeChip({ finding }: { finding: Finding }): ReactNode {
  const { select } = useRun();
  const { score, turn, reason } = finding;
  return (
    <button
      type="button"
      className="found-item"
      disabled={turn === null}
      title={reason ?? undefined}
      onClick={() => turn !== null && select({ turn, agent: undefined })}
    >
      <Icon name="flag" size={12} />
      <strong>{score.name}</strong>
      {nameOf(score.name) ?? score.label}
      {turn === null ? null : <span className="num">turn {turn}</span>}
    </button>
  );
}

function OriginChip({ finding }: { finding: Finding }): ReactNode {
  const { looks, select } = useRun();
  const { score, turn, reason } = finding;
  const agent = score.subject.agent ?? score.label;
  const sure = score.source === "human" ? "by a person" : sureness(score.confidence);
  return (
    <button
      type="button"
      className="found-item is-origin"
      disabled={turn === null}
      title={reason ?? undefined}
      onClick={() => turn !== null && select({ turn, agent: undefined })}
    >
      {agent === null ? null : <strong>{lookOf(looks, agent).name}</strong>}
      {turn === null ? null : <span className="num">turn {turn}</span>}
      {sure === null ? null : <span className="num">({sure})</span>}
    </button>
  );
}
