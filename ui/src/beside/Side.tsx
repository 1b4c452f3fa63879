import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo } from "react";
import type { Outline, RunDetail } from "@/api/types";
import { Labels } from "@/run/findings/Labels";
import { FoundProvider, useReading } from "@/run/findings/useFindings";
import { RunProvider, type RunState, type Selection } from "@/run/RunContext";
import { useRead } from "@/run/useRead";

/** Puts what it holds into one of the two runs: whatever is below reads that one. */
export type Within = (children: ReactNode) => ReactNode;

type Props = { detail: RunDetail; outline: Outline; children: (within: Within) => ReactNode };

/** One of the two runs, read once. Choosing a turn in it opens the run there. */
export function Side({ detail, outline, children }: Props): ReactNode {
  const read = useRead(detail, outline);
  const navigate = useNavigate();
  const select = useCallback(
    (change: Selection) =>
      void navigate({ to: "/runs/$runId", params: { runId: detail.run.run_id }, search: { turn: change.turn } }),
    [navigate, detail.run.run_id],
  );
  const { project, runId, looks, lookAt, hasTimes } = read;
  const state = useMemo(
    (): RunState => ({
      ...{ project, runId, detail, outline, looks, lookAt, hasTimes, select },
      ...{ turn: null, view: "chat", span: null, agent: null, find: "", hits: [] },
    }),
    [project, runId, detail, outline, looks, lookAt, hasTimes, select],
  );
  return (
    <RunProvider value={state}>
      <Found state={state}>{children}</Found>
    </RunProvider>
  );
}

function Found({ state, children }: { state: RunState; children: Props["children"] }): ReactNode {
  const reading = useReading();
  const within: Within = (part) => (
    <RunProvider value={state}>
      <FoundProvider value={reading}>
        <Labels>{part}</Labels>
      </FoundProvider>
    </RunProvider>
  );
  return children(within);
}
