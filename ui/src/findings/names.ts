import codes from "./codes.json";

const NAMES: Record<string, string> = codes;

/** What a code of the built-in codebook is called, or null for a code of somebody's own. */
export function nameOf(code: string): string | null {
  return NAMES[code] ?? null;
}

/** How sure an evaluator was, as people say it. */
export function sureness(confidence: number | null): string | null {
  return confidence === null ? null : `${Math.round(confidence * 100)}%`;
}
