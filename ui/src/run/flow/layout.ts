import { Graph, layout } from "@dagrejs/dagre";
import type { Flow, FlowEdge } from "@/api/types";

export const NODE = { width: 196, height: 66 };

export type PlacedNode = { id: string; x: number; y: number };
export type PlacedEdge = { edge: FlowEdge; path: string; label: { x: number; y: number }; isLoop: boolean };
export type Placed = { width: number; height: number; nodes: PlacedNode[]; edges: PlacedEdge[] };

type Point = { x: number; y: number };

/** Places the agents in layers, from those that begin to those that they pass things on to. */
export function place(flow: Flow, direction: "LR" | "TB"): Placed {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: 44,
    ranksep: direction === "LR" ? 110 : 76,
    edgesep: 22,
    marginx: 28,
    marginy: 28,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of flow.nodes) graph.setNode(node.agent.id, { ...NODE });
  const known = new Set(flow.nodes.map((node) => node.agent.id));
  const edges = flow.edges.filter((edge) => known.has(edge.source) && known.has(edge.target));
  for (const edge of edges) {
    if (edge.source !== edge.target)
      graph.setEdge(edge.source, edge.target, {
        width: 40,
        height: 18,
        labelpos: "c",
        weight: Math.min(20, edge.turns.length),
      });
  }
  layout(graph);
  const loops = inLoops(edges);
  const nodes = flow.nodes.map(({ agent }) => {
    const { x, y } = graph.node(agent.id) as Point;
    return { id: agent.id, x, y };
  });
  const at = new Map(nodes.map((node) => [node.id, node]));
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const placed = edges.map((edge): PlacedEdge => {
    const isLoop = loops.has(`${edge.source}\n${edge.target}`);
    if (edge.source === edge.target) return { edge, isLoop, ...selfLoop(at.get(edge.source) ?? { x: 0, y: 0 }) };
    const routed = graph.edge(edge.source, edge.target) as { points: Point[] };
    return { edge, isLoop, path: curve(routed.points), label: halfway(routed.points) };
  });
  return { width: width + 24, height: height + 24, nodes, edges: placed };
}

/** A smooth line through the points: each is the control point of a curve between the middles of its neighbours. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const parts = rest.map((point, index) => {
    const next = rest[index + 1];
    if (!next) return `L${round(point.x)} ${round(point.y)}`;
    return `Q${round(point.x)} ${round(point.y)} ${round((point.x + next.x) / 2)} ${round((point.y + next.y) / 2)}`;
  });
  return `M${round(first.x)} ${round(first.y)}${parts.join("")}`;
}

/** The point of `curve` at its middle control point, so that a label there lies on the line. */
export function halfway(points: readonly Point[]): Point {
  const at = Math.floor(points.length / 2);
  const [before, control, after] = [points[at - 1], points[at], points[at + 1]];
  if (!control) return { x: 0, y: 0 };
  if (!before || !after) return control;
  const start = at === 1 ? before : between(before, control);
  const end = at + 1 === points.length ? after : between(control, after);
  return { x: start.x / 4 + control.x / 2 + end.x / 4, y: start.y / 4 + control.y / 2 + end.y / 4 };
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** An agent that passes something to itself: an ear on its upper right corner. */
function selfLoop({ x, y }: Point): { path: string; label: Point } {
  const [right, top] = [x + NODE.width / 2, y - NODE.height / 2];
  return {
    path: `M${right - 44} ${top}C${right - 44} ${top - 34} ${right + 26} ${top - 34} ${right} ${top + 16}`,
    label: { x: right - 4, y: top - 20 },
  };
}

/** Edges on some circle, as `source\ntarget`: those between agents that can each reach the other. */
export function inLoops(edges: readonly FlowEdge[]): Set<string> {
  const next = new Map<string, string[]>();
  for (const { source, target } of edges) next.set(source, [...(next.get(source) ?? []), target]);
  const looping = edges.filter(({ source, target }) => reaches(next, target, source));
  return new Set(looping.map(({ source, target }) => `${source}\n${target}`));
}

function reaches(next: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set([from]);
  const waiting = [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at === to) return true;
    for (const neighbour of next.get(at) ?? []) {
      if (seen.has(neighbour)) continue;
      seen.add(neighbour);
      waiting.push(neighbour);
    }
  }
  return false;
}
