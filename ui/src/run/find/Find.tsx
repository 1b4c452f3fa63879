import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Icon } from "@/design/icons";
import { exact } from "@/formats/numbers";
import { useKeys } from "@/shell/keys";
import { useRun } from "../RunContext";
import { neighbour } from "../steps";

const PAUSE_MS = 200;

/** Search within the run: what matches is marked, and n and N go from match to match. */
export function Find(): ReactNode {
  const { find, hits, turn, select } = useRun();
  const [draft, setDraft] = useState(find);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setDraft(find), [find]);
  useEffect(() => {
    if (draft.trim() === find) return;
    const timer = setTimeout(() => select({ find: draft.trim() || undefined }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, find, select]);

  function go(step: 1 | -1): void {
    const next = neighbour(hits, turn ?? -1, step);
    if (next !== null) select({ turn: next });
  }
  const [next, previous] = [() => go(1), () => go(-1)];
  useKeys({ "/": () => input.current?.focus(), n: next, N: previous });

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      setDraft("");
      input.current?.blur();
    }
  }
  const place = turn === null ? -1 : hits.indexOf(turn);
  return (
    <search className="find">
      <Icon name="search" size={14} />
      <input
        ref={input}
        type="text"
        aria-label="Find in this run"
        placeholder="Find in this run"
        spellCheck={false}
        autoComplete="off"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {find ? (
        <>
          <span className="num quiet" role="status">
            {hits.length === 0 ? "None" : `${place >= 0 ? exact(place + 1) : "–"}/${exact(hits.length)}`}
          </span>
          <button
            type="button"
            className="copy"
            aria-label="Previous match"
            disabled={hits.length === 0}
            onClick={previous}
          >
            <Icon name="up" size={14} />
          </button>
          <button type="button" className="copy" aria-label="Next match" disabled={hits.length === 0} onClick={next}>
            <Icon name="down" size={14} />
          </button>
        </>
      ) : (
        <kbd className="kbd">/</kbd>
      )}
    </search>
  );
}
