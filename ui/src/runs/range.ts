import type { Bucket, Range } from "@/api/queries";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const BUCKET_MS: Record<Exclude<Bucket, "total">, number> = {
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
};

/** The presets: relative ones are kept as such in the address (`since=-24h`), so that a bookmark stays fresh. */
export const PRESETS: ReadonlyArray<{ since: string | undefined; label: string }> = [
  { since: "-1h", label: "1h" },
  { since: "-24h", label: "24h" },
  { since: "-7d", label: "7d" },
  { since: "-30d", label: "30d" },
  { since: undefined, label: "All" },
];

const RELATIVE = /^-(\d+)(m|h|d)$/;
const UNIT_MS: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY };

/** The RFC 3339 time that `since` or `until` means now; whole minutes, so that a page's queries agree and stay cached. */
export function resolve(time: string | undefined, now: number): string | undefined {
  if (time === undefined) return undefined;
  const relative = RELATIVE.exec(time);
  if (relative) {
    const length = Number(relative[1]) * (UNIT_MS[relative[2] ?? ""] ?? 0);
    return new Date(Math.floor((now - length) / MINUTE) * MINUTE).toISOString();
  }
  const absolute = Date.parse(time);
  return Number.isNaN(absolute) ? undefined : new Date(absolute).toISOString();
}

/** The finest bucket that still gives at most 180 bars. */
export function bucketFor(lengthMs: number): Exclude<Bucket, "total"> {
  const names = ["minute", "hour", "day"] as const;
  return names.find((name) => lengthMs / BUCKET_MS[name] <= 180) ?? "week";
}

/** From when to when the histogram reaches: as asked, or else as far as the days have runs. Null where there are none. */
export function reachOf(range: Range, days: ReadonlyArray<{ start: string }>): { from: number; to: number } | null {
  const [first, last] = [days[0], days.at(-1)];
  const from = range.since ?? first?.start;
  if (from === undefined) return null;
  const end = range.until === undefined ? Number.NaN : Date.parse(range.until);
  const lastDay = range.since === undefined && last ? Date.parse(last.start) + DAY : Date.now();
  return { from: Date.parse(from), to: Number.isNaN(end) ? lastDay : end };
}

/** What a field of date and time shows of an RFC 3339 time: by the browser's clock, to the minute. */
export function localTime(time: string | undefined): string {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

/** The RFC 3339 time of such a field; undefined where it is empty. */
export function rfc3339(local: string): string | undefined {
  const at = Date.parse(local);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
