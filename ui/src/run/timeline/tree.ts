import type { SpanSummary } from "@/api/types";
import { milliseconds } from "@/formats/time";

export type Branch = { span: SpanSummary; depth: number; start: number; end: number; children: number };

/** The spans as an indented list, children under their parents in order of start. A folded span hides what is under it. */
export function branches(spans: readonly SpanSummary[], folded: ReadonlySet<string>): Branch[] {
  const known = new Set(spans.map((span) => span.span_id));
  const children = new Map<string | null, SpanSummary[]>();
  for (const span of spans) {
    // A parent that never arrived, or that is the span itself, must not hide it.
    const hasParent =
      span.parent_span_id !== null && known.has(span.parent_span_id) && span.parent_span_id !== span.span_id;
    const parent = hasParent ? span.parent_span_id : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  return [...rooted(spans, children, folded)];
}

function rooted(
  spans: readonly SpanSummary[],
  children: ReadonlyMap<string | null, SpanSummary[]>,
  folded: ReadonlySet<string>,
): Branch[] {
  const listed: Branch[] = [];
  const seen = new Set<string>();
  const walk = (roots: readonly SpanSummary[]) => {
    const waiting = roots.map((span) => ({ span, depth: 0 })).reverse();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { span, depth } = next;
      if (seen.has(span.span_id)) continue;
      seen.add(span.span_id);
      const under = children.get(span.span_id) ?? [];
      listed.push({
        span,
        depth,
        start: milliseconds(span.start),
        end: milliseconds(span.end),
        children: under.length,
      });
      if (folded.has(span.span_id)) hide(under, children, seen);
      else waiting.push(...under.map((child) => ({ span: child, depth: depth + 1 })).reverse());
    }
  };
  walk(children.get(null) ?? []);
  // Parents that go round in a circle have no root: each of them is shown once all the same.
  for (const span of spans) if (!seen.has(span.span_id)) walk([span]);
  return listed;
}

function hide(
  under: readonly SpanSummary[],
  children: ReadonlyMap<string | null, SpanSummary[]>,
  seen: Set<string>,
): void {
  const waiting = [...under];
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    if (seen.has(span.span_id)) continue;
    seen.add(span.span_id);
    waiting.push(...(children.get(span.span_id) ?? []));
  }
}

/** Round times for the ruler: between three and seven of them. */
export function ticks(lengthMs: number): number[] {
  if (lengthMs <= 0) return [0];
  const rough = lengthMs / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, index) => index * step);
}
