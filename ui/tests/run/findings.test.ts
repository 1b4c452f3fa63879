import { describe, expect, test } from "vitest";
import type { RunsBeside, Score } from "@/api/types";
import { differences, itemsOf, summary } from "@/beside/items";
import { inWords } from "@/findings/agreement";
import { quotesIn, stretches } from "@/findings/quotes";
import { findingsOf, keyOf, likeliest } from "@/findings/select";
import { claimed, corrected, undone, verdict } from "@/findings/verdicts";
import { abridged } from "@/run/head/abridged";
import { evenAxis, placeAt, spaced, timeAxis } from "@/run/lanes/axis";

function score(change: Partial<Score> = {}): Score {
  return {
    id: "1",
    name: "FM-1.3",
    subject: { kind: "turn", run_id: "r", span_id: null, turn: 4, agent: "A" },
    number: null,
    label: null,
    flag: true,
    reason: null,
    evidence: [4],
    confidence: 0.8,
    source: "code",
    evaluator: "repeated-step",
    evaluator_version: "1",
    time: "2026-01-01T00:00:00Z",
    ...change,
  };
}

const person = (flag: boolean | null, evaluator = "ada") => score({ source: "human", evaluator, flag });

describe("what people say of a finding", () => {
  test("agreement, rejection, both, and a verdict that was taken back", () => {
    const standings = [[], [person(true)], [person(false)], [person(true), person(false, "bo")], [person(null)]].map(
      (people) => findingsOf([score(), ...people]).codes[0]?.standing,
    );
    expect(standings).toEqual(["open", "agreed", "rejected", "contested", "open"]);
  });

  test("a rejected guess is nobody's best guess any more", () => {
    const guess = score({ name: "origin", flag: null, label: "A", reason: "1. observed" });
    const other = score({ ...guess, subject: { ...guess.subject, turn: 7 }, reason: "2. inferred" });
    const rejection = score({ name: "origin", source: "human", evaluator: "ada", flag: false });
    expect(likeliest(findingsOf([guess, other]).origins)?.turn).toBe(4);
    expect(likeliest(findingsOf([guess, other, rejection]).origins)?.turn).toBe(7);
  });

  test("a correction rejects the one and says the other; the same matter is said once", () => {
    const [finding] = findingsOf([score()]).codes;
    if (!finding) throw new Error("there is a finding");
    const said = corrected("r", finding, { name: "FM-2.6", turn: 3, agent: "B", reason: " so " });
    expect(said.map(({ name, flag, subject }) => [name, flag, subject.turn])).toEqual([
      ["FM-1.3", false, 4],
      ["FM-2.6", true, 3],
    ]);
    expect(said[1]?.reason).toBe("so");
    expect(corrected("r", finding, { name: "FM-1.3", turn: 4, agent: "A", reason: "" })).toHaveLength(1);
  });

  test("where it began is said with its agent, as imported labels say it", () => {
    const said = claimed("r", { name: "origin", turn: 2, agent: "B", reason: "" });
    expect([said.flag, said.label, said.subject.kind]).toEqual([null, "B", "turn"]);
  });

  test("undoing restores what the same person said before, else says nothing", () => {
    const [finding] = findingsOf([score()]).codes;
    if (!finding) throw new Error("there is a finding");
    const said = [verdict(finding, false)];
    expect(undone(said, [score()], "ada")[0]?.flag).toBeNull();
    expect(undone(said, [score(), person(true)], "ada")[0]?.flag).toBe(true);
    expect(keyOf(undone(said, [], "ada")[0] ?? score())).toBe(keyOf(score()));
  });
});

describe("evidence", () => {
  test("quotes are read from a reason, apostrophes are none", () => {
    expect(quotesIn("It didn't say “ship it now”, and 'the other one' isn't here")).toEqual([
      "ship it now",
      "the other one",
    ]);
    expect(quotesIn(null)).toEqual([]);
  });

  test("a quote is found whatever its white space and case, in part where formatting cuts it, and never beyond", () => {
    const text = "We  Ship it\nnow, then rest";
    expect(stretches(text, ["ship it now"]).map(({ from, to }) => text.slice(from, to))).toEqual(["Ship it\nnow"]);
    expect(stretches("and so it goes without the", ["goes without the second check"])).toEqual([{ from: 10, to: 26 }]);
    expect(stretches("nothing of the kind", ["ship it now"])).toEqual([]);
  });

  test("a figure says where it was measured, or that it was not", () => {
    expect(inWords({ where: "here", kappa: 0.594, low: 0.31, high: 0.8, n: 64 })).toBe(
      "kappa 0.59 (0.31 to 0.80) on 64 labelled runs",
    );
    expect(inWords({ where: "shipped", kappa: 0.57, low: null, high: null, n: 64 })).toContain("not yet measured here");
    expect(inWords(null)).toBe("agreement with people not yet measured");
  });
});

describe("the lanes", () => {
  test("a usual pause is one column wide, a long one is cut, and no time steps back", () => {
    const axis = timeAxis([0, 1000, 2000, 3000, 90_000, 89_000], 10);
    expect(axis.width).toEqual([10, 10, 10, 90, 10, 10]);
    expect([...axis.cut]).toEqual([3]);
    expect([axis.left[4], axis.total]).toEqual([120, 140]);
    expect([placeAt(axis, 0), placeAt(axis, 125), placeAt(axis, 9999)]).toEqual([0, 4, 5]);
  });

  test("unknown times stand at even distances; labels keep apart", () => {
    expect(timeAxis([null, null, null], 10).left).toEqual(evenAxis(3, 10).left);
    expect(spaced(evenAxis(10, 10), [0, 1, 2, 3, 4, 5, 6], 25)).toEqual([0, 3, 6]);
  });

  test("a long way is told by its beginning and its end", () => {
    expect(abridged([1, 2, 3], 5)).toEqual([1, 2, 3]);
    expect(abridged([1, 2, 3, 4, 5, 6], 5)).toEqual([1, 2, 3, null, 6]);
  });
});

describe("two runs side by side", () => {
  const beside = (matches: string, divergence: number | null, difference: number | null) => ({
    left_run_id: "a",
    right_run_id: "b",
    matches: ["same", "alike", "changed", "left", "right"] as RunsBeside["matches"],
    match: [...matches].map(Number),
    left: [...matches].map((_, row) => row),
    right: [...matches].map((_, row) => row),
    likeness: [...matches].map(() => 1),
    divergence,
    difference,
  });

  test("long equal stretches are folded until they are opened", () => {
    const rows = beside("00002003", 4, 4);
    expect(itemsOf(rows, new Set()).map((item) => item.kind)).toEqual(["same", "row", "row", "row", "row"]);
    expect(itemsOf(rows, new Set([0]))).toHaveLength(8);
    expect(differences(rows)).toEqual([4, 7]);
  });

  test("their story is told in a sentence", () => {
    const of = (matches: string, divergence: number | null, difference: number | null) =>
      summary(beside(matches, divergence, difference));
    expect(of("000", null, null)).toBe("Both runs are word for word the same.");
    expect(of("010", null, 1)).toBe("Both runs took the same steps, in other words.");
    expect(of("20", 0, 0)).toBe("They part at the very first turn.");
    expect(of("0012", 3, 2)).toBe("After 3 turns in step (2 the same, 1 alike) they part.");
  });
});
