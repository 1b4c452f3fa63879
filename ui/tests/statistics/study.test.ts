import { describe, expect, test } from "vitest";
import { chosenOf, foldedOf, ranked } from "@/agreement/evaluators";
import type { CodeRow, Evaluator, Trend } from "@/api/schema";
import { compared, halves, modeOf, pair, periodOf, periodText, usualKey, usualWithin } from "@/compare/asked";
import { sorted, spentAfter } from "@/failures/cost";
import { lines } from "@/failures/lines";
import { aroundZero, fromZero, scale, ticks } from "@/statistics/scale";
import { narrowed, termOf } from "@/statistics/terms";
import { between, figure, points, pointsTick, pValue, share, strength, tick } from "@/statistics/text";

describe("figures as text", () => {
  test("unknown is a dash, never zero", () => {
    for (const text of [share(null), points(null), figure(null), pValue(null), between(null, share)])
      expect(text).toBe("–");
  });

  test("shares, differences and p-values are written as people read them", () => {
    expect([share(0.8475, 2), share(0.07, 0), tick(0.075), tick(0.1)]).toEqual(["84.75%", "7%", "7.5%", "10%"]);
    expect([points(0.05), points(-0.0425, 2), points(-0.0001), pointsTick(-0.1)]).toEqual([
      "+5.0",
      "−4.25",
      "0.0",
      "−10",
    ]);
    expect([pValue(0.00004), pValue(0.0004), pValue(1)]).toEqual(["< 0.0001", "0.0004", "1.000"]);
    expect([figure(-0.001), figure(-0.25)]).toEqual(["0.00", "−0.25"]);
    expect(between({ low: -0.023, high: 0.039 }, points)).toBe("−2.3 to +3.9");
  });

  test("a kappa at chance is not called slight agreement", () => {
    expect([null, -0.3, 0, 0.1, 0.6, 1].map(strength)).toEqual([
      "not defined",
      "worse than chance",
      "no better than chance",
      "slight",
      "moderate",
      "almost perfect",
    ]);
  });
});

describe("scales", () => {
  test("hold every value in whole steps", () => {
    expect(aroundZero([0.074, -0.02])).toMatchObject({ low: -0.1, high: 0.1 });
    expect(fromZero([0.12]).high).toBeCloseTo(0.15);
    expect(fromZero([0.99, 1]).high).toBe(1);
    expect(aroundZero([]).high).toBeCloseTo(0.05);
  });

  test("keep what lies outside at their ends", () => {
    const line = scale(-0.25, 1);
    expect([line.at(-1), line.at(0), line.at(1), line.at(2)]).toEqual([0, 20, 100, 100]);
    expect(ticks(scale(0, 1), 2)).toEqual([0, 0.5, 1]);
  });
});

describe("ways to the list of runs", () => {
  test("a group becomes the query bar's term", () => {
    expect(termOf("system", "AG2/MathChat", false)).toBe("system:AG2/MathChat");
    expect(termOf("agent", "Web Surfer", false)).toBe('agent:"Web Surfer"');
    expect(termOf("model", "gpt-4", true)).toBe("meta.model:gpt-4");
  });

  test("there is no way where the list has no such filter", () => {
    expect([termOf("ending", "limit", false), termOf("a key", "x", true)]).toEqual([null, null]);
    expect(termOf("outcome", "unknown", false)).toBeNull();
    expect(narrowed("outcome:failure", "code:FM-1.3", null)).toBeNull();
  });

  test("a term that is there already is not added again", () => {
    expect(narrowed("code:FM-1.3 outcome:failure", "code:FM-1.3", "system:A")).toBe(
      "code:FM-1.3 outcome:failure system:A",
    );
    expect(narrowed("", "code:FM-1.3")).toBe("code:FM-1.3");
  });
});

