/** An error as a provider says it in words: the message within its JSON, where it is JSON; else the text as it came. */
export function saidError(text: string): string {
  try {
    const told: unknown = JSON.parse(text);
    return messageIn(told) ?? text;
  } catch {
    return text;
  }
}

function messageIn(told: unknown): string | null {
  if (Array.isArray(told)) return messageIn(told[0]);
  if (typeof told !== "object" || told === null) return null;
  const { error, message, detail } = told as { error?: unknown; message?: unknown; detail?: unknown };
  const words = [message, detail, error].find((each) => typeof each === "string" && each !== "");
  return typeof words === "string" ? words : messageIn(error);
}
