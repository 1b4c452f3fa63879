import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { flow as flowQuery } from "@/api/queries";
import type { Flow, FlowEdge } from "@/api/types";
import { Failure } from "@/shell/Failure";
import { useByAgent } from "../findings/useByAgent";
import { useRun } from "../RunContext";
import { EdgeTurns } from "./EdgeTurns";
import { FlowEdges } from "./FlowEdges";
import { FlowNodeCard } from "./FlowNodeCard";
import { NODE } from "./layout";
import { useFit } from "./useFit";
import "./flow.css";

/** Who took part and who passed what to whom: agents as nodes, and never one node a span. */
export function FlowView(): ReactNode {
  const { project, runId } = useRun();
  const flow = useQuery(flowQuery(project, runId));
  if (flow.data) return <Diagram flow={flow.data} />;
  return flow.error ? <Failure error={flow.error} onRetry={() => void flow.refetch()} /> : null;
}

function Diagram({ flow }: { flow: Flow }): ReactNode {
  const box = useRef<HTMLElement>(null);
  const { placed, scale } = useFit(box, flow);
  const marksOf = useByAgent();
  const [chosen, setChosen] = useState<FlowEdge | null>(null);
  const most = Math.max(1, ...flow.nodes.map((node) => node.turns));
  return (
    <div className="flow">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <section ref={box} className="flow-scroll" tabIndex={0} aria-label="Flow between agents">
        <div className="flow-fit" style={{ width: placed.width * scale, height: placed.height * scale }}>
          <div
            className="flow-body"
            style={{ width: placed.width, height: placed.height, transform: `scale(${scale})` }}
          >
            <FlowEdges placed={placed} chosen={chosen} onChoose={setChosen} />
            {flow.nodes.map((node, index) => {
              const at = placed.nodes[index];
              if (!at) return null;
              const corner = { left: at.x - NODE.width / 2, top: at.y - NODE.height / 2, ...NODE };
              return (
                <FlowNodeCard key={node.agent.id} node={node} box={corner} most={most} marks={marksOf(node.agent.id)} />
              );
            })}
          </div>
        </div>
      </section>
      <p className="flow-legend">Solid: handoffs. Dashed: messages. Thicker: more often. ↻: part of a loop.</p>
      {chosen ? <EdgeTurns edge={chosen} onClose={() => setChosen(null)} /> : null}
    </div>
  );
}
