import type { ReactNode } from "react";

export function FailuresPage(): ReactNode {
  return <h1>Failures</h1>;
}
