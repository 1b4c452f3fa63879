import { createContext, useContext } from "react";
import type { Look } from "@/agents/looks";
import type { Outline, RunDetail } from "@/api/types";
import type { View } from "./views";

export type Selection = {
  turn?: number | undefined;
  view?: View | undefined;
  agent?: string | undefined;
  find?: string | undefined;
  span?: string | undefined;
};

/** What every view of one run shares, so that they stay in step. */
export type RunState = {
  project: string;
  runId: string;
  detail: RunDetail;
  outline: Outline;
  looks: ReadonlyMap<string, Look>;
  /** Agents by their position in the outline's columns. */
  lookAt: (position: number) => Look;
  /** Whether the record says when things happened; a log without times is in order and no more. */
  hasTimes: boolean;
  turn: number | null;
  view: View;
  /** The span that is looked at in the timeline or the raw view, if one was chosen there. */
  span: string | null;
  /** The one agent whose turns are shown, or null for all. */
  agent: string | null;
  find: string;
  /** Turns in which `find` occurs, in order. */
  hits: readonly number[];
  select: (change: Selection) => void;
};

const RunContext = createContext<RunState | null>(null);
export const RunProvider = RunContext.Provider;

export function useRun(): RunState {
  const state = useContext(RunContext);
  if (state === null) throw new Error("useRun is for the views of a run");
  return state;
}
