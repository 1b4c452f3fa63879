import type { ReactNode } from "react";
import { FoundProvider, useReading } from "./useFindings";

/** Reads what was found once for all that stands below. */
export function Reading({ children }: { children: ReactNode }): ReactNode {
  return <FoundProvider value={useReading()}>{children}</FoundProvider>;
}
