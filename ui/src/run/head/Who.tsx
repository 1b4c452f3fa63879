import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import { sureness } from "@/findings/names";
import type { Finding } from "@/findings/select";
import { plural } from "@/formats/numbers";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";

/** Below this a guess is called a guess: the ranking is better than chance, and often wrong. */
const SURE = 0.5;

/** The agent and the turn where it began, and how far that is to be believed. */
export function Who(): ReactNode {
  const { looks, select } = useRun();
  const { origin, origins, diagnosis } = useFindings();
  if (!origin) return <p className="quiet">Not known. {diagnosis?.attribution?.unknown_because ?? ""}</p>;
  const { score, turn, reason } = origin;
  const agent = score.subject.agent ?? score.label;
  const look = agent === null ? null : lookOf(looks, agent);
  return (
    <>
      <button
        type="button"
        className="found-item is-origin"
        disabled={turn === null}
        title={reason ?? undefined}
        onClick={() => turn !== null && select({ turn, agent: undefined })}
      >
        {look ? <Avatar look={look} /> : null}
        <strong className="truncate">{look?.name ?? "Unknown agent"}</strong>
        {turn === null ? null : <span className="num found-turn">turn {turn}</span>}
      </button>
      <p className="quiet">{belief(origin, origins.length - 1)}</p>
    </>
  );
}

/** How far an origin is to be believed, in words. */
export function belief({ score, standing }: Finding, others: number): string {
  if (score.source === "human") return "Said by a person";
  if (standing === "agreed") return "Confirmed by a person";
  const sure = sureness(score.confidence);
  if (sure === null) return "A guess";
  if ((score.confidence ?? 0) >= SURE || others <= 0) return `${sure} sure`;
  return `Best guess, ${sure} sure; ${plural(others, "other", "others")}`;
}
