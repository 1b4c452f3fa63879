import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { useRun } from "../RunContext";
import { useFindings } from "./useFindings";

const MOST = 6;

/** What was found in the run, in one line under its title: each finding leads to its turn. */
export function FoundLine(): ReactNode {
  const { select } = useRun();
  const findings = useFindings();
  if (findings.length === 0) return null;
  return (
    <ul className="found" aria-label="Findings">
      {findings.slice(0, MOST).map(({ key, score, turn }) => (
        <li key={key}>
          <button
            type="button"
            className="found-item"
            disabled={turn === null}
            title={score.reason ?? undefined}
            onClick={() => turn !== null && select({ turn, agent: undefined })}
          >
            <Icon name="flag" size={12} />
            <strong>{score.name}</strong>
            {score.label ?? ""}
            {turn === null ? null : <span className="num">turn {turn}</span>}
          </button>
        </li>
      ))}
      {findings.length > MOST ? <li className="quiet">and {findings.length - MOST} more</li> : null}
    </ul>
  );
}
