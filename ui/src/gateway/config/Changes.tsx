import type { ReactNode } from "react";
import type { ConfigChange } from "@/api/schema";
import { type Json, shown } from "./document";

const SIGNS = { added: "+", removed: "−", changed: "~" } as const;

/** What is different, one line a value: before and after. */
export function Changes({ changes }: { changes: readonly ConfigChange[] }): ReactNode {
  if (changes.length === 0) return <p className="quiet">Nothing that counts is different.</p>;
  return (
    <ul className="config-changes">
      {changes.map(({ where, change, before, after }) => (
        <li key={where} className={`is-${change}`}>
          <span className="config-sign" aria-hidden="true">
            {SIGNS[change]}
          </span>
          <code>{where}</code>
          <span className="sr-only">{change}</span>
          {change === "added" ? null : <del>{shown(before as Json)}</del>}
          {change === "removed" ? null : <ins>{shown(after as Json)}</ins>}
        </li>
      ))}
    </ul>
  );
}
