import { useMemo } from "react";
import { useKeys } from "@/shell/keys";
import { useRun } from "./RunContext";
import { handoffTurns, neighbour, visibleTurns } from "./steps";
import { VIEWS, type View } from "./views";

/** The keys that all views of a run share. */
export function RunKeys({ onDetails, onCompare }: { onDetails: () => void; onCompare: () => void }): null {
  const { outline, agent, turn, select } = useRun();
  const shown = useMemo(() => visibleTurns(outline, agent), [outline, agent]);
  const handoffs = useMemo(() => handoffTurns(outline), [outline]);
  function go(turns: readonly number[], step: 1 | -1): void {
    const next = neighbour(turns, turn ?? -1, step);
    const isRound = next !== null && turn !== null && (step === 1 ? next <= turn : next >= turn);
    if (next !== null && !isRound) select({ turn: next });
  }
  const show = (view: View) => () => select({ view });
  useKeys({
    j: () => go(shown, 1),
    k: () => go(shown, -1),
    "]": () => go(handoffs, 1),
    "[": () => go(handoffs, -1),
    c: () => void navigator.clipboard.writeText(location.href),
    i: onDetails,
    b: onCompare,
    ...Object.fromEntries(VIEWS.map((view, place) => [String(place + 1), show(view)])),
  });
  return null;
}
