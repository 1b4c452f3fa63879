import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { flow as flowQuery } from "@/api/queries";
import type { Flow, FlowEdge } from "@/api/types";
import { Failure } from "@/shell/Failure";
import { useRun } from "../RunContext";
import { EdgeTurns } from "./EdgeTurns";
import { FlowEdges } from "./FlowEdges";
import { FlowNodeCard } from "./FlowNodeCard";
import { NODE, place } from "./layout";
import "./flow.css";

/** Who took part and who passed what to whom: agents as nodes, and never one node a span. */
export function FlowView(): ReactNode {
  const { project, runId } = useRun();
  const flow = useQuery(flowQuery(project, runId));
  if (flow.data) return <Diagram flow={flow.data} />;
  return flow.error ? <Failure error={flow.error} onRetry={() => void flow.refetch()} /> : null;
}

function Diagram({ flow }: { flow: Flow }): ReactNode {
  const direction = matchMedia("(max-width: 640px)").matches ? "TB" : "LR";
  const placed = useMemo(() => place(flow, direction), [flow, direction]);
  const [chosen, setChosen] = useState<FlowEdge | null>(null);
  const most = Math.max(1, ...flow.nodes.map((node) => node.turns));
  return (
    <div className="flow">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section className="flow-scroll" tabIndex={0} aria-label="Flow between agents">
        <div className="flow-body" style={{ width: placed.width, height: placed.height }}>
          <FlowEdges placed={placed} chosen={chosen} onChoose={setChosen} />
          {flow.nodes.map((node, index) => {
            const at = placed.nodes[index];
            if (!at) return null;
            const box = { left: at.x - NODE.width / 2, top: at.y - NODE.height / 2, ...NODE };
            return <FlowNodeCard key={node.agent.id} node={node} box={box} most={most} />;
          })}
        </div>
      </section>
      {chosen ? <EdgeTurns edge={chosen} onClose={() => setChosen(null)} /> : null}
    </div>
  );
}
