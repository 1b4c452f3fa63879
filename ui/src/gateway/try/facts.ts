import type { ServedModel, Span } from "@/api/types";
import { count, exact, price } from "@/formats/numbers";

/** How much a model can read. */
export function contextOf(model: ServedModel): string {
  return model.context_tokens === null ? "context unknown" : `${count(model.context_tokens)} tokens`;
}

/** What a million tokens cost, in and out. Unknown is said, never shown as nothing. */
export function priceOf(model: ServedModel): string {
  const prices = model.usd_per_million;
  if (prices === null || (prices.input === null && prices.output === null)) return "price unknown";
  return `${price(prices.input)} in · ${price(prices.output)} out`;
}

/** Where a name leads: its targets in order. */
export function placesOf(model: ServedModel): string {
  const places = model.places.map((at) => (at.model === model.model ? at.connection : `${at.connection}/${at.model}`));
  return model.kind === "route" ? `route to ${places.join(", then ")}` : places.join(" or ");
}

export function attribute(span: Span, name: string): string | null {
  const value = span.attributes[name];
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null;
}

export function tokens(span: Span, name: string): string | null {
  const value = span.attributes[name];
  return typeof value === "number" ? exact(value) : null;
}

/** Texts of an attribute that holds one or several. */
export function texts(span: Span, name: string): string[] {
  const value = span.attributes[name];
  const all = Array.isArray(value) ? value : value == null ? [] : [value];
  return all.filter((each): each is string => typeof each === "string" && each !== "");
}
