import type { ReactNode } from "react";
import { hueOf, initials, type Look } from "./looks";

/** An agent as two letters in its colour. People are round, machinery is outlined: never colour alone. */
export function Avatar({ look }: { look: Look }): ReactNode {
  const shape = look.kind === "human" ? "round" : look.kind === "agent" ? "" : "outline";
  return (
    <span className={`avatar ${look.className} ${shape}`} title={look.title} aria-hidden="true">
      {look.initials}
    </span>
  );
}

/** The first few of some agents by name, and how many more there are. */
export function Avatars({ names, limit = 4 }: { names: readonly string[]; limit?: number }): ReactNode {
  if (names.length === 0) return <span className="quiet">–</span>;
  const shown = names.length > limit + 1 ? names.slice(0, limit) : names;
  return (
    <span className="avatars" title={names.join(", ")}>
      {shown.map((name) => (
        <span key={name} className={`avatar ${hueOf(name)}`} aria-hidden="true">
          {initials(name)}
        </span>
      ))}
      {names.length > shown.length ? <span className="more">+{names.length - shown.length}</span> : null}
      <span className="sr-only">{names.join(", ")}</span>
    </span>
  );
}
