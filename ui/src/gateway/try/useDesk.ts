import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { recordedCall } from "@/api/trying";
import { type Desk, deskOf, emptyDesk, keep, kept, withPane } from "./desk";

export type Named = { run?: string | undefined; span?: string | undefined; model?: string | undefined };

/**
 * What stands in the panes. It outlives a reload; an address that names a recorded call fills it anew, once, and one
 * that names a model puts that into the first pane.
 */
export function useDesk(project: string, { run, span, model }: Named) {
  const [desk, setDesk] = useState<Desk>(() => withModel(kept(project) ?? emptyDesk(), model));
  const from = run && span ? `${run}/${span}` : null;
  const isWanted = from !== null && desk.from !== from;
  const call = useQuery({ ...recordedCall(project, run ?? "", span ?? ""), enabled: isWanted });
  useEffect(() => {
    if (isWanted && call.data && from) setDesk(deskOf(call.data as Parameters<typeof deskOf>[0], from));
  }, [isWanted, call.data, from]);
  useEffect(() => {
    const timer = setTimeout(() => keep(project, desk), 250);
    const now = () => keep(project, desk);
    addEventListener("pagehide", now);
    return () => {
      clearTimeout(timer);
      removeEventListener("pagehide", now);
    };
  }, [project, desk]);
  // What is written meanwhile would be lost: nothing is shown until the call is there.
  return { desk, setDesk, error: isWanted ? call.error : null, isLoading: isWanted && call.error === null };
}

function withModel(desk: Desk, model: string | undefined): Desk {
  return model && desk.panes[0].model === "" ? withPane(desk, 0, { model }) : desk;
}
