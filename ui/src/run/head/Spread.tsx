import { Fragment, type ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { Icon } from "@/design/icons";
import { plural } from "@/formats/numbers";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";
import { abridged } from "./abridged";

const MOST = 5;

/** The way from where it began to the last turn that rests on it, agent by agent. */
export function Spread(): ReactNode {
  const { select } = useRun();
  const { followed, origin } = useFindings();
  if (!followed) return <p className="quiet">{origin ? "…" : "Not known, as long as its beginning is not."}</p>;
  const { spread } = followed;
  if (spread.standing.length === 0) return <p className="quiet">No later turn rests on it.</p>;
  const { standing, reaches_end: reachesEnd, missed_checks: missed } = spread;
  return (
    <>
      <div className="way">
        {abridged(spread.path, MOST).map((turn, place) => (
          <Fragment key={turn ?? "cut"}>
            {place > 0 ? <Icon name="arrow" size={11} /> : null}
            {turn === null ? <span className="quiet">…</span> : <Step turn={turn} />}
          </Fragment>
        ))}
      </div>
      <p className="quiet">
        {plural(standing.length, "later turn rests", "later turns rest")} on it{reachesEnd ? ", up to the end" : ""}
        {missed.length === 0 ? "." : "; let pass at turn "}
        {missed.length === 0 ? null : (
          <button
            type="button"
            className="text-link num"
            title={missed[0]?.reason}
            onClick={() => select({ turn: missed[0]?.turn, agent: undefined })}
          >
            {missed[0]?.turn}
          </button>
        )}
      </p>
    </>
  );
}

function Step({ turn }: { turn: number }): ReactNode {
  const { outline, lookAt, select } = useRun();
  const look = lookAt(outline.speaker[turn] ?? -1);
  return (
    <button
      type="button"
      className={`way-step ${look.className}`}
      title={`Turn ${turn}, ${look.name}`}
      onClick={() => select({ turn, agent: undefined })}
    >
      <Avatar look={look} />
      <span className="num">
        <span className="sr-only">{look.name}, turn </span>
        {turn}
      </span>
    </button>
  );
}
