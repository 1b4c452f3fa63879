import { describe, expect, test } from "vitest";
import { typedList } from "@/formats/lists";
import { at, faultsAt, moved, nameFrom, put, shown } from "@/gateway/config/document";

const DOCUMENT = {
  connections: { mine: { provider: "openai", models: ["a"] } },
  routes: [{ model: "best", targets: [{ connection: "mine" }] }],
};

describe("a document", () => {
  test("is read by path, and only by what stands in it", () => {
    expect(at(DOCUMENT, ["routes", 0, "targets", 0, "connection"])).toBe("mine");
    expect(at(DOCUMENT, ["routes", 7, "model"])).toBeUndefined();
    expect(at(DOCUMENT, ["connections", "constructor"])).toBeUndefined();
    expect(at(DOCUMENT, ["connections", "mine", "provider", "length"])).toBeUndefined();
  });

  test("is changed in one place, and what it was stays as it was", () => {
    const next = put(DOCUMENT, ["connections", "mine", "base_url"], "http://x");
    expect(at(next, ["connections", "mine"])).toEqual({ provider: "openai", models: ["a"], base_url: "http://x" });
    expect(at(DOCUMENT, ["connections", "mine", "base_url"])).toBeUndefined();
    expect(next.routes).toBe(DOCUMENT.routes);
  });

  test("loses what is taken out, and parts that this leaves empty", () => {
    expect(put({ guards: { run: { calls: 3 } } }, ["guards", "run", "calls"], undefined)).toEqual({});
    expect(put(DOCUMENT, ["routes", 0], undefined)).toEqual({ connections: DOCUMENT.connections });
  });

  test("keeps an entry of which a value is taken out, so that its place does not change", () => {
    const limits = { limits: [{ per: "key" }, { per: "user" }] };
    expect(put(limits, ["limits", 0, "per"], undefined)).toEqual({ limits: [{}, { per: "user" }] });
  });

  test("gains parts that were not there", () => {
    expect(put({}, ["guards", "run", "calls"], 3)).toEqual({ guards: { run: { calls: 3 } } });
    expect(put({}, ["limits", 0], { per: "key" })).toEqual({ limits: [{ per: "key" }] });
  });

  test("holds no names of JavaScript's own", () => {
    const next = put({}, ["connections", "__proto__"], { provider: "x" });
    expect(({} as { provider?: string }).provider).toBeUndefined();
    expect(JSON.stringify(next)).not.toContain("polluted");
  });
});

test("an entry moves up and down, not beyond the ends", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});

test("faults are found by their place, those of plugins without their kind", () => {
  const faults = [
    { where: "routes.0.targets.1.when", message: "no CEL" },
    { where: "plugins.0.pii.find.0", message: "no kind" },
    { where: "routes.01", message: "another" },
  ];
  expect(faultsAt(faults, ["routes", 0])).toEqual([]);
  expect(faultsAt(faults, ["routes", 0], true)).toEqual(["no CEL"]);
  expect(faultsAt(faults, ["plugins", 0, "find"], true)).toEqual(["no kind"]);
});

test("names are made of what people type, and are never taken twice", () => {
  expect(nameFrom("Amazon Bedrock!", [])).toBe("amazon-bedrock-");
  expect(nameFrom("openai", ["openai", "openai-2"])).toBe("openai-3");
  expect(nameFrom("***", [])).toBe("connection");
});

test("values read without braces and quotes", () => {
  expect(shown({ per: "key", only: ["a", "b"], targets: [{ model: "x" }], is_on: true })).toBe(
    "per: key, only: a, b, targets: (model: x), is_on: yes",
  );
  expect([shown(null), shown([]), shown(0)]).toEqual(["not set", "none", "0"]);
});

test("lists are typed by commas and line ends", () => {
  expect(typedList(" a, b\n\n,c ")).toEqual(["a", "b", "c"]);
});
