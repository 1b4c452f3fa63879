import type { ReactNode } from "react";
import { shareOf } from "../details/shareOf";
import { useFindings } from "../findings/useFindings";

/** How much of the run came after it began: what would not have been spent, had it been stopped there. */
export function Cost(): ReactNode {
  const { followed } = useFindings();
  if (!followed) return <p className="quiet">Not known.</p>;
  const { avoidable_share: share, after } = followed.cost;
  const said = shareOf(followed.cost);
  if (said === null || share === null || after.turns === 0)
    return <p className="quiet">Nothing came after it: it began with the last turn.</p>;
  const [percent, ...rest] = said.split(" ");
  return (
    <>
      <p className="cost-share num">
        <strong>{percent}</strong>
        <span className="cost-bar" aria-hidden="true">
          <span style={{ width: `${Math.round(share * 100)}%` }} />
        </span>
      </p>
      <p className="quiet num">{rest.join(" ")}</p>
    </>
  );
}
