import { useQuery } from "@tanstack/react-query";
import { followed as followedQuery } from "@/api/reading";
import type { Followed } from "@/api/types";
import { useStored } from "@/shell/useStored";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";

/** From where facts are followed: from where the failure began, from the selected turn, or not at all. */
export type Source = "origin" | "turn" | "none";

export const SOURCES: ReadonlyArray<{ source: Source; label: string; title: string }> = [
  { source: "origin", label: "Origin", title: "What rests on where it began" },
  { source: "turn", label: "This turn", title: "What rests on the selected turn" },
  { source: "none", label: "Off", title: "No facts" },
];

export function useTrail(): { source: Source; setSource: (source: Source) => void; followed: Followed | null } {
  const { project, runId, detail, turn } = useRun();
  const { origin, followed } = useFindings();
  const [stored, setStored] = useStored("facts");
  const chosen = SOURCES.find((each) => each.source === stored)?.source;
  const source = chosen ?? (origin === null ? "turn" : "origin");
  const own = useQuery(followedQuery(project, runId, source === "turn" ? turn : null, detail.run.spans));
  const shown = source === "origin" ? followed : source === "turn" && turn !== null ? (own.data ?? null) : null;
  return { source, setSource: setStored, followed: shown };
}
