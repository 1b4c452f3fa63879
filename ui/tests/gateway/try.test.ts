import { describe, expect, test } from "vitest";
import { asCurl, asPython } from "@/gateway/try/code";
import { type Desk, deskOf, emptyDesk, item, itemOf, promptOf, shared, withPane, withPrompt } from "@/gateway/try/desk";
import { eventsIn, fed, inWords, messageOf, NOTHING } from "@/gateway/try/reply";
import { built, isContinued } from "@/gateway/try/request";
import { differences } from "@/gateway/try/words";

function desk(change: Partial<Desk["panes"][0]["prompt"]> = {}): Desk {
  return withPrompt(withPane(emptyDesk(), 0, { model: "fast" }), 0, { items: [item("user", "Hello")], ...change });
}

function body(from: Desk, limitField = "max_tokens") {
  return built(from.panes[0], from.panes[0].prompt, limitField);
}

describe("a request", () => {
  test("holds what was written and nothing that was left empty", () => {
    const { body: made, faults } = body(desk({ system: "Be brief." }));
    expect(faults).toEqual({});
    expect(made).toEqual({
      model: "fast",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
      ],
    });
  });

  test("names the limit of tokens as the model's provider does", () => {
    const set = { temperature: "0", limit: "20", seed: "7", effort: "low", more: '{"top_p": 0.5}' };
    const { body: made } = body(withPane(desk(), 0, { settings: set }), "max_completion_tokens");
    expect(made).toMatchObject({
      temperature: 0,
      max_completion_tokens: 20,
      seed: 7,
      reasoning_effort: "low",
      top_p: 0.5,
    });
  });

  test("takes tools in the short form, and a schema as a form of the answer", () => {
    const { body: made } = body(
      desk({ tools: '[{"name": "look", "input_schema": {"type": "object"}}]', schema: '{"type": "object"}' }),
    );
    expect(made.tools).toEqual([{ type: "function", function: { name: "look", parameters: { type: "object" } } }]);
    expect(made.response_format).toMatchObject({ type: "json_schema", json_schema: { schema: { type: "object" } } });
  });

  test("says every fault with its field", () => {
    const set = { temperature: "3", limit: "1.5", seed: "x", effort: "", more: "[]" };
    const wrong = withPane(desk({ tools: "{", schema: "3", items: [] }), 0, { settings: set, model: " " });
    const { faults } = body(wrong);
    expect(Object.keys(faults).sort()).toEqual([
      "items",
      "limit",
      "model",
      "more",
      "schema",
      "seed",
      "temperature",
      "tools",
    ]);
    expect(faults.temperature).toBe("A number from 0 to 2");
    expect(faults.tools).toContain("no JSON");
  });

  test("leaves empty messages out, but not an empty result of a tool", () => {
    const { body: made } = body(
      desk({ items: [item("user", " "), item("user", "Go"), item("tool", "", { callId: "c1" })] }),
    );
    expect(made.messages).toEqual([
      { role: "user", content: "Go" },
      { role: "tool", content: "", tool_call_id: "c1" },
    ]);
  });

  test("goes on from an earlier one only where it repeats all of that", () => {
    const said = [{ role: "user", content: "a" }];
    expect(isContinued(said, [...said, { role: "assistant", content: "b" }])).toBe(true);
    expect(isContinued(said, said)).toBe(false);
    expect(
      isContinued(said, [
        { role: "user", content: "c" },
        { role: "user", content: "d" },
      ]),
    ).toBe(false);
    expect(isContinued(null, said)).toBe(false);
  });
});

describe("the desk", () => {
  test("shows a recorded call with its system prompt apart, and keeps what is more than text as JSON", () => {
    const calling = { role: "assistant", content: null, tool_calls: [{ id: "c1" }] };
    const made = deskOf(
      {
        model: "gpt-4o",
        messages: [
          { role: "system", content: "S" },
          { role: "user", content: "U" },
          calling,
          { role: "tool", content: "7", tool_call_id: "c1" },
        ],
        tools: [{ type: "function" }],
        parameters: { temperature: 0.5, top_p: 0.9 },
        losses: ["an image"],
      },
      "r/s",
    );
    const { prompt, settings, model } = made.panes[0];
    expect([model, prompt.system, settings.temperature, settings.more]).toEqual([
      "gpt-4o",
      "S",
      "0.5",
      '{"top_p":0.9}',
    ]);
    expect(prompt.items.map((each) => [each.role, each.text, each.callId, each.raw !== null])).toEqual([
      ["user", "U", "", false],
      ["assistant", "", "", true],
      ["tool", "7", "c1", false],
    ]);
    expect(built(made.panes[0], prompt, "max_tokens").body.messages).toContainEqual(calling);
    expect(made.losses).toEqual(["an image"]);
  });

  test("gives the second pane a copy of the prompt when they part, and one prompt again when they join", () => {
    const parted = withPrompt(shared(desk(), false), 1, { system: "Other" });
    expect(promptOf(parted, 1).prompt.items.map((each) => each.text)).toEqual(["Hello"]);
    expect(promptOf(parted, 0).prompt.system).toBe("");
    expect(promptOf(shared(parted, true), 1).prompt.system).toBe("");
  });
});

