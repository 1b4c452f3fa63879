import type { Score } from "@/api/types";

/** What people and programs said of one matter: the same name on the same subject. */
export type Finding = {
  key: string;
  score: Score;
  /** The turn at which it is shown, or null where it speaks of the run as a whole. */
  turn: number | null;
  evidence: readonly number[];
  /** Verdicts of people on this finding, the latest of each. */
  people: readonly Score[];
};

function keyOf({ name, subject }: Score): string {
  return [name, subject.kind, subject.span_id ?? "", subject.turn ?? "", subject.agent ?? ""].join("|");
}

/** The latest score of each evaluator counts: a correction is a later row. */
function latest(scores: readonly Score[]): Score[] {
  const newest = new Map<string, Score>();
  for (const score of scores) {
    const key = `${score.evaluator}|${keyOf(score)}`;
    const known = newest.get(key);
    if (!known || known.time < score.time) newest.set(key, score);
  }
  return [...newest.values()];
}

/** A verdict that something is there. Abstentions and verdicts of absence are no findings. */
function isPositive(score: Score): boolean {
  return score.flag === true || (score.flag === null && (score.label !== null || score.number !== null));
}

/** The findings of a run in order of their turns. One that only a person made is a finding too. */
export function findingsOf(scores: readonly Score[]): Finding[] {
  const groups = new Map<string, Score[]>();
  for (const score of latest(scores)) groups.set(keyOf(score), [...(groups.get(keyOf(score)) ?? []), score]);
  const findings = [...groups].flatMap(([key, group]): Finding[] => {
    const people = group.filter((score) => score.source === "human");
    const score = group.find((each) => each.source !== "human" && isPositive(each)) ?? people.find(isPositive);
    if (!score) return [];
    const evidence = [...score.evidence].sort((a, b) => a - b);
    return [{ key, score, turn: score.subject.turn ?? evidence[0] ?? null, evidence, people }];
  });
  return findings.sort((a, b) => (a.turn ?? -1) - (b.turn ?? -1));
}
