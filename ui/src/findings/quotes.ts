/** The passages that a reason quotes, so that they can be shown where they were said. */

/** Shorter than this, a quote would light up half a page. */
const SHORTEST = 4;
const QUOTED = [
  /“([^”]+)”/g,
  /(?<![\p{L}\p{N}])'((?:[^']|'(?=\p{L}))+)'(?![\p{L}\p{N}])/gu,
  /"([^"]+)"/g,
  /`([^`]+)`/g,
];

export function quotesIn(reason: string | null): string[] {
  if (!reason) return [];
  const found = QUOTED.flatMap((rule) => [...reason.matchAll(rule)].map((match) => (match[1] ?? "").trim()));
  return [...new Set(found)].filter((quote) => quote.length >= SHORTEST);
}

export type Stretch = { from: number; to: number };

/** Of a quote that runs on beyond a text (into the next paragraph, say), at least so much must stand in it. */
const LEAST_PART = 12;

/**
 * Where the quotes stand in a text, white space and case aside, in order and merged. A text is a part of what was said,
 * cut at its formatting: so it may hold a quote whole, its beginning or its end, or lie within it.
 */
export function stretches(text: string, quotes: readonly string[]): Stretch[] {
  if (quotes.length === 0) return [];
  const { plain, places } = squeezed(text);
  if (plain === "") return [];
  const found = quotes.flatMap((quote) => standings(plain, squeezed(quote).plain));
  const merged: Stretch[] = [];
  for (const each of found.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && each.from <= last.to) last.to = Math.max(last.to, each.to);
    else merged.push({ ...each });
  }
  return merged.map(({ from, to }) => ({ from: places[from] ?? 0, to: (places[to - 1] ?? text.length - 1) + 1 }));
}

function standings(plain: string, quote: string): Stretch[] {
  if (quote.length < SHORTEST) return [];
  const found: Stretch[] = [];
  for (let at = plain.indexOf(quote); at >= 0; at = plain.indexOf(quote, at + quote.length))
    found.push({ from: at, to: at + quote.length });
  if (found.length > 0) return found;
  const whole = plain.trim();
  if (whole.length >= LEAST_PART && quote.includes(whole)) return [{ from: 0, to: plain.length }];
  for (let length = Math.min(quote.length, plain.length) - 1; length >= LEAST_PART; length--) {
    if (plain.endsWith(quote.slice(0, length))) return [{ from: plain.length - length, to: plain.length }];
    if (plain.startsWith(quote.slice(-length))) return [{ from: 0, to: length }];
  }
  return [];
}

/** The text in lower case with every run of white space as one space, and where each of its characters stood. */
function squeezed(text: string): { plain: string; places: number[] } {
  const places: number[] = [];
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    const isSpace = /\s/.test(character);
    if (isSpace && plain.endsWith(" ")) continue;
    const lower = isSpace ? " " : character.toLowerCase();
    plain += lower.length === 1 ? lower : character;
    places.push(at);
  }
  return { plain, places };
}
