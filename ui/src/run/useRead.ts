import { useCallback, useMemo } from "react";
import { lookOf, looks } from "@/agents/looks";
import type { Outline, RunDetail } from "@/api/types";
import { useProject } from "@/shell/project";
import type { RunState } from "./RunContext";

type Read = Pick<RunState, "project" | "runId" | "detail" | "outline" | "looks" | "lookAt" | "hasTimes">;

/** What every view of a run reads, before anything is chosen in it. */
export function useRead(detail: RunDetail, outline: Outline): Read {
  const project = useProject();
  const all = useMemo(() => looks(detail.agents), [detail.agents]);
  const places = useMemo(() => outline.agents.map((id) => lookOf(all, id)), [outline.agents, all]);
  const lookAt = useCallback((position: number) => places[position] ?? lookOf(all, "?"), [places, all]);
  return {
    project,
    runId: detail.run.run_id,
    detail,
    outline,
    looks: all,
    lookAt,
    hasTimes: outline.start_ms.length === 0 || outline.start_ms.some((start) => start !== null),
  };
}
