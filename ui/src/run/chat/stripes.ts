export type Stripe = { owner: number; from: number; to: number };

/**
 * The run as at most `height` coloured stripes, equal neighbours joined: a run of 30,000 turns draws no more than one
 * of 600. Each pixel shows the agent of the first row that falls on it.
 */
export function stripes(rows: ReadonlyArray<{ owner: number }>, height: number): Stripe[] {
  const joined: Stripe[] = [];
  const steps = Math.min(height, rows.length);
  for (let step = 0; step < steps; step++) {
    const row = rows[Math.floor((step * rows.length) / steps)];
    if (!row) continue;
    const [from, to] = [(step * height) / steps, ((step + 1) * height) / steps];
    const last = joined.at(-1);
    if (last && last.owner === row.owner) last.to = to;
    else joined.push({ owner: row.owner, from, to });
  }
  return joined;
}
