import type { ReactNode } from "react";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";
import { type FailureCost, shareOf } from "./shareOf";

const MOST = 14;

/** How a failure spread from where it began, what came after it, and what to change. */
export function Consequences(): ReactNode {
  const { diagnosis, followed } = useFindings();
  if (!diagnosis) return null;
  const { spread = null, cost = null } = followed ?? {};
  const { advice } = diagnosis;
  return (
    <>
      {spread && spread.standing.length > 0 ? (
        <section className="detail">
          <h2>How it spread</h2>
          <p className="detail-text">
            {spread.standing.length} later {spread.standing.length === 1 ? "turn rests" : "turns rest"} on turn{" "}
            {spread.origin}
            {spread.reaches_end ? ", up to the end." : "."}
          </p>
          <Turns label="The way" turns={spread.path} />
          <Turns label="Let it pass" turns={spread.missed_checks.map((check) => check.turn)} />
        </section>
      ) : null}
      {cost ? <Cost cost={cost} /> : null}
      {advice.length > 0 ? (
        <section className="detail">
          <h2>What to change</h2>
          {advice.map((each) => (
            <div key={each.code} className="advice">
              <strong>
                {each.code} {each.name}
              </strong>
              <ul>
                {each.changes.map((change) => (
                  <li key={change}>{change}</li>
                ))}
              </ul>
            </div>
          ))}
        </section>
      ) : null}
    </>
  );
}

function Cost({ cost }: { cost: FailureCost }): ReactNode {
  const share = shareOf(cost);
  if (share === null) return null;
  return (
    <section className="detail">
      <h2>What it cost</h2>
      <p className="detail-text num">{share}</p>
    </section>
  );
}

function Turns({ label, turns }: { label: string; turns: readonly number[] }): ReactNode {
  const { select, turn } = useRun();
  if (turns.length === 0) return null;
  return (
    <p className="finding-evidence quiet detail-text">
      {label}
      {turns.slice(0, MOST).map((index) => (
        <button
          key={index}
          type="button"
          className="turn-link num"
          disabled={index === turn}
          onClick={() => select({ turn: index })}
        >
          {index}
        </button>
      ))}
      {turns.length > MOST ? `and ${turns.length - MOST} more` : null}
    </p>
  );
}
