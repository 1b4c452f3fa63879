import { useKeys } from "@/shell/keys";
import { useRun } from "../RunContext";
import { useAgree, useFindings } from "./useFindings";

/** `a` agrees and `x` disagrees with what was found at the selected turn. */
export function FindingKeys(): null {
  const { turn } = useRun();
  const { codes, origins } = useFindings();
  const { write, canWrite } = useAgree();
  const here = [...codes, ...origins.slice(0, 1)].filter(
    (finding) => finding.turn === turn && turn !== null && finding.score.source !== "human",
  );
  function judge(flag: boolean): void {
    if (canWrite) for (const finding of here) write.mutate({ finding, flag });
  }
  useKeys({ a: () => judge(true), x: () => judge(false) });
  return null;
}
