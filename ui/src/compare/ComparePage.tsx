import type { ReactNode } from "react";

export function ComparePage(): ReactNode {
  return <h1>Compare</h1>;
}
