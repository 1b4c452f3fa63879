import { describe, expect, test } from "vitest";
import type { Stat } from "@/api/types";
import { bars } from "@/runs/histogram";
import { bucketFor, localTime, reachOf, resolve, rfc3339 } from "@/runs/range";

const NOW = Date.parse("2026-03-01T12:00:30Z");

function stat(start: string, runs: number, group: string | null): Stat {
  const unknown = { input_tokens: null, output_tokens: null, cost_usd: null, latency_p50_s: null, latency_p95_s: null };
  return { start, runs, group, failures: 0, errors: 0, spans: 0, llm_calls: 0, ...unknown };
}

describe("time ranges", () => {
  test("relative ones are whole minutes, so that queries of one page agree", () => {
    expect(resolve("-1h", NOW)).toBe("2026-03-01T11:00:00.000Z");
    expect(resolve("-7d", NOW)).toBe("2026-02-22T12:00:00.000Z");
  });

  test("absolute ones pass through, nonsense is no bound", () => {
    expect(resolve("2026-02-01T00:00:00Z", NOW)).toBe("2026-02-01T00:00:00.000Z");
    expect(resolve("yesterday-ish", NOW)).toBeUndefined();
    expect(resolve(undefined, NOW)).toBeUndefined();
  });

  test("a field of date and time shows a time to the minute, and gives it back", () => {
    expect(rfc3339(localTime("2026-02-01T10:20:30Z"))).toBe("2026-02-01T10:20:00.000Z");
    expect([localTime(undefined), localTime("-1h"), rfc3339("")]).toEqual(["", "", undefined]);
  });

  test("buckets grow with the range", () => {
    expect([3_600_000, 86_400_000, 30 * 86_400_000, 400 * 86_400_000].map(bucketFor)).toEqual([
      "minute",
      "hour",
      "day",
      "week",
    ]);
  });

  test("without a bound the histogram reaches from the first day to the end of the last", () => {
    const days = [stat("2026-01-01T00:00:00Z", 1, null), stat("2026-01-03T00:00:00Z", 1, null)];
    expect(reachOf({}, days)).toEqual({ from: Date.parse("2026-01-01"), to: Date.parse("2026-01-04") });
    expect(reachOf({}, [])).toBeNull();
  });
});

describe("the histogram", () => {
  test("stacks outcomes and fills quiet times with empty bars", () => {
    const rows = [
      stat("2026-01-01T00:00:00Z", 2, "success"),
      stat("2026-01-01T00:00:00Z", 1, null),
      stat("2026-01-03T00:00:00Z", 4, "failure"),
    ];
    const filled = bars(rows, "day");
    expect(filled.map((bar) => bar.total).slice(-3)).toEqual([3, 0, 4]);
    expect(filled.at(-3)?.parts).toEqual({ success: 2, unknown: 1 });
  });

  test("reaches as far as was asked, on the rows' own grid", () => {
    const filled = bars(
      [stat("2026-01-02T00:00:00Z", 1, null)],
      "day",
      Date.parse("2025-12-31T06:00:00Z"),
      Date.parse("2026-01-05T00:00:00Z"),
    );
    expect(filled).toHaveLength(4);
    expect(filled[1]?.total).toBe(1);
  });

  test("nothing gives nothing", () => {
    expect(bars([], "day")).toEqual([]);
  });
});
