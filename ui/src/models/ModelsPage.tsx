import type { ReactNode } from "react";

/** To be filled. */
export function ModelsPage(): ReactNode {
  return <h1>Models</h1>;
}
