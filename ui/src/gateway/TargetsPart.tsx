import type { ReactNode } from "react";

/** To be filled. */
export function TargetsPart(): ReactNode {
  return <h2 className="sr-only">Targets</h2>;
}
