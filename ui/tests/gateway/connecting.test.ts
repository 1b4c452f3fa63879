import { describe, expect, it, test } from "vitest";
import type { GatewayCall } from "@/api/types";
import { isAbout } from "@/gateway/about";
import { PROGRAMS } from "@/gateway/programs";
import { saidError } from "@/gateway/saidError";
import { sorted } from "@/gateway/sorted";
import { limitsOf, rowsOf } from "@/settings/limits";

const place = { origin: "http://masthead:8765", key: "mh_k", model: "best", project: null };
const written = (word: string, more: { project?: string } = {}) =>
  PROGRAMS.find((program) => program.word === word)?.write({ ...place, ...more }) ?? "";

describe("programs", () => {
  it("have the base URL that their client wants, the key and a model that is served", () => {
    expect(written("OpenAI SDK")).toContain('base_url="http://masthead:8765/v1"');
    expect(written("Anthropic SDK")).toContain('base_url="http://masthead:8765"');
    expect(written("LangChain")).toContain('model="best"');
    expect(written("curl")).toContain("curl http://masthead:8765/v1/chat/completions");
    expect(PROGRAMS.every(({ write }) => write(place).includes("mh_k"))).toBe(true);
  });

  it("name the project where no key does", () => {
    expect(written("OpenAI SDK", { project: "shop" })).toContain('default_headers={"X-Masthead-Project": "shop"}');
    expect(written("curl", { project: "shop" })).toContain('-H "X-Masthead-Project: shop"');
    expect(PROGRAMS.some(({ write }) => write(place).includes("Project"))).toBe(false);
  });
});

describe("limits of a key", () => {
  const none = { requests: null, tokens: null, cost_usd: null };

  it("come back from the form as they went in", () => {
    const limits = [
      { ...none, window: "day" as const, cost_usd: "5", tokens: 9 },
      { ...none, window: "minute" as const, requests: 60 },
    ];
    expect(limitsOf(rowsOf(limits))).toEqual([
      { window: "day", cost_usd: "5" },
      { window: "day", tokens: 9 },
      { window: "minute", requests: 60 },
    ]);
  });

  it("are none where no amount is typed", () => {
    expect(limitsOf([{ amount: " ", kind: "tokens", window: "day" }])).toEqual([]);
  });
});

test("rows are sorted either way, and what is unknown is last", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 7 }];
  const of = (row: { n: number | null }) => row.n;
  expect(sorted(rows, of, false).map(of)).toEqual([7, 2, null]);
  expect(sorted(rows, of, true).map(of)).toEqual([2, 7, null]);
  expect(sorted(rows, undefined, true)).toEqual(rows);
});

test("an error is told in its provider's words", () => {
  expect(saidError('{"error":{"message":"Come back later.","type":"server_error"}}')).toBe("Come back later.");
  expect(saidError('[{"error":{"message":"No quota."}}]')).toBe("No quota.");
  expect(saidError('{"detail":"gone"}')).toBe("gone");
  expect(saidError("connection reset")).toBe("connection reset");
  expect(saidError('{"error":{"message":"cut o')).toBe('{"error":{"message":"cut o');
  expect(saidError('{"code":7}')).toBe('{"code":7}');
});

test("a call is found by what it tells of itself", () => {
  const call = { key: "team-a", agent: null, model_asked: "best", model: "gpt-4o", run_id: "ab12" } as GatewayCall;
  expect([isAbout(call, " TEAM"), isAbout(call, "4o"), isAbout(call, ""), isAbout(call, "claude")]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
