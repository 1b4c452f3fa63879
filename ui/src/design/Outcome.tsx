import type { ReactNode } from "react";
import { Icon, type IconName } from "./icons";

const LOOKS: Record<string, { icon: IconName; word: string; tone: string }> = {
  success: { icon: "check", word: "Success", tone: "good" },
  failure: { icon: "cross", word: "Failure", tone: "bad" },
  error: { icon: "warn", word: "Error", tone: "warn" },
};

/** How a run ended, as a shape, a word and a colour. Unknown is said, not guessed. */
export function Outcome({ outcome, isShort = false }: { outcome: string | null; isShort?: boolean }): ReactNode {
  const look = outcome === null ? undefined : LOOKS[outcome];
  const { icon, word, tone } = look ?? { icon: "dash" as const, word: "Unknown", tone: "" };
  return (
    <span
      className={`badge ${tone}`}
      title={look ? undefined : "The record does not say whether the task was achieved"}
    >
      <Icon name={icon} size={13} />
      <span className={isShort ? "sr-only" : undefined}>{word}</span>
    </span>
  );
}
