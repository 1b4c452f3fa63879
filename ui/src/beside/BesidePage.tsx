import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { outline, run } from "@/api/queries";
import { beside as besideQuery } from "@/api/reading";
import { Failure } from "@/shell/Failure";
import { useProject } from "@/shell/project";
import { BesideRows } from "./BesideRows";
import { Heads } from "./Heads";
import { Side } from "./Side";
import "@/run/run.css";
import "@/run/chat/chat.css";
import "@/run/head/verdict.css";
import "./beside.css";

const route = getRouteApi("/runs/$runId/beside/$otherId");

/** Two runs side by side, turn by turn, with the place where they part. */
export function BesidePage(): ReactNode {
  const { runId, otherId } = route.useParams();
  const project = useProject();
  const rows = useQuery(besideQuery(project, runId, otherId));
  const left = { head: useQuery(run(project, runId)), columns: useQuery(outline(project, runId)) };
  const right = { head: useQuery(run(project, otherId)), columns: useQuery(outline(project, otherId)) };
  const asked = [rows, left.head, left.columns, right.head, right.columns];
  const failed = asked.find((query) => query.error)?.error;
  if (failed) return <Failure error={failed} onRetry={() => asked.forEach((query) => void query.refetch())} />;
  const [mine, myColumns] = [left.head.data, left.columns.data];
  const [other, otherColumns] = [right.head.data, right.columns.data];
  const alignment = rows.data;
  if (!alignment || !mine || !myColumns || !other || !otherColumns)
    return (
      <div className="run-waiting" role="status">
        <span className="sr-only">Loading</span>
        <div className="skeleton" />
        <div className="skeleton" />
      </div>
    );
  return (
    <div className="beside" key={`${runId} ${otherId}`}>
      <Side detail={mine} outline={myColumns}>
        {(leftSide) => (
          <Side detail={other} outline={otherColumns}>
            {(rightSide) => (
              <>
                <Heads beside={alignment} left={leftSide} right={rightSide} />
                <BesideRows beside={alignment} left={leftSide} right={rightSide} />
              </>
            )}
          </Side>
        )}
      </Side>
    </div>
  );
}
