import { describe, expect, it } from "vitest";
import type { ServedModel } from "@/api/types";
import { BY_WORDS, USAGE_BY } from "@/gateway/by";
import { marksOf } from "@/gateway/marks";
import { servedBy } from "@/models/served";

const QUIET = { cache: null, tries: 1, guard: null, purpose: null, error: null, status: 200 };

describe("what is worth knowing of a call", () => {
  it("is nothing where all went as usual", () => {
    expect(marksOf(QUIET)).toEqual([]);
    expect(marksOf({ ...QUIET, cache: "miss" })).toEqual([]);
  });

  it("names kept answers, further tries, guards, and the gateway's own calls", () => {
    const words = marksOf({ ...QUIET, cache: "hit", tries: 3, guard: "stopped", purpose: "shadow" });
    expect(words.map(({ word }) => word)).toEqual(["cache hit", "3 tries", "guard: stopped", "shadow"]);
  });

  it("tells a stream that broke off from an answer that was refused", () => {
    expect(marksOf({ ...QUIET, error: "reset", status: 200 }).map(({ word }) => word)).toEqual(["broke off"]);
    expect(marksOf({ ...QUIET, error: "no key", status: 401 })).toEqual([]);
  });

  it("shows what a newer guard did, by its own word", () => {
    expect(marksOf({ ...QUIET, guard: "asked a person" })[0]?.word).toBe("guard: asked a person");
  });
});

function served(model: string, kind: ServedModel["kind"], ...places: [string, string, string][]): ServedModel {
  return {
    model,
    kind,
    places: places.map(([connection, provider, name]) => ({ connection, provider, model: name })),
    context_tokens: null,
    max_output_tokens: null,
    capabilities: null,
    usd_per_million: null,
    limit_field: "max_tokens",
  };
}

describe("who serves a model of the catalogue", () => {
  const serving = servedBy([
    served("best", "route", ["backup", "groq", "llama"], ["main", "openai", "gpt-4o"]),
    served("gpt-4o", "named", ["main", "openai", "gpt-4o"], ["spare", "openai", "gpt-4o"]),
    served("main/o3", "known", ["main", "openai", "o3"]),
  ]);

  it("lists connections once, and the routes that lead there", () => {
    expect(serving("openai", "gpt-4o")).toEqual({ connections: ["main", "spare"], name: "gpt-4o", aliases: ["best"] });
  });

  it("gives the name to call it by", () => {
    expect(serving("openai", "o3")?.name).toBe("main/o3");
    expect(serving("groq", "llama")?.name).toBe("best");
  });

  it("knows nobody of another provider's model of that name", () => {
    expect(serving("azure", "gpt-4o")).toBeUndefined();
  });
});

it("has words for every way of adding up", () => {
  expect(Object.keys(BY_WORDS).sort()).toEqual([...USAGE_BY].sort());
});
