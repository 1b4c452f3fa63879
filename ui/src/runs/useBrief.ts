import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { brief } from "@/api/shelf";
import type { Brief, Run } from "@/api/types";
import { useProject } from "@/shell/project";

/** Whether rows may ask for what is beside them: not while they fly past. */
const QuietContext = createContext(true);
export const QuietProvider = QuietContext.Provider;

const BriefContext = createContext<Brief | null | undefined>(undefined);
export const BriefProvider = BriefContext.Provider;

/** Asks for one row; all rows that come into view together go into one request. */
export function useAskedBrief(run: Run): Brief | null | undefined {
  const isQuiet = useContext(QuietContext);
  return useQuery({ ...brief(useProject(), run.run_id, run.spans), enabled: isQuiet }).data;
}

/** What is known beside the row of the run that is being drawn: undefined while it is on its way. */
export function useBrief(): Brief | null | undefined {
  return useContext(BriefContext);
}
