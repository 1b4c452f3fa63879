import { useMemo } from "react";
import { useKeys } from "@/shell/keys";
import { useRun } from "../RunContext";
import { neighbour } from "../steps";
import { useLabelling } from "./Labelling";
import { useFindings } from "./useFindings";

/** Everything that is said of findings, by one key each. */
export function FindingKeys(): null {
  const { turn, select } = useRun();
  const { codes, origin } = useFindings();
  const { current, evaluator, judge, open, undo, copyTest } = useLabelling();
  const turns = useMemo(() => {
    const all = [...codes, ...(origin ? [origin] : [])].flatMap((finding) => finding.turn ?? []);
    return [...new Set(all)].sort((a, b) => a - b);
  }, [codes, origin]);
  const isOwn = current?.score.source === "human" && current.score.evaluator === evaluator;
  const onCurrent = (act: (finding: NonNullable<typeof current>) => void) => () => current && !isOwn && act(current);
  function go(step: 1 | -1): void {
    const next = neighbour(turns, turn ?? -1, step);
    if (next !== null) select({ turn: next, agent: undefined });
  }
  useKeys({
    a: onCurrent((finding) => judge(finding, true)),
    x: onCurrent((finding) => judge(finding, false)),
    r: onCurrent(open),
    f: () => open(null),
    u: undo,
    t: () => current && current.score.name !== "origin" && copyTest?.(current),
    ".": () => go(1),
    ",": () => go(-1),
  });
  return null;
}
