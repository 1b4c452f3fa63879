import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { markDone, nextRun, oneList } from "@/api/shelf";
import { Icon } from "@/design/icons";
import { useKeys } from "@/shell/keys";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";
import "./lists.css";

/** Above a run that was opened from a queue: how far the queue is, and the way to its next run. */
export function QueueBar(): ReactNode {
  const queue = useSearch({ strict: false, select: (search) => search.queue });
  const runId = useParams({ strict: false, select: (params) => params.runId });
  return queue && runId ? <Bar key={queue} listId={queue} runId={runId} /> : null;
}

function Bar({ listId, runId }: { listId: string; runId: string }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const list = useQuery(oneList(project, listId));
  const next = useQuery(nextRun(project, listId, runId));
  const mayLabel = useMay("annotator");
  function open(id: string | null | undefined): void {
    if (id && id !== runId) {
      void navigate({
        to: "/runs/$runId",
        params: { runId: id },
        search: { queue: listId },
      });
    } else void navigate({ to: "/lists/$listId", params: { listId } });
  }
  const marking = useMutation({
    mutationFn: () => markDone(project, listId, runId, true),
    onSuccess: async (step) => {
      await queryClient.invalidateQueries({ queryKey: [project, "lists"] });
      open(step.run_id);
    },
  });
  async function skip(): Promise<void> {
    const fresh = await queryClient.fetchQuery({ ...nextRun(project, listId, runId), staleTime: 0 });
    open(fresh.run_id);
  }
  useKeys({ "}": () => void skip(), ...(mayLabel ? { "!": () => marking.mutate() } : {}) });
  const [labelled, runs] = [next.data?.labelled ?? list.data?.labelled, next.data?.runs ?? list.data?.runs];
  return (
    <section className="queue-bar" aria-label="Annotation queue">
      <Icon name="flag" size={14} />
      <Link to="/lists/$listId" params={{ listId }} className="truncate">
        {list.data?.name ?? "Queue"}
      </Link>
      <span className="num quiet" role="status">
        {labelled === undefined ? "" : `${labelled} of ${runs} labelled`}
      </span>
      {list.error ? <span className="tone-bad">{list.error.message}</span> : null}
      {marking.error ? (
        <span className="tone-bad" role="alert">
          {marking.error.message}
        </span>
      ) : null}
      <span className="queue-acts">
        {mayLabel ? (
          <button
            type="button"
            className="button button-primary"
            disabled={marking.isPending}
            onClick={() => marking.mutate()}
            title="Every verdict on this run is given, also that nothing is wrong"
          >
            Done, next <kbd className="kbd">!</kbd>
          </button>
        ) : null}
        <button type="button" className="button" onClick={() => void skip()}>
          Skip <kbd className="kbd">{"}"}</kbd>
        </button>
      </span>
    </section>
  );
}
