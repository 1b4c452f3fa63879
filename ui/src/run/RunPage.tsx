import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useCallback, useState } from "react";
import { outline as outlineQuery, turnHits } from "@/api/queries";
import type { Outline, RunDetail } from "@/api/types";
import { Failure } from "@/shell/Failure";
import { useProject } from "@/shell/project";
import { useStored } from "@/shell/useStored";
import { ChatView } from "./chat/ChatView";
import { Details } from "./details/Details";
import { FindingKeys } from "./findings/FindingKeys";
import { LabellingProvider } from "./findings/Labelling";
import { Reading } from "./findings/Reading";
import { PickOther } from "./PickOther";
import { RunProvider, type RunState, type Selection } from "./RunContext";
import { RunHeader } from "./RunHeader";
import { RunKeys } from "./RunKeys";
import { RunTabs } from "./RunTabs";
import { useLive } from "./useLive";
import { useRead } from "./useRead";
import type { View } from "./views";
import "./run.css";

const route = getRouteApi("/runs/$runId");
const LANES = lazy(() => import("./lanes/LanesView").then((room) => ({ default: room.LanesView })));
const FLOW = lazy(() => import("./flow/FlowView").then((room) => ({ default: room.FlowView })));
const TIMELINE = lazy(() => import("./timeline/TimelineView").then((room) => ({ default: room.TimelineView })));
const RAW = lazy(() => import("./raw/RawView").then((room) => ({ default: room.RawView })));
const ROOMS: Record<View, React.ComponentType> = {
  chat: ChatView,
  lanes: LANES,
  flow: FLOW,
  timeline: TIMELINE,
  raw: RAW,
};
const NO_HITS: readonly number[] = [];

/** One run: what happened at the top, then the same conversation in views that stay in step. */
export function RunPage(): ReactNode {
  const { runId } = route.useParams();
  const project = useProject();
  const head = useLive(project, runId);
  const columns = useQuery(outlineQuery(project, runId));
  const error = head.error ?? columns.error;
  if (head.data && columns.data) return <Loaded key={runId} detail={head.data} outline={columns.data} />;
  if (error) return <Failure error={error} onRetry={() => void Promise.all([head.refetch(), columns.refetch()])} />;
  return <Waiting />;
}

function Loaded({ detail, outline }: { detail: RunDetail; outline: Outline }): ReactNode {
  const [details, setDetails] = useStored("details");
  const [isPicking, setIsPicking] = useState(false);
  const state = useRunState(detail, outline);
  const Room = ROOMS[state.view];
  const isOpen = details === null ? matchMedia("(min-width: 901px)").matches : details === "shown";
  // A span's record takes the same place beside the timeline.
  const showsDetails = isOpen && !(state.view === "timeline" && state.span !== null);
  const toggle = () => setDetails(isOpen ? "hidden" : "shown");
  return (
    <RunProvider value={state}>
      <Reading>
        <LabellingProvider>
          <div className={`run ${showsDetails ? "has-details" : ""}`}>
            <RunHeader />
            <RunTabs areDetailsOpen={isOpen} onDetails={toggle} onCompare={() => setIsPicking(true)} />
            <section className="run-view" id="view" aria-label={`${state.view} view`}>
              <Suspense fallback={<Waiting />}>
                <Room />
              </Suspense>
            </section>
            {showsDetails ? <Details onClose={toggle} /> : null}
            <RunKeys onDetails={toggle} onCompare={() => setIsPicking(true)} />
            {isPicking ? <PickOther onClose={() => setIsPicking(false)} /> : null}
            <FindingKeys />
          </div>
        </LabellingProvider>
      </Reading>
    </RunProvider>
  );
}

function useRunState(detail: RunDetail, outline: Outline): RunState {
  const project = useProject();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const find = search.find ?? "";
  const hits = useQuery(turnHits(project, detail.run.run_id, find));
  const select = useCallback(
    (change: Selection) =>
      void navigate({
        search: (current) => ({ ...current, ...("turn" in change ? { span: undefined } : {}), ...change }),
        replace: change.view === undefined,
      }),
    [navigate],
  );
  return {
    ...useRead(detail, outline),
    turn:
      search.turn === undefined || outline.speaker.length === 0
        ? null
        : Math.min(search.turn, outline.speaker.length - 1),
    view: search.view ?? "chat",
    span: search.span ?? null,
    agent: search.agent ?? null,
    find,
    hits: find === "" ? NO_HITS : (hits.data?.turns ?? NO_HITS),
    select,
  };
}

function Waiting(): ReactNode {
  return (
    <div className="run-waiting" role="status">
      <span className="sr-only">Loading</span>
      <div className="skeleton" />
      <div className="skeleton" />
      <div className="skeleton" />
    </div>
  );
}
