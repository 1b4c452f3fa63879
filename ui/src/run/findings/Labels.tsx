import type { ReactNode } from "react";
import { LabellingContext } from "./Labelling";

const READING = {
  canWrite: false,
  evaluator: null,
  isPending: false,
  current: null,
  judge: () => undefined,
  takeBack: () => undefined,
  open: () => undefined,
  undo: () => undefined,
  copyTest: null,
};

/** Findings that are read and not judged, as where two runs stand side by side. */
export function Labels({ children }: { children: ReactNode }): ReactNode {
  return <LabellingContext.Provider value={READING}>{children}</LabellingContext.Provider>;
}
