/** Numbers as people read them. Unknown (null) is an en dash, never 0. */
export const UNKNOWN = "–";

const WHOLE = new Intl.NumberFormat("en");
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  return value < 10_000 ? WHOLE.format(value) : COMPACT.format(value);
}

export function exact(value: number | null | undefined): string {
  return value == null ? UNKNOWN : WHOLE.format(value);
}

/** Money arrives as a decimal string; two figures that matter, so that cheap runs do not all read $0.00. */
export function usd(value: string | number | null | undefined): string {
  if (value == null) return UNKNOWN;
  const dollars = Number(value);
  if (Number.isNaN(dollars)) return UNKNOWN;
  if (dollars === 0) return "$0";
  if (Math.abs(dollars) >= 0.995)
    return `$${dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${dollars.toLocaleString("en", { minimumSignificantDigits: 2, maximumSignificantDigits: 2, maximumFractionDigits: 8 })}`;
}

/** A price as it is listed, exact: cents always, and what is smaller where there is something. */
export function price(value: string | null | undefined): string {
  if (value == null) return UNKNOWN;
  return `$${Number(value).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
}

/** Bytes in the decimal units of disks. */
export function bytes(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const place = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** place;
  return `${place === 0 ? scaled : scaled.toFixed(scaled < 10 ? 1 : 0)} ${units[place]}`;
}

export function percent(part: number, whole: number): string {
  if (whole === 0) return UNKNOWN;
  const share = (100 * part) / whole;
  return `${share > 0 && share < 1 ? "<1" : Math.round(share)}%`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** The sum of two counts of which either may be unknown; unknown only when both are. */
export function sum(a: number | null | undefined, b: number | null | undefined): number | null {
  return a == null && b == null ? null : (a ?? 0) + (b ?? 0);
}
