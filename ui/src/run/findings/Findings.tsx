import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { isRejected } from "@/findings/select";
import { FindingCard } from "./FindingCard";
import { useFindings } from "./useFindings";

/** The findings that stand at a turn, and a mark where the turn is evidence for another one. */
export function Findings({ turn }: { turn: number }): ReactNode {
  const { codes, origin } = useFindings();
  const began = origin?.turn === turn ? origin : undefined;
  const here = codes.filter((finding) => finding.turn === turn);
  const citing = codes.filter(
    (finding) => finding.turn !== turn && finding.evidence.includes(turn) && !isRejected(finding),
  );
  const cited = [...new Set(citing.map((finding) => finding.score.name))];
  if (here.length + cited.length === 0 && !began) return null;
  return (
    <div className="findings">
      {began ? <FindingCard finding={began} /> : null}
      {here.map((finding) => (
        <FindingCard key={finding.key} finding={finding} />
      ))}
      {cited.map((name) => (
        <span key={name} className="finding-cited">
          <Icon name="flag" size={12} />
          Evidence for {name}
        </span>
      ))}
    </div>
  );
}
