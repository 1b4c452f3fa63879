import { useMemo } from "react";
import { isRejected } from "@/findings/select";
import { useFindings } from "../findings/useFindings";
import type { Trail } from "./facts";
import type { Mark } from "./TurnBlock";

/** What the diagnosis says of each turn. */
export function useMarks(trail: Trail | null): (turn: number) => Mark {
  const { codes, origin } = useFindings();
  return useMemo(() => {
    const byTurn = new Map<number, string[]>();
    for (const finding of codes) {
      if (finding.turn === null || isRejected(finding)) continue;
      byTurn.set(finding.turn, [...(byTurn.get(finding.turn) ?? []), finding.score.name]);
    }
    return (turn) => ({
      isOrigin: origin?.turn === turn,
      isStanding: trail?.standing.has(turn) ?? false,
      isOnWay: trail?.path.has(turn) ?? false,
      codes: byTurn.get(turn) ?? [],
    });
  }, [codes, origin, trail]);
}
