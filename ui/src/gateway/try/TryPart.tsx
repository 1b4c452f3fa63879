import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useMemo, useState } from "react";
import { servedModels } from "@/api/trying";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";
import { emptyDesk, item, itemOf, promptOf, SIDES, type Side, shared, withPane, withPrompt } from "./desk";
import { Origin } from "./Origin";
import { NAMES, PaneView } from "./PaneView";
import { PromptEditor } from "./PromptEditor";
import { messageOf } from "./reply";
import { built, type Faults, type Json } from "./request";
import { TryBar } from "./TryBar";
import { randomHex, useAnswer } from "./useAnswer";
import { useDesk } from "./useDesk";
import { differences } from "./words";
import "@/text/text.css";
import "./try.css";

const NONE: readonly never[] = [];

/** Ask a model, or two beside each other, through the gateway. */
export function TryPart(): ReactNode {
  const project = useProject();
  // A project of its own desk and its own calls: nothing of one is shown in another.
  return <Desk key={project} project={project} />;
}

function Desk({ project }: { project: string }): ReactNode {
  const named = useSearch({ from: "/gateway/try" });
  const { desk, setDesk, error, isLoading } = useDesk(project, named);
  const served = useQuery(servedModels(project));
  const models = served.data?.items ?? NONE;
  const [session] = useState(() => randomHex(8));
  const askings = [useAnswer(project, session), useAnswer(project, session)] as const;
  const [faults, setFaults] = useState<[Faults, Faults]>([{}, {}]);
  const [shown, setShown] = useState<Side>(0);
  const [isCompared, setIsCompared] = useState(false);
  const may = useMay("editor");
  const texts = askings.map((asking) =>
    asking.answer?.state === "asking" ? null : (asking.answer?.reply.text ?? null),
  );
  const [left, right] = [texts[0] ?? "", texts[1] ?? ""];
  const isComparable = left !== "" && right !== "";
  const compared = useMemo(
    () => (isCompared && isComparable ? differences(left, right) : null),
    [isCompared, isComparable, left, right],
  );
  const isAsking = askings.some((asking) => asking.answer?.state === "asking");

  function change(next: typeof desk): void {
    setDesk(next);
    setFaults([{}, {}]);
  }
  function bodyOf(side: Side): { body: Json; faults: Faults } {
    const pane = desk.panes[side];
    const model = models.find((each) => each.model === pane.model);
    return built(pane, promptOf(desk, side).prompt, model?.limit_field ?? "max_tokens");
  }
  function send(sides: readonly Side[]): void {
    const found: [Faults, Faults] = [{}, {}];
    for (const side of sides) {
      const { body, faults: wrong } = bodyOf(side);
      found[side] = wrong;
      if (Object.keys(wrong).length === 0) askings[side].send(body);
    }
    setFaults(found);
  }
  /** Both, or the one for which a model is chosen. */
  function sendAll(): void {
    const chosen = SIDES.filter((side) => desk.panes[side].model.trim() !== "");
    send(chosen.length > 0 ? chosen : [0]);
  }
  function goOn(side: Side): void {
    const answer = askings[side].answer;
    if (!answer) return;
    const { calls } = answer.reply;
    const next = calls.length > 0 ? calls.map((call) => item("tool", "", { callId: call.id })) : [item("user")];
    const items = promptOf(desk, side).prompt.items.filter(
      (each) => each.raw !== null || each.text.trim() !== "" || each.role === "tool",
    );
    change(withPrompt(desk, side, { items: [...items, itemOf(messageOf(answer.reply)), ...next] }));
  }
  function onKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !may) return;
    event.preventDefault();
    sendAll();
  }
  if (isLoading) return <p className="quiet">Reading the recorded call…</p>;
  const prompts = (side: Side) => (
    <PromptEditor
      label={desk.isShared ? "Prompt of both panes" : `Prompt of ${NAMES[side]}`}
      prompt={promptOf(desk, side).prompt}
      faults={desk.isShared ? { ...faults[1], ...faults[0] } : faults[side]}
      onChange={(part) => change(withPrompt(desk, side, part))}
    />
  );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the shortcut works wherever the focus is in the panes.
    <div className="try" onKeyDown={onKey}>
      <TryBar
        isShared={desk.isShared}
        isCompared={isCompared}
        isComparable={isComparable}
        onShare={(next) => change(shared(desk, next))}
        onCompare={setIsCompared}
        onSend={may ? sendAll : null}
        onStop={isAsking ? () => askings.map((asking) => asking.stop()) : null}
        onClear={() => {
          for (const asking of askings) asking.clear();
          change(emptyDesk());
        }}
      />
      {may ? null : <p className="quiet">Your role may look, not send: calling models takes the role editor.</p>}
      <Origin desk={desk} error={error} />
      {served.error ? (
        <p className="tone-bad" role="alert">
          The models cannot be listed: {served.error.message}
        </p>
      ) : null}
      {served.data && models.length === 0 && !served.data.takes_any ? (
        <p className="panel try-empty">
          This gateway serves no models yet.{" "}
          <Link to="/gateway/configuration" className="detail-link">
            Add a connection
          </Link>
        </p>
      ) : null}
      {isCompared && isComparable && compared === null ? (
        <p className="quiet" role="status">
          The answers are too long or too different to mark single words.
        </p>
      ) : null}
      {compared ? (
        <p className="quiet" role="status">
          {compared.same} of {compared.all} words are the same and in the same order.
        </p>
      ) : null}
      {desk.isShared ? prompts(0) : null}
      <fieldset className="try-switch tabs" aria-label="Which pane is shown">
        {SIDES.map((side) => (
          <button
            key={side}
            type="button"
            className="button"
            aria-pressed={shown === side}
            onClick={() => setShown(side)}
          >
            {NAMES[side]}
          </button>
        ))}
      </fieldset>
      <div className={`try-panes shows-${shown}`}>
        {SIDES.map((side) => (
          <PaneView
            key={side}
            side={side}
            pane={desk.panes[side]}
            models={models}
            takesAny={served.data?.takes_any ?? true}
            faults={faults[side]}
            asking={askings[side]}
            marked={compared ? (side === 0 ? compared.left : compared.right) : null}
            onChange={(part) => change(withPane(desk, side, part))}
            onSend={may ? () => send([side]) : null}
            onGoOn={() => goOn(side)}
          >
            {desk.isShared ? null : prompts(side)}
          </PaneView>
        ))}
      </div>
    </div>
  );
}
