import { type ReactNode, useMemo } from "react";
import { Avatar } from "@/agents/Avatar";
import { exact, percent, plural } from "@/formats/numbers";
import { useRun } from "../RunContext";
import { sharesOf } from "./shares";

/** The legend: every agent with its colour and its share of the run. Choosing one shows its turns alone. */
export function Roster(): ReactNode {
  const { outline, lookAt, agent, select } = useRun();
  const shares = useMemo(() => sharesOf(outline), [outline]);
  const most = Math.max(1, ...shares.map((share) => share.turns));
  return (
    <section className="detail">
      <h2>Agents</h2>
      <ul className="roster">
        {shares.map((share, place) => {
          const look = lookAt(place);
          return (
            <li key={look.id}>
              <button
                type="button"
                className={`roster-item ${look.className}`}
                aria-pressed={agent === look.id}
                title={`Show only what ${look.name} said and was told`}
                onClick={() => select({ agent: agent === look.id ? undefined : look.id })}
              >
                <Avatar look={look} />
                <span className="roster-name truncate">{look.name}</span>
                {share.errors > 0 ? <span className="tone-bad num">{plural(share.errors, "error")}</span> : null}
                <span className="num quiet" title={`${percent(share.turns, outline.speaker.length)} of the turns`}>
                  {exact(share.turns)}
                </span>
                <span className="roster-bar">
                  <span style={{ width: `${(100 * share.turns) / most}%` }} />
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
