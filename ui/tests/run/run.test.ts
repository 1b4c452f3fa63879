import { describe, expect, test } from "vitest";
import type { FlowEdge, Outline, Score, SpanSummary } from "@/api/types";
import { findingsOf } from "@/findings/select";
import { rowsOf } from "@/run/chat/rows";
import { stripes } from "@/run/chat/stripes";
import { sharesOf } from "@/run/details/shares";
import { inLoops } from "@/run/flow/layout";
import { handoffTurns, neighbour, visibleTurns } from "@/run/steps";
import { branches, ticks } from "@/run/timeline/tree";

const ACTS: Outline["acts"] = ["message", "tool_call", "tool_result", "handoff", "verdict", "ending"];

function outlineOf(
  turns: ReadonlyArray<[speaker: number, act: Outline["acts"][number], addressee?: number]>,
  agents = ["A", "B", "tool"],
): Outline {
  return {
    agents,
    acts: ACTS,
    speaker: turns.map(([speaker]) => speaker),
    act: turns.map(([, act]) => ACTS.indexOf(act)),
    addressee: turns.map(([, , addressee]) => addressee ?? null),
    is_error: turns.map(() => 0),
    start_ms: turns.map(() => null),
    characters: turns.map(() => 10),
  };
}

describe("the transcript", () => {
  const outline = outlineOf([
    [0, "message"],
    [0, "tool_call"],
    [2, "tool_result"],
    [0, "message"],
    [0, "handoff", 1],
    [1, "message"],
    [1, "ending"],
  ]);

  test("a tool's answer stands under the agent that called it, which gets no second heading", () => {
    const rows = rowsOf(outline, visibleTurns(outline, null), (place) => place === 2);
    expect(rows.map((row) => row.owner)).toEqual([0, 0, 0, 0, 0, 1, 1]);
    expect(rows.map((row) => row.isFirst)).toEqual([true, false, false, false, false, true, false]);
  });

  test("singling an agent out shows what it said and what it was told", () => {
    expect(visibleTurns(outline, "B")).toEqual([4, 5, 6]);
    expect(visibleTurns(outline, "nobody")).toHaveLength(7);
  });

  test("shares count turns, calls and errors", () => {
    expect(sharesOf(outline).map((share) => [share.turns, share.toolCalls])).toEqual([
      [4, 1],
      [2, 0],
      [1, 0],
    ]);
  });

  test("handoffs are found, and steps go round at the ends", () => {
    expect(handoffTurns(outline)).toEqual([4]);
    expect([
      neighbour([1, 5, 9], 5, 1),
      neighbour([1, 5, 9], 9, 1),
      neighbour([1, 5, 9], 1, -1),
      neighbour([], 0, 1),
    ]).toEqual([9, 1, 9, null]);
  });

  test("a run of any length is drawn with no more stripes than there are pixels", () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => ({ owner: index % 2 }));
    expect(stripes(rows, 600).length).toBeLessThanOrEqual(600);
    expect(stripes([{ owner: 1 }, { owner: 1 }, { owner: 2 }], 600)).toEqual([
      { owner: 1, from: 0, to: 400 },
      { owner: 2, from: 400, to: 600 },
    ]);
  });
});

function span(span_id: string, parent_span_id: string | null): SpanSummary {
  const at = "2026-01-01T00:00:00Z";
  return {
    span_id,
    parent_span_id,
    name: span_id,
    kind: "internal",
    start: at,
    end: at,
    status: "ok",
    status_message: null,
    operation: "other",
    agent_id: null,
    agent: null,
    model: null,
    tool_name: null,
    input_tokens: null,
    output_tokens: null,
    cost_usd: null,
  };
}

describe("the waterfall", () => {
  test("children stand under their parents", () => {
    const spans = [span("a", null), span("b", "a"), span("c", "b"), span("d", "a")];
    expect(branches(spans, new Set()).map((each) => [each.span.span_id, each.depth])).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
      ["d", 1],
    ]);
    expect(branches(spans, new Set(["b"])).map((each) => each.span.span_id)).toEqual(["a", "b", "d"]);
  });

  test("missing parents, circles and a span that is its own parent hide nothing", () => {
    const spans = [span("a", "gone"), span("b", "c"), span("c", "b"), span("d", "d")];
    expect(new Set(branches(spans, new Set()).map((each) => each.span.span_id))).toEqual(new Set(["a", "b", "c", "d"]));
  });

  test("a chain of 30,000 spans does not exhaust the stack", () => {
    const spans = Array.from({ length: 30_000 }, (_, index) =>
      span(String(index), index === 0 ? null : String(index - 1)),
    );
    expect(branches(spans, new Set())).toHaveLength(30_000);
  });

  test("the ruler has a handful of round ticks", () => {
    expect(ticks(1000)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(ticks(0)).toEqual([0]);
  });
});

function edge(source: string, target: string): FlowEdge {
  return { source, target, turns: [0], handoffs: 0 };
}

test("loops are the edges on a circle, and no others", () => {
  const looping = inLoops([edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("d", "d")]);
  expect([...looping].sort()).toEqual(["b\nc", "c\nb", "d\nd"]);
});

function score(change: Partial<Score>): Score {
  return {
    id: "1",
    name: "FM-1.3",
    subject: { kind: "turn", run_id: "r", span_id: null, turn: 4, agent: null },
    number: null,
    label: null,
    flag: true,
    reason: null,
    evidence: [4, 2],
    confidence: 0.8,
    source: "code",
    evaluator: "repeated-step",
    evaluator_version: "1",
    time: "2026-01-01T00:00:00Z",
    ...change,
  };
}

describe("findings", () => {
  test("people's verdicts gather around the finding that they are about", () => {
    const { codes } = findingsOf([score({}), score({ source: "human", evaluator: "ada", flag: false })]);
    const [finding] = codes;
    expect([finding?.turn, finding?.evidence, finding?.people.map((each) => each.evaluator)]).toEqual([
      4,
      [2, 4],
      ["ada"],
    ]);
  });

  test("a correction replaces what the same evaluator said before; absence is no finding", () => {
    expect(findingsOf([score({}), score({ flag: false, time: "2026-01-02T00:00:00Z" })]).codes).toEqual([]);
  });

  test("guesses at the origin keep their rank, after what a person said", () => {
    const origin = (turn: number, reason: string, change: Partial<Score> = {}) =>
      score({ name: "origin", flag: null, label: "A", reason, subject: { ...score({}).subject, turn }, ...change });
    const guesses = [origin(9, "2. inferred"), origin(3, "10. inferred"), origin(7, "1. observed")];
    const person = origin(5, "The code is wrong.", { source: "human", evaluator: "ada" });
    const { codes, origins } = findingsOf([...guesses, person]);
    expect(codes).toEqual([]);
    expect(origins.map((each) => [each.turn, each.reason])).toEqual([
      [5, "The code is wrong."],
      [7, "observed"],
      [9, "inferred"],
      [3, "inferred"],
    ]);
  });
});
