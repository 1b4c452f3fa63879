import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { recordedCall } from "@/api/trying";
import { type Desk, deskOf, emptyDesk, keep, kept, withPane } from "./desk";

export type Named = { run?: string | undefined; span?: string | undefined; model?: string | undefined };

/**
 * What stands in the panes; it outlives a reload. An address that names a recorded call fills them anew, and one that
 * names a model puts that into the first pane: once, then the address names them no more, so that edits stay.
 */
export function useDesk(project: string, { run, span, model }: Named) {
  const navigate = useNavigate();
  const [desk, setDesk] = useState<Desk>(() => kept(project) ?? emptyDesk());
  const isWanted = run !== undefined && span !== undefined;
  const call = useQuery({ ...recordedCall(project, run ?? "", span ?? ""), enabled: isWanted });
  const { data: found } = call;
  useEffect(() => {
    if (isWanted && found) setDesk(deskOf(found as Parameters<typeof deskOf>[0], `${run}/${span}`));
    if (model) setDesk((before) => withPane(before, 0, { model }));
    if (!model && !(isWanted && found)) return;
    const search = (now: Named) => ({ ...now, run: undefined, span: undefined, model: undefined });
    void navigate({ to: "/gateway/try", search, replace: true });
  }, [isWanted, found, run, span, model, navigate]);
  useKept(project, desk);
  // What is written meanwhile would be lost: nothing is shown until the call is there.
  return { desk, setDesk, error: isWanted ? call.error : null, isLoading: isWanted && call.error === null };
}

const KEPT_AFTER_MS = 250;

/** Keeps the desk a moment after each change, and as it is when the page is left, in whichever way. */
function useKept(project: string, desk: Desk): void {
  const latest = useRef(desk);
  useEffect(() => {
    latest.current = desk;
    const timer = setTimeout(() => keep(project, desk), KEPT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [project, desk]);
  useEffect(() => {
    const now = () => keep(project, latest.current);
    addEventListener("pagehide", now);
    return () => {
      removeEventListener("pagehide", now);
      now();
    };
  }, [project]);
}