describe("an answer that streams in", () => {
  const chunk = (delta: object, finish: string | null = null) =>
    JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] });

  test("is cut into whole events, however it arrives", () => {
    expect(eventsIn("data: 1\n\ndata: 2\r\n\r\n: ping\n\ndata: a\ndata: b\n\ndata: beg")).toEqual({
      events: ["1", "2", "a\nb"],
      rest: "data: beg",
    });
  });

  test("puts text, reasoning, tool calls and tokens together", () => {
    const usage = { prompt_tokens: 5, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } };
    const events = [
      chunk({ reasoning_content: "Think" }),
      chunk({ reasoning: "ing" }),
      chunk({ content: "He" }),
      chunk({ content: [{ type: "text", text: "llo" }] }),
      chunk({ tool_calls: [{ index: 0, id: "c1", function: { name: "look", arguments: '{"a"' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }, "tool_calls"),
      JSON.stringify({ choices: [], usage }),
      "no json",
      "[DONE]",
    ];
    const reply = events.reduce(fed, NOTHING);
    expect(reply).toMatchObject({ text: "Hello", reasoning: "Thinking", finish: "tool_calls", error: null });
    expect(reply.usage).toEqual({ input: 5, output: 3, cached: 4, reasoning: null });
    expect(messageOf(reply)).toEqual({
      role: "assistant",
      content: "Hello",
      tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"a":1}' } }],
    });
  });

  test("takes no harm from hostile events", () => {
    const hostile = [
      "null",
      "[]",
      '{"choices":{}}',
      chunk({ tool_calls: [{ index: 1e9 }, null, 3] }),
      chunk({ content: 7 }),
    ];
    expect(hostile.reduce(fed, NOTHING)).toMatchObject({ text: "", error: null });
  });

  test("says an error in words, whoever wrote it", () => {
    expect(fed(NOTHING, '{"error": {"message": "overloaded"}}').error).toBe("overloaded");
    expect(inWords('{"type": "error", "error": {"message": "no such model"}}')).toBe("no such model");
    expect(inWords('{"detail": "no key"}')).toBe("no key");
    expect(inWords("<h1>Bad gateway</h1>")).toBe("<h1>Bad gateway</h1>");
    expect(inWords('"plain"')).toBe("plain");
  });
});

describe("the words that differ", () => {
  const joined = (pieces: Array<{ text: string }>) => pieces.map((piece) => piece.text).join("");

  test("are marked, and both texts stay whole", () => {
    const [left, right] = ["The depth is seven fathoms at low water.", "The depth here is eight fathoms at low water."];
    const found = differences(left, right);
    expect(found?.left.filter((piece) => piece.kind === "only").map((piece) => piece.text)).toEqual(["seven "]);
    expect(found?.right.filter((piece) => piece.kind === "only").map((piece) => piece.text)).toEqual([
      "here ",
      "eight ",
    ]);
    expect([joined(found?.left ?? []), joined(found?.right ?? [])]).toEqual([left, right]);
    expect([found?.same, found?.all]).toEqual([7, 9]);
  });

  test("are as few as can be, and agree with the longest common part of random texts", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    for (let round = 0; round < 200; round += 1) {
      const text = () => Array.from({ length: Math.floor(random() * 12) }, () => `${"abc"[Math.floor(random() * 3)]} `);
      const [a, b] = [text(), text()];
      const found = differences(a.join(""), b.join(""));
      expect(found?.same).toBe(longest(a, b));
      expect([joined(found?.left ?? []), joined(found?.right ?? [])]).toEqual([a.join(""), b.join("")]);
    }
  });

  test("are not looked for in texts that are too long or have nothing in common", () => {
    expect(differences("x".repeat(300_000), "y")).toBeNull();
    const many = (word: string) => Array.from({ length: 3000 }, (_, at) => `${word}${at}`).join(" ");
    expect(differences(many("a"), many("b"))).toBeNull();
  });
});

function longest(a: string[], b: string[]): number {
  const row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    let before = 0;
    for (const [at, other] of b.entries()) {
      const above = row[at + 1] ?? 0;
      row[at + 1] = one === other ? before + 1 : Math.max(above, row[at] ?? 0);
      before = above;
    }
  }
  return row[b.length] ?? 0;
}

describe("a call as code", () => {
  const asked = {
    model: "m",
    messages: [{ role: "user", content: 'It\'s "7"\n\\ 🌊 \u2028' }],
    stop: null,
    odd_one: true,
  };

  test("is Python that names what the SDK knows, and passes the rest on", () => {
    const code = asPython(asked, "http://h/v1");
    expect(code).toContain('base_url="http://h/v1", api_key=os.environ["MASTHEAD_KEY"]');
    expect(code).toContain('"It\'s \\"7\\"\\n\\\\ 🌊 \\u2028"');
    expect(code).toContain("stop=None");
    expect(code).toContain('extra_body={\n        "odd_one": True,\n    }');
  });

  test("is a curl command from which no quote breaks out", () => {
    const code = asCurl({ messages: ["'; rm -rf / #"] }, "http://h/v1");
    expect(code).toContain("'\\''; rm -rf / #");
    expect(code).toContain('"stream": true');
  });

  test("holds no key", () => expect(asCurl(asked, "x")).toContain('Bearer $MASTHEAD_KEY"'));
});

test("an assistant's message without text is kept as JSON, so that nothing is lost", () => {
  expect(itemOf({ role: "assistant", content: null }).raw).not.toBeNull();
  expect(itemOf({ role: "developer", content: "x" }).role).toBe("system");
});
