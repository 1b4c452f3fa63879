import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import { Icon } from "@/design/icons";
import { useRun } from "../RunContext";

/** Says that only one agent's turns are shown, and takes it back. */
export function AgentFilter(): ReactNode {
  const { agent, looks, select } = useRun();
  if (agent === null) return null;
  const look = lookOf(looks, agent);
  return (
    <div className="only">
      <Avatar look={look} />
      <span>
        Only what <strong>{look.name}</strong> said and was told
      </span>
      <button type="button" className="button" onClick={() => select({ agent: undefined })}>
        Show all
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}
