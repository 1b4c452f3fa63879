import type { Evaluator } from "@/api/schema";

export const SOURCES: Record<Evaluator["source"], string> = { code: "code", llm: "model", human: "person" };

const NAMES: Record<string, string> = { detectors: "All detectors together" };

export function titleOf(evaluator: string): string {
  return NAMES[evaluator] ?? evaluator;
}

/** The evaluator that the address names, else the first that was measured. */
export function chosenOf(evaluators: readonly Evaluator[], name: string | undefined): Evaluator | undefined {
  const measured = evaluators.find(({ runs }) => runs > 0);
  return name === undefined ? measured : (evaluators.find(({ evaluator }) => evaluator === name) ?? measured);
}

/** Measured ones first, all detectors together before each, then by kappa, the best first; unmeasured ones by name. */
export function ranked(evaluators: readonly Evaluator[]): Evaluator[] {
  const kappa = (each: Evaluator) => each.pooled?.kappa ?? -2;
  return [...evaluators].sort(
    (a, b) =>
      Number(b.runs > 0) - Number(a.runs > 0) ||
      Number(b.evaluator === "detectors") - Number(a.evaluator === "detectors") ||
      kappa(b) - kappa(a) ||
      a.evaluator.localeCompare(b.evaluator),
  );
}

const MOST_UNMEASURED = 3;

/** The evaluators to show one by one, and, where many are unmeasured, those that one line can name together. */
export function foldedOf(evaluators: readonly Evaluator[]): { shown: Evaluator[]; folded: Evaluator[] } {
  const all = ranked(evaluators);
  const unmeasured = all.filter(({ runs }) => runs === 0);
  if (unmeasured.length <= MOST_UNMEASURED) return { shown: all, folded: [] };
  return { shown: all.filter(({ runs }) => runs > 0), folded: unmeasured };
}
