import { expect, test } from "vitest";
import { initials, lookOf, looks } from "@/agents/looks";
import type { Agent } from "@/api/types";

function agent(name: string, kind: Agent["kind"] = "agent"): Agent {
  return { id: name, name, kind, description: null, instructions: null, models: [] };
}

test("initials are the first letters of up to three words", () => {
  expect(["chat_manager", "WebSurfer", "Planner", "Agent_Problem_Solver", "", "规划者"].map(initials)).toEqual([
    "CM",
    "WS",
    "PL",
    "APS",
    "?",
    "规划",
  ]);
});

test("two agents never share initials, and only agents take hues", () => {
  const all = looks([agent("Planner"), agent("user", "human"), agent("Plotter"), agent("python", "tool")]);
  expect([...all.values()].map((look) => look.initials)).toEqual(["PL", "US", "P2", "PY"]);
  expect([...all.values()].map((look) => look.className)).toEqual(["agent-0", "agent-human", "agent-1", "agent-none"]);
});

test("an id that the roster does not know still has a look", () => {
  expect(lookOf(new Map(), "ghost").name).toBe("ghost");
});
