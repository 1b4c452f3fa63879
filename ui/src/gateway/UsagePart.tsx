import type { ReactNode } from "react";

/** To be filled. */
export function UsagePart(): ReactNode {
  return <h2 className="sr-only">Usage</h2>;
}
