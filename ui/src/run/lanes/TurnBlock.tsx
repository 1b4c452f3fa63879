import type { ReactNode } from "react";
import type { Outline } from "@/api/types";
import { Icon, type IconName } from "@/design/icons";
import { argumentsLine, firstLine } from "@/formats/json";
import { useRun } from "../RunContext";
import { useTurns } from "../useTurns";
import type { Box, Zoom } from "./geometry";

const ICONS: Record<Outline["acts"][number], IconName> = {
  message: "chat",
  tool_call: "tool",
  tool_result: "back",
  handoff: "arrow",
  verdict: "check",
  ending: "flag",
};

/** What the diagnosis says of a turn, for its block. */
export type Mark = { isOrigin: boolean; isStanding: boolean; isOnWay: boolean; codes: readonly string[] };

type Props = { index: number; box: Box; zoom: Zoom; mark: Mark };

/** One turn in its agent's lane. */
export function TurnBlock({ index, box, zoom, mark }: Props): ReactNode {
  const { outline, lookAt, turn, hits, select } = useRun();
  const look = lookAt(outline.speaker[index] ?? 0);
  const act = outline.acts[outline.act[index] ?? 0] ?? "message";
  const isBad = outline.is_error[index] === 1;
  const isSelected = turn === index;
  const classes = classesOf(mark, { isSelected, isError: isBad, isHit: hits.includes(index) });
  const more = said(mark, isBad);
  return (
    <button
      type="button"
      className={`block block-${act} ${look.className} ${classes}`}
      style={box}
      aria-label={`Turn ${index}, ${look.name}, ${act.replace("_", " ")}${more}`}
      aria-pressed={isSelected}
      title={`${index} · ${look.name} · ${act.replace("_", " ")}${more}`}
      onClick={() => select({ turn: index })}
    >
      {zoom === "far" ? null : <Icon name={isBad ? "warn" : ICONS[act]} size={13} />}
      {zoom === "text" ? <Excerpt index={index} /> : null}
      {mark.codes.length > 0 || mark.isOrigin ? (
        <span className="block-flag">
          <Icon name="flag" size={zoom === "far" ? 8 : 10} />
        </span>
      ) : null}
    </button>
  );
}

function classesOf(mark: Mark, state: { isSelected: boolean; isError: boolean; isHit: boolean }): string {
  const all: Record<string, boolean> = {
    "is-selected": state.isSelected,
    "is-error": state.isError,
    "is-hit": state.isHit,
    "is-origin": mark.isOrigin,
    "is-standing": mark.isStanding,
    "is-way": mark.isOnWay,
  };
  return Object.keys(all)
    .filter((name) => all[name])
    .join(" ");
}

/** What the block's colours and flags say, in words. */
function said(mark: Mark, isError: boolean): string {
  const origin = mark.isOrigin ? ["it began here"] : mark.isStanding ? ["rests on where it began"] : [];
  return [...(isError ? ["error"] : []), ...origin, ...mark.codes].map((each) => `, ${each}`).join("");
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
