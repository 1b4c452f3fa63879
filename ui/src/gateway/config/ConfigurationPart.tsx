import type { ReactNode } from "react";

/** Connections, routes, limits and guards of a project. */
export function ConfigurationPart(): ReactNode {
  return <p className="quiet">The configuration stands in gateway.toml in the data folder.</p>;
}
