import type { ReactNode } from "react";
import { Icon, type IconName } from "@/design/icons";
import type { Match } from "./items";

const LOOKS: Record<Match, { icon: IconName; word: string }> = {
  same: { icon: "check", word: "Same" },
  alike: { icon: "check", word: "Alike" },
  changed: { icon: "cross", word: "Differs" },
  left: { icon: "back", word: "Left only" },
  right: { icon: "arrow", word: "Right only" },
};

/** How the two turns agree, as a sign and a word. */
export function MatchLabel({ match, likeness }: { match: Match; likeness: number }): ReactNode {
  const { icon, word } = LOOKS[match];
  const isPair = match === "alike" || match === "changed";
  return (
    <span
      className={`match match-${match}`}
      title={isPair ? `${Math.round(likeness * 100)}% of the words in common` : undefined}
    >
      <Icon name={icon} size={12} />
      {word}
    </span>
  );
}
