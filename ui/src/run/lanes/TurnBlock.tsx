import type { ReactNode } from "react";
import type { Outline } from "@/api/types";
import { Icon, type IconName } from "@/design/icons";
import { argumentsLine, firstLine } from "@/formats/json";
import { useRun } from "../RunContext";
import { useTurns } from "../useTurns";
import { boxOf, type Zoom } from "./geometry";

const ICONS: Record<Outline["acts"][number], IconName> = {
  message: "chat",
  tool_call: "tool",
  tool_result: "back",
  handoff: "arrow",
  verdict: "check",
  ending: "flag",
};

type Props = { index: number; place: number; lane: number; zoom: Zoom };

/** One turn in its agent's lane. */
export function TurnBlock({ index, place, lane, zoom }: Props): ReactNode {
  const { outline, lookAt, turn, hits, select } = useRun();
  const look = lookAt(outline.speaker[index] ?? 0);
  const act = outline.acts[outline.act[index] ?? 0] ?? "message";
  const isBad = outline.is_error[index] === 1;
  const isHit = hits.includes(index);
  const classes = [
    "block",
    `block-${act}`,
    look.className,
    turn === index ? "is-selected" : "",
    isBad ? "is-error" : "",
    isHit ? "is-hit" : "",
  ];
  return (
    <button
      type="button"
      className={classes.join(" ")}
      style={boxOf(zoom, place, lane)}
      aria-label={`Turn ${index}, ${look.name}, ${act.replace("_", " ")}${isBad ? ", error" : ""}`}
      aria-pressed={turn === index}
      title={`${index} · ${look.name} · ${act.replace("_", " ")}`}
      onClick={() => select({ turn: index })}
    >
      {zoom === "far" ? null : <Icon name={isBad ? "warn" : ICONS[act]} size={13} />}
      {zoom === "text" ? <Excerpt index={index} /> : null}
    </button>
  );
}

function Excerpt({ index }: { index: number }): ReactNode {
  const said = useTurns([index]).get(index);
  if (!said) return <span className="skeleton block-text" />;
  const call = said.tool_name ? `${said.tool_name}(${argumentsLine(said.tool_arguments)})` : "";
  return (
    <span className="block-text">
      {call || firstLine(said.text) || firstLine(said.reasoning ?? "") || "Said nothing"}
    </span>
  );
}
