/** What a reader says of findings, as the scores that say it. A score is never changed: each of these is a new row. */
import type { Score, ScoreInput } from "@/api/types";
import { type Finding, keyOf, ORIGIN } from "./select";

/** The part of a score that a reader decides; who says it is added when it is sent. */
export type Said = Pick<Score, "name" | "subject" | "flag" | "label" | "evidence" | "reason">;

/** What somebody says went wrong: a code (or the origin), at a turn, with an agent. */
export type Claim = { name: string; turn: number | null; agent: string | null; reason: string };

export function verdict({ score }: Finding, flag: boolean): Said {
  const { name, subject, evidence } = score;
  return { name, subject, flag, label: null, evidence, reason: null };
}

/** A finding of the reader's own. The origin names its agent as the imported labels do. */
export function claimed(runId: string, { name, turn, agent, reason }: Claim): Said {
  const kind = turn === null ? "run" : "turn";
  const subject = { kind, run_id: runId, span_id: null, turn, agent } satisfies Score["subject"];
  const isOrigin = name === ORIGIN;
  return {
    name,
    subject,
    flag: isOrigin ? null : true,
    label: isOrigin ? agent : null,
    evidence: turn === null ? [] : [turn],
    reason: reason.trim() || null,
  };
}

/** This is not it, but that: the one is rejected and the other said, unless both are the same matter. */
export function corrected(runId: string, finding: Finding, claim: Claim): Said[] {
  const said = claimed(runId, claim);
  return keyOf(said) === keyOf(finding.score) ? [said] : [verdict(finding, false), said];
}

/** What stood before, as far as this evaluator said anything; else a verdict that is none. */
export function undone(said: readonly Said[], before: readonly Score[], evaluator: string): Said[] {
  return said.map((each) => {
    const stood = before
      .filter((score) => score.evaluator === evaluator && keyOf(score) === keyOf(each))
      .reduce<Score | null>((latest, score) => (latest && latest.time > score.time ? latest : score), null);
    return stood ?? { ...each, flag: null, label: null, reason: null };
  });
}

export function asInput(said: Said, evaluator: string): ScoreInput {
  const { name, subject, flag, label, evidence, reason } = said;
  return { name, subject, flag, label, evidence, reason, source: "human", evaluator, evaluator_version: "1" };
}
