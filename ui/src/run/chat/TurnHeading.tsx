import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { type Look, lookOf } from "@/agents/looks";
import type { Turn } from "@/api/types";
import { Icon } from "@/design/icons";
import { count, exact, sum, usd } from "@/formats/numbers";
import { between, clock, duration, moment } from "@/formats/time";
import { useRun } from "../RunContext";

/** Who speaks, to whom, with which model, and what the call took. */
export function TurnHeading({ turn, owner }: { turn: Turn; owner: Look }): ReactNode {
  const { looks } = useRun();
  const receivers =
    turn.act === "message" ? turn.addressees.filter((id) => id !== owner.id).map((id) => lookOf(looks, id)) : [];
  return (
    <header className="turn-head">
      <Avatar look={owner} />
      <h2 className="turn-name">{owner.name}</h2>
      {owner.kind === "agent" ? null : <span className="chip">{owner.kind}</span>}
      {receivers.length > 0 ? (
        <span className="turn-to">
          <Icon name="arrow" size={12} />
          <span className="sr-only">to</span>
          {receivers.map((look) => look.name).join(", ")}
        </span>
      ) : null}
      {turn.act === "verdict" ? <span className="chip">verdict</span> : null}
      <TurnCost turn={turn} />
    </header>
  );
}

/** Model, tokens, cost and time of a turn, where they are known. */
export function TurnCost({ turn }: { turn: Turn }): ReactNode {
  const tokens = sum(turn.input_tokens, turn.output_tokens);
  const took = between(turn.start, turn.end);
  return (
    <span className="turn-cost num">
      {turn.model ? <span className="truncate">{turn.model}</span> : null}
      {tokens === null ? null : (
        <span title={`${exact(turn.input_tokens)} in, ${exact(turn.output_tokens)} out`}>{count(tokens)} tok</span>
      )}
      {turn.cost_usd === null ? null : <span>{usd(turn.cost_usd)}</span>}
      {took === null || took <= 0 ? null : <span>{duration(took)}</span>}
      {turn.start ? (
        <time dateTime={turn.start} title={moment(turn.start)}>
          {clock(turn.start)}
        </time>
      ) : null}
    </span>
  );
}
