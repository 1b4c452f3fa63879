import type { ReactNode } from "react";

export function AgreementPage(): ReactNode {
  return <h1>Agreement</h1>;
}
