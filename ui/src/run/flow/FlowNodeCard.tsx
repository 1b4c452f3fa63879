import type { CSSProperties, ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import type { FlowNode } from "@/api/types";
import { Icon } from "@/design/icons";
import { count, plural, sum, usd } from "@/formats/numbers";
import type { AgentMarks } from "../findings/useByAgent";
import { useRun } from "../RunContext";

type Props = { node: FlowNode; box: CSSProperties; most: number; marks: AgentMarks };

/** An agent and its share. Choosing it shows its turns in the chat. */
export function FlowNodeCard({ node, box, most, marks }: Props): ReactNode {
  const { looks, agent, select } = useRun();
  const look = lookOf(looks, node.agent.id);
  const tokens = sum(node.input_tokens, node.output_tokens);
  return (
    <button
      type="button"
      className={`flow-node ${look.className} ${marks.hasBegun ? "is-origin" : ""}`}
      style={box}
      aria-pressed={agent === look.id}
      title="Show this agent's turns in the chat"
      onClick={() => select({ agent: look.id, view: undefined })}
    >
      <span className="flow-node-head">
        <Avatar look={look} />
        <strong className="truncate">{look.name}</strong>
      </span>
      <span className="flow-node-facts num">
        <span>{plural(node.turns, "turn")}</span>
        {node.tool_calls > 0 ? <span>{plural(node.tool_calls, "call")}</span> : null}
        {node.errors > 0 ? <span className="tone-bad">{plural(node.errors, "error")}</span> : null}
        {node.cost_usd === null ? (
          tokens === null ? null : (
            <span>{count(tokens)} tok</span>
          )
        ) : (
          <span>{usd(node.cost_usd)}</span>
        )}
      </span>
      {marks.hasBegun || marks.codes.length > 0 ? (
        <span className="flow-node-found">
          <Icon name="flag" size={11} />
          {[...(marks.hasBegun ? ["Began here"] : []), ...marks.codes].join(" · ")}
        </span>
      ) : null}
      <span className="flow-node-bar">
        <span style={{ width: `${(100 * node.turns) / most}%` }} />
      </span>
    </button>
  );
}
