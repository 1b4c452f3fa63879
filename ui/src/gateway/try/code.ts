/** A request as a program that makes it: with OpenAI's SDK, or with curl. The key stays a variable of the shell. */
import type { Json } from "./request";

/** JSON as Python writes it. Strings are the same in both, but for what lies beyond the basic plane: `\u` twice. */
function python(value: unknown, indent: string): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return pythonText(value);
  if (typeof value !== "object") return String(value);
  const inner = `${indent}    `;
  const items = Array.isArray(value)
    ? value.map((each) => `${inner}${python(each, inner)},`)
    : Object.entries(value).map(([name, each]) => `${inner}${pythonText(name)}: ${python(each, inner)},`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return items.length === 0 ? open + close : `${open}\n${items.join("\n")}\n${indent}${close}`;
}

function pythonText(text: string): string {
  return JSON.stringify(text)
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029")
    .replaceAll("\u007f", "\\u007f");
}

/** Arguments that the SDK's `create` names; any other goes through `extra_body`. */
const NAMED = new Set([
  ...["model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "reasoning_effort", "tools"],
  ...["tool_choice", "response_format", "top_p", "stop", "n", "presence_penalty", "frequency_penalty", "user"],
]);

export function asPython(body: Json, base: string): string {
  const named = Object.entries(body).filter(([name]) => NAMED.has(name));
  const others = Object.entries(body).filter(([name]) => !NAMED.has(name));
  const lines = named.map(([name, value]) => `    ${name}=${python(value, "    ")},`);
  if (others.length > 0) lines.push(`    extra_body=${python(Object.fromEntries(others), "    ")},`);
  return `import os

import openai

client = openai.OpenAI(base_url=${pythonText(base)}, api_key=os.environ["MASTHEAD_KEY"])
stream = client.chat.completions.create(
${lines.join("\n")}
    stream=True,
)
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
`;
}

export function asCurl(body: Json, base: string): string {
  const data = JSON.stringify({ ...body, stream: true }, null, 2).replaceAll("'", "'\\''");
  return `curl -N ${quoted(`${base}/chat/completions`)} \\
  -H "Authorization: Bearer $MASTHEAD_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '${data}'
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
