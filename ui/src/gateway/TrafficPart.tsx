import type { ReactNode } from "react";

/** To be filled. */
export function TrafficPart(): ReactNode {
  return <h2 className="sr-only">Traffic</h2>;
}
