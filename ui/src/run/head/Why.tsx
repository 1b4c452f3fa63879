import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { nameOf } from "@/findings/names";
import { type Finding, isRejected } from "@/findings/select";
import { useLabelling } from "../findings/Labelling";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";

const MOST = 3;

/** The failure modes that were found, each once, by the turn where it shows; rejected ones no longer count. */
export function Why(): ReactNode {
  const { codes } = useFindings();
  const { canWrite, open } = useLabelling();
  const standing = codes.filter((finding) => !isRejected(finding));
  const each = standing.filter(
    (finding, place) => standing.findIndex(({ score }) => score.name === finding.score.name) === place,
  );
  if (each.length === 0)
    return (
      <p className="quiet">
        No rule that is on found a failure mode.{" "}
        {canWrite ? (
          <button type="button" className="text-link" onClick={() => open(null)}>
            Say what went wrong
          </button>
        ) : null}
      </p>
    );
  const because = each[0]?.reason ?? null;
  return (
    <ul className="codes">
      {each.slice(0, MOST).map((finding, place) => (
        <li key={finding.key}>
          <Code finding={finding} />
          {place === 0 && because ? <p className="because quiet">{because}</p> : null}
        </li>
      ))}
      {each.length > MOST ? <li className="quiet">and {each.length - MOST} more in the details</li> : null}
    </ul>
  );
}

function Code({ finding }: { finding: Finding }): ReactNode {
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
      <span className="truncate">{nameOf(score.name) ?? score.label}</span>
      {turn === null ? null : <span className="num found-turn">turn {turn}</span>}
    </button>
  );
}
