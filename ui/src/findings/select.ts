import type { Score } from "@/api/types";

/** What people say of a finding: nothing yet, that it holds, that it does not, or both. */
export type Standing = "open" | "agreed" | "rejected" | "contested";

/** What people and programs said of one matter: the same name on the same subject. */
export type Finding = {
  key: string;
  score: Score;
  /** The turn at which it is shown, or null where it speaks of the run as a whole. */
  turn: number | null;
  evidence: readonly number[];
  /** Why, without the rank that it may begin with. */
  reason: string | null;
  /** Verdicts of people on this finding, the latest of each; a verdict that was taken back is none. */
  people: readonly Score[];
  standing: Standing;
};

/** What was found in a run: failure modes by turn, and guesses at where it began, the best one first. */
export type Found = { codes: readonly Finding[]; origins: readonly Finding[] };

export const ORIGIN = "origin";
const RANKED = /^(\d+)\.\s*/;

/** What a score is about: two scores with the same key are verdicts on the same matter. */
export function keyOf({ name, subject }: Pick<Score, "name" | "subject">): string {
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

function isVerdict(score: Score): boolean {
  return score.flag !== null || score.label !== null || score.number !== null;
}

function standingOf(people: readonly Score[]): Standing {
  const agreeing = people.filter(isPositive).length;
  if (people.length === 0) return "open";
  if (agreeing === people.length) return "agreed";
  return agreeing === 0 ? "rejected" : "contested";
}

/** The findings of a run. One that only a person made is a finding too. */
export function findingsOf(scores: readonly Score[]): Found {
  const groups = new Map<string, Score[]>();
  for (const score of latest(scores)) groups.set(keyOf(score), [...(groups.get(keyOf(score)) ?? []), score]);
  const findings = [...groups].flatMap(([key, group]): Finding[] => {
    const people = group.filter((score) => score.source === "human" && isVerdict(score));
    const score = group.find((each) => each.source !== "human" && isPositive(each)) ?? people.find(isPositive);
    if (!score) return [];
    const evidence = [...score.evidence].sort((a, b) => a - b);
    const reason = score.reason?.replace(RANKED, "") || null;
    const turn = score.subject.turn ?? evidence[0] ?? null;
    return [{ key, score, turn, evidence, reason, people, standing: standingOf(people) }];
  });
  const byTurn = (a: Finding, b: Finding) => (a.turn ?? -1) - (b.turn ?? -1);
  return {
    codes: findings.filter(({ score }) => score.name !== ORIGIN).sort(byTurn),
    origins: findings
      .filter(({ score }) => score.name === ORIGIN)
      .sort((a, b) => rankOf(a) - rankOf(b) || byTurn(a, b)),
  };
}

/** What a person says or confirms comes before every guess, what people reject comes last; guesses keep their rank. */
function rankOf({ score, standing }: Finding): number {
  if (standing === "rejected") return Number.POSITIVE_INFINITY;
  if (score.source === "human") return 0;
  if (standing === "agreed") return 0.5;
  const rank = RANKED.exec(score.reason ?? "")?.[1];
  return rank === undefined ? 1 + (1 - (score.confidence ?? 0)) : Number(rank);
}

/** Whether people reject it: it stays to be seen, and no longer counts. */
export function isRejected(finding: Finding): boolean {
  return finding.standing === "rejected";
}

/** The likeliest place where it began, unless people reject it. */
export function likeliest(origins: readonly Finding[]): Finding | null {
  const [first] = origins;
  return first && !isRejected(first) ? first : null;
}
