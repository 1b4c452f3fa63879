import { describe, expect, test } from "vitest";
import { has, parse, toggle } from "@/runs/query";
import { complete, suggestions } from "@/runs/suggest";

describe("the query bar's language", () => {
  test("maps terms to the parameters of the list", () => {
    const { filter, problems } = parse(
      "outcome:failure agent:Planner cost:>0.10 duration:<=2m tokens:>10k meta.design:topology",
    );
    expect(filter).toEqual({
      outcome: "failure",
      agent: "Planner",
      min_cost_usd: "0.10",
      max_duration_s: 120,
      min_tokens: 10_000,
      metadata: ["design=topology"],
    });
    expect(problems).toEqual([]);
  });

  test("keeps everything else as free text, quoted or not", () => {
    expect(parse('out "of memory" again').filter.text).toBe("out of memory again");
  });

  test("takes a word with a colon that is no key as text", () => {
    expect(parse("https://example.org error:42").filter.text).toBe("https://example.org error:42");
  });

  test("reads quoted values with blanks, quotes and backslashes", () => {
    expect(parse('agent:"Web \\"Surfer\\" \\\\ 2"').filter.agent).toBe('Web "Surfer" \\ 2');
  });

  test("reports what it cannot read instead of ignoring it", () => {
    expect(parse("outcome:won").problems).toEqual(["outcome:won is not known; try success, failure, error"]);
    expect(parse("cost:cheap").problems[0]).toContain("cost:cheap");
    expect(parse("has:luck").problems[0]).toContain("has:error");
  });

  test("says nothing about a key whose value is not typed yet", () => {
    expect(parse("outcome:")).toEqual({ filter: {}, terms: [], problems: [] });
  });

  test("has:error asks for runs with a failed span", () => {
    expect(parse("has:error").filter).toEqual({ has_error: true });
  });
});

describe("choosing a facet", () => {
  test("adds a term, quoted where it must be", () => {
    expect(toggle("error", "agent", "Web Surfer")).toBe('error agent:"Web Surfer"');
  });

  test("replaces another value of the same key", () => {
    expect(toggle("agent:A tag:x", "agent", "B")).toBe("tag:x agent:B");
  });

  test("takes the term out when chosen again", () => {
    expect(toggle('tag:x agent:"Web Surfer" boom', "agent", "Web Surfer")).toBe("tag:x boom");
  });

  test("what it wrote is read back", () => {
    for (const value of ["plain", "two words", 'a"b', "back\\slash", "co:lon", "ünïcode"]) {
      expect(has(toggle("", "tag", value), "tag", value)).toBe(true);
    }
  });
});

describe("suggestions", () => {
  const facets = {
    agents: [
      { value: "Planner", runs: 2 },
      { value: "Web Surfer", runs: 1 },
    ],
    models: [],
    systems: [],
    outcomes: [],
    tags: [],
  };

  test("offer keys while a word is typed", () => {
    expect(suggestions("ou", facets).map((each) => each.insert)).toEqual(["outcome:"]);
  });

  test("offer values once there is a colon, and complete the last word alone", () => {
    const [first] = suggestions("tag:x agent:surf", facets);
    expect(first?.insert).toBe('agent:"Web Surfer"');
    expect(first && complete("tag:x agent:surf", first)).toBe('tag:x agent:"Web Surfer" ');
  });
});
