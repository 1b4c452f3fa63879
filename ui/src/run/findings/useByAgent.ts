import { useMemo } from "react";
import { isRejected } from "@/findings/select";
import { useRun } from "../RunContext";
import { useFindings } from "./useFindings";

export type AgentMarks = { codes: readonly string[]; hasBegun: boolean };

const NONE: AgentMarks = { codes: [], hasBegun: false };

/** What was found of each agent, by its id: failure modes at its turns, and whether it began there. */
export function useByAgent(): (agent: string) => AgentMarks {
  const { outline } = useRun();
  const { codes, origin } = useFindings();
  return useMemo(() => {
    const speakerAt = (turn: number | null) =>
      turn === null ? null : (outline.agents[outline.speaker[turn] ?? -1] ?? null);
    const byAgent = new Map<string, Set<string>>();
    for (const finding of codes) {
      const agent = finding.score.subject.agent ?? speakerAt(finding.turn);
      if (agent === null || isRejected(finding)) continue;
      byAgent.set(agent, (byAgent.get(agent) ?? new Set()).add(finding.score.name));
    }
    const beginner = origin ? (origin.score.subject.agent ?? origin.score.label) : null;
    return (agent) =>
      byAgent.has(agent) || agent === beginner
        ? { codes: [...(byAgent.get(agent) ?? [])], hasBegun: agent === beginner }
        : NONE;
  }, [outline, codes, origin]);
}
