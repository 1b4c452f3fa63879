import type { Diagnosis, Score } from "@/api/types";

/**
 * What a diagnosis says, as the scores that storing it would write: one way to show a finding, stored or not.
 * A stored score of the same evaluator on the same subject is later than these and takes their place.
 */
export function diagnosedScores(diagnosis: Diagnosis, stored: readonly Score[]): Score[] {
  const told = new Set(
    stored.filter(({ source }) => source !== "code").map((each) => `${each.evaluator}|${each.name}`),
  );
  const common = { number: null, source: "code" as const, time: "" };
  const subject = (turn: number | null, agent: string | null): Score["subject"] => ({
    kind: turn === null ? "run" : "turn",
    run_id: diagnosis.run_id,
    span_id: null,
    turn,
    agent,
  });
  // What judges and people said is part of a diagnosis; their own scores say it better.
  const own = diagnosis.findings.filter((finding) => !told.has(`${finding.evaluator}|${finding.code}`));
  const findings = own.map(
    (finding, place): Score => ({
      ...common,
      id: `finding-${place}`,
      name: finding.code,
      subject: subject(finding.began_turn, finding.began_agent),
      label: null,
      flag: true,
      reason: finding.reason,
      evidence: finding.evidence,
      confidence: finding.confidence,
      evaluator: finding.evaluator,
      evaluator_version: finding.evaluator_version,
    }),
  );
  const origins = (diagnosis.attribution?.hypotheses ?? []).map(
    (guess, place): Score => ({
      ...common,
      id: `origin-${place}`,
      name: "origin",
      subject: subject(guess.turn, guess.agent),
      label: guess.agent,
      flag: null,
      reason: `${place + 1}. ${guess.basis} by ${guess.method}: ${guess.reason}`,
      evidence: guess.evidence,
      confidence: guess.confidence,
      evaluator: "origin",
      evaluator_version: "",
    }),
  );
  return [...findings, ...origins];
}
