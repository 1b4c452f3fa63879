/** In which words two texts differ: the shortest way from one to the other (Myers), bounded. */

export type Piece = { kind: "same" | "only"; text: string };
export type Differences = { left: Piece[]; right: Piece[]; same: number; all: number };

/** More steps than this are not looked for: such texts have little in common anyway. */
const MOST_STEPS = 1500;
const MOST_CHARACTERS = 200_000;

/** The differences, or null where the texts are too long or too different to say them in words. */
export function differences(left: string, right: string): Differences | null {
  if (left.length > MOST_CHARACTERS || right.length > MOST_CHARACTERS) return null;
  const [wordsA, wordsB] = [words(left), words(right)];
  // The space behind a word makes no difference.
  const [a, b] = [wordsA.map((word) => word.trimEnd()), wordsB.map((word) => word.trimEnd())];
  let [start, endA, endB] = [0, a.length, b.length];
  while (start < endA && start < endB && a[start] === b[start]) start += 1;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  const middle = common(a.slice(start, endA), b.slice(start, endB));
  if (middle === null) return null;
  const [inA, inB] = [new Set<number>(), new Set<number>()];
  for (let at = 0; at < start; at += 1) inA.add(at) && inB.add(at);
  for (const [atA, atB] of middle) inA.add(start + atA) && inB.add(start + atB);
  for (let back = 0; back < a.length - endA; back += 1) inA.add(endA + back) && inB.add(endB + back);
  return { left: pieces(wordsA, inA), right: pieces(wordsB, inB), same: inA.size, all: Math.max(a.length, b.length) };
}

/** Words with the space behind them. */
function words(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** The pairs of places that stay, by the greedy algorithm: O((n + m) · d). */
function common(a: readonly string[], b: readonly string[]): Array<[number, number]> | null {
  const most = Math.min(a.length + b.length, MOST_STEPS);
  const trail: Int32Array[] = [];
  const furthest = new Int32Array(2 * most + 3);
  for (let steps = 0; steps <= most; steps += 1) {
    trail.push(furthest.slice());
    for (let k = -steps; k <= steps; k += 2) {
      let x = reached(furthest, most, k, steps);
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      furthest[most + 1 + k] = x;
      if (x >= a.length && y >= b.length) return walkedBack(trail, most, a.length, b.length);
    }
  }
  return null;
}

function reached(furthest: Int32Array, most: number, k: number, steps: number): number {
  const [below, above] = [furthest[most + k] ?? 0, furthest[most + 2 + k] ?? 0];
  return k === -steps || (k !== steps && below < above) ? above : below + 1;
}

function walkedBack(trail: readonly Int32Array[], most: number, x: number, y: number): Array<[number, number]> {
  const pairs: Array<[number, number]> = [];
  for (let steps = trail.length - 1; steps >= 0; steps -= 1) {
    const furthest = trail[steps] as Int32Array;
    const k = x - y;
    const [below, above] = [furthest[most + k] ?? 0, furthest[most + 2 + k] ?? 0];
    const before = k === -steps || (k !== steps && below < above) ? k + 1 : k - 1;
    const fromX = steps === 0 ? 0 : (furthest[most + 1 + before] ?? 0);
    const fromY = steps === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
    }
    x = fromX;
    y = fromY;
  }
  return pairs.reverse();
}

function pieces(all: readonly string[], same: ReadonlySet<number>): Piece[] {
  const found: Piece[] = [];
  for (const [at, text] of all.entries()) {
    const kind = same.has(at) ? "same" : "only";
    const last = found.at(-1);
    if (last?.kind === kind) last.text += text;
    else found.push({ kind, text });
  }
  return found;
}
