import { describe, expect, it } from "vitest";
import type { Run } from "@/api/types";
import { askedBy, quickly } from "@/runs/asked";
import { parse } from "@/runs/query";
import { between } from "@/runs/selection";
import { ways } from "@/runs/ways";

const runs = ["a", "b", "c", "d"].map((run_id) => ({ run_id }) as Run);

describe("a range of runs", () => {
  it("has both ends, whichever comes first", () => {
    expect(between(runs, 1, 3)).toEqual(["b", "c", "d"]);
    expect(between(runs, 3, 1)).toEqual(["b", "c", "d"]);
    expect(between(runs, 2, 2)).toEqual(["c"]);
  });
});

describe("what an address asks for", () => {
  const now = Date.parse("2026-11-22T12:00:30Z");

  it("is the query and the times, in whole minutes so that queries agree", () => {
    const asked = askedBy({ q: 'outcome:failure "out of memory"', since: "-1h" }, now);
    expect(asked.filter).toEqual({ outcome: "failure", text: "out of memory", since: "2026-11-22T11:00:00.000Z" });
    expect(askedBy({ since: "-1h" }, now + 20_000).filter).toEqual({ since: "2026-11-22T11:00:00.000Z" });
  });

  it("looks for words in what runs are about first", () => {
    expect(quickly({ outcome: "failure", text: "saffron" })).toEqual({ outcome: "failure", about: "saffron" });
    expect(quickly({ outcome: "failure" })).toEqual({ outcome: "failure" });
  });
});

describe("terms on diagnoses and ids", () => {
  it("are parameters of the list", () => {
    expect(parse("code:FM-1.3 began:Planner id:3FA9").filter).toEqual({
      code: "FM-1.3",
      origin_agent: "Planner",
      run_id_prefix: "3fa9",
    });
  });

  it("are reported where they cannot be read", () => {
    const { filter, problems } = parse("id:xyz");
    expect(filter).toEqual({});
    expect(problems[0]).toContain("id:xyz");
  });
});

describe("the ways to send a run", () => {
  const endpoint = "http://127.0.0.1:8765";
  const codes = (given: Partial<Parameters<typeof ways>[0]>) =>
    ways({ endpoint, project: "default", needsKey: false, key: null, ...given }).map((way) => way.code);

  it("need nothing but the address where no key is needed", () => {
    const [otel, python] = codes({});
    expect(otel).not.toContain("HEADERS");
    expect(python).toContain(`masthead.init(endpoint="${endpoint}")`);
  });

  it("name the project", () => {
    const [otel, python, logs] = codes({ project: "ship" });
    expect(otel).toContain("X-Masthead-Project=ship");
    expect(python).toContain('project="ship"');
    expect(logs).toContain("--project ship");
  });

  it("carry the key, which says which project it is", () => {
    const [otel, python] = codes({ project: "ship", needsKey: true, key: "mh_1" });
    expect(otel).toContain('OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20mh_1"');
    expect(python).toContain('api_key="mh_1"');
    expect(python).not.toContain("project=");
  });
});