describe("what is compared", () => {
  test("the address says how", () => {
    expect(modeOf({})).toBe("key");
    expect(modeOf({ first: "design=a", second: "design=" })).toBe("groups");
    expect(modeOf({ first: "since=2026-01-01", second: "since=2026-02-01,until=2026-03-01" })).toBe("periods");
  });

  test("nothing is asked while something is to be chosen", () => {
    expect(compared({}, undefined, undefined)).toBeNull();
    expect(compared({ first: "design=a", second: "design=a" }, undefined, undefined)).toBeNull();
    expect(compared({}, "design", "model")).toEqual({ by: "design", within: "model" });
    expect(compared({ first: "d=a", second: "d=b" }, undefined, undefined)).toEqual({ group: ["d=a", "d=b"] });
  });

  test("groups and periods are read back as they were written", () => {
    expect(pair("answer=a=b")).toEqual({ key: "answer", value: "a=b" });
    expect(pair("=x")).toBeNull();
    const period = { since: "2026-01-01", until: "2026-02-01" };
    expect(periodOf(periodText(period))).toEqual(period);
    expect(periodText({ since: "", until: "" })).toBeUndefined();
  });

  test("two periods begin as the halves of the days that have runs", () => {
    expect(halves(["2026-01-01", "2026-01-02", "2026-01-05"])).toEqual({
      first: "until=2026-01-02",
      second: "since=2026-01-02",
    });
    expect(halves(["2026-01-01"])).toBeNull();
    expect(modeOf(halves(["2026-01-01", "2026-01-02"]) ?? {})).toBe("periods");
  });

  test("designs come before models, and models are kept apart", () => {
    const keys = [
      { key: "system", values: 1 },
      { key: "model", values: 2 },
      { key: "task", values: 200 },
      { key: "design", values: 3 },
    ];
    expect(usualKey(keys)).toBe("design");
    expect(usualWithin(keys, "design")).toBe("model");
    expect(usualWithin(keys, "model")).toBeUndefined();
    expect(usualKey([{ key: "outcome", values: 2 }])).toBeUndefined();
  });
});

const LOST = { turns_after: 3, tokens_after: null, usd_after: null };
const row = (code: string, runs: number, tokens: number | null) =>
  ({ code, runs, of_failed: null, lost: { ...LOST, tokens_after: tokens } }) as unknown as CodeRow;

describe("failure modes", () => {
  test("are ordered by the chosen figure, unknown ones last", () => {
    const rows = [row("FM-1.1", 1, 900), row("FM-1.2", 5, null), row("FM-1.3", 5, 10)];
    expect(sorted(rows, "runs").map(({ code }) => code)).toEqual(["FM-1.2", "FM-1.3", "FM-1.1"]);
    expect(sorted(rows, "spent").map(({ code }) => code)).toEqual(["FM-1.1", "FM-1.3", "FM-1.2"]);
    expect([spentAfter(rows[0]?.lost ?? ({} as never)), spentAfter(rows[1]?.lost ?? ({} as never))]).toEqual([
      "900 tokens",
      "3 turns",
    ]);
  });

  test("a mode that is absent on a day is at zero, not unknown", () => {
    const day = (name: string, codes: object[]) =>
      ({
        day: name,
        days: 1,
        runs: 4,
        success: { of_recorded: 0.5, of_recorded_interval: null },
        codes,
      }) as unknown as Trend;
    const found = lines([
      day("2026-01-01", [{ code: "FM-1.3", runs: 2, share: 0.5, interval: null }]),
      day("2026-01-02", []),
    ]);
    expect(found.map(({ name, points: all }) => [name, all.map(({ value }) => value)])).toEqual([
      ["Success", [0.5, 0.5]],
      ["FM-1.3", [0.5, 0]],
    ]);
  });
});

describe("evaluators", () => {
  const of = (evaluator: string, kappa: number | null, runs = 10) =>
    ({ evaluator, runs, pooled: runs > 0 ? { kappa } : null }) as unknown as Evaluator;
  const all = [of("ada", null, 0), of("cycle", 0), of("restart", 0.9), of("detectors", 0.6)];

  test("all detectors come first, then the best, then the unmeasured", () => {
    expect(ranked(all).map(({ evaluator }) => evaluator)).toEqual(["detectors", "restart", "cycle", "ada"]);
  });

  test("many that are unmeasured are named together, a few one by one", () => {
    const many = ["a", "b", "c", "d"].map((name) => of(name, null, 0));
    expect(foldedOf([...many, of("restart", 0.9)])).toMatchObject({
      shown: [{ evaluator: "restart" }],
      folded: many.map(({ evaluator }) => ({ evaluator })),
    });
    expect(foldedOf(all).folded).toEqual([]);
  });

  test("the address chooses; without it the first that was measured", () => {
    expect(chosenOf(all, "restart")?.evaluator).toBe("restart");
    expect(chosenOf(all, undefined)?.evaluator).toBe("cycle");
    expect(chosenOf(all.slice(0, 1), undefined)).toBeUndefined();
  });
});
