import { UNKNOWN } from "./numbers";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something took, in at most two units. */
export function duration(ms: number | null | undefined): string {
  if (ms == null || Number.isNaN(ms)) return UNKNOWN;
  if (ms < 1) return ms <= 0 ? "0 ms" : "<1 ms";
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} m ${pad(Math.floor((ms % MINUTE) / SECOND))} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${pad(Math.floor((ms % HOUR) / MINUTE))} m`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** How long between two RFC 3339 times, in milliseconds with the fraction that they carry. */
export function between(start: string | null | undefined, end: string | null | undefined): number | null {
  if (!start || !end) return null;
  return milliseconds(end) - milliseconds(start);
}

/** Milliseconds since 1970 including microseconds: `Date.parse` drops what follows the third digit. */
export function milliseconds(rfc3339: string): number {
  const fraction = /\.(\d+)/.exec(rfc3339)?.[1] ?? "";
  const beyond = fraction.length > 3 ? Number(`0.${fraction.slice(3)}`) : 0;
  return Date.parse(rfc3339) + beyond;
}

/** A moment the way a log reader wants it: relative while fresh, the date once it is not. */
export function ago(rfc3339: string, now: number): string {
  const age = now - Date.parse(rfc3339);
  if (age < -MINUTE) return day(rfc3339, now);
  if (age < 10 * SECOND) return "now";
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} m ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  if (age < 7 * DAY) return `${Math.floor(age / DAY)} d ago`;
  return day(rfc3339, now);
}

function day(rfc3339: string, now: number): string {
  const moment = new Date(rfc3339);
  const sameYear = moment.getFullYear() === new Date(now).getFullYear();
  return moment.toLocaleDateString("en", { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
}

/** The full moment in the reader's own zone, for titles. */
export function moment(rfc3339: string): string {
  return new Date(rfc3339).toLocaleString("en", { dateStyle: "medium", timeStyle: "long" });
}

export function clock(rfc3339: string): string {
  return new Date(rfc3339).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
