/** Shares, differences and p-values as people read them. Unknown (null) is an en dash. */
import { UNKNOWN } from "@/formats/numbers";

export type Interval = { low: number; high: number };

export function share(value: number | null | undefined, digits = 1): string {
  return value == null ? UNKNOWN : `${(100 * value).toFixed(digits)}%`;
}

/** A round share under a plot: no more digits than it has. */
export function tick(value: number): string {
  return `${Number((100 * value).toFixed(1))}%`.replace("-", "−");
}

/** Differences of shares are points, with their sign; a true minus, so that columns line up. */
export function points(value: number | null | undefined, digits = 1): string {
  if (value == null) return UNKNOWN;
  const text = Math.abs(100 * value).toFixed(digits);
  if (Number(text) === 0) return `0${digits > 0 ? `.${"0".repeat(digits)}` : ""}`;
  return `${value < 0 ? "−" : "+"}${text}`;
}

export function pointsTick(value: number): string {
  const round = Number((100 * value).toFixed(1));
  return round === 0 ? "0" : `${round > 0 ? "+" : "−"}${Math.abs(round)}`;
}

export function between(interval: Interval | null | undefined, write: (value: number) => string): string {
  return interval == null ? UNKNOWN : `${write(interval.low)} to ${write(interval.high)}`;
}

export function figure(value: number | null | undefined, digits = 2): string {
  if (value == null) return UNKNOWN;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function pValue(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  if (value < 0.0001) return "< 0.0001";
  return value.toFixed(value < 0.01 ? 4 : 3);
}

/** What a kappa is usually called (Landis and Koch 1977); words help where a number alone says little. */
export function strength(kappa: number | null): string {
  if (kappa === null) return "not defined";
  if (kappa < 0.005) return kappa < -0.005 ? "worse than chance" : "no better than chance";
  const names = ["slight", "fair", "moderate", "substantial", "almost perfect"];
  return names[Math.min(4, Math.ceil(kappa * 5 - 1e-9) - 1)] ?? "";
}
