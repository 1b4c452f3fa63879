import type { ReactNode } from "react";
import "./figure.css";

/** One figure of a row of them, with what it is a part of or how sure it is. */
export function Figure({ name, value, note }: { name: string; value: string; note: string }): ReactNode {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value num">{value}</span>
        <span className="figure-note num">{note}</span>
      </dd>
    </div>
  );
}
