/** The text indented if it is a JSON object or array, else null: tool arguments are JSON only as a habit. */
export function prettyJson(text: string): string | null {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || trimmed.length > 200_000) return null;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return null;
  }
}

/** One line that tells what the arguments are: `path="a.py", line=3`. */
export function argumentsLine(text: string | null): string {
  if (!text) return "";
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return Object.entries(value)
        .map(([key, part]) => `${key}=${JSON.stringify(part)}`)
        .join(", ");
    }
  } catch {
    // Not JSON: code or prose, shown as its first line.
  }
  return firstLine(text);
}

export function firstLine(text: string): string {
  const line = /\S[^\n]*/.exec(text)?.[0] ?? "";
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
