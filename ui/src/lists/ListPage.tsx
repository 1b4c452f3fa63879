import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { changeList, deleteList, listedRuns, nextRun, oneList } from "@/api/shelf";
import type { ListedRun } from "@/api/types";
import { Dialog } from "@/design/Dialog";
import { Icon } from "@/design/icons";
import { Outcome as RunOutcome } from "@/design/Outcome";
import { usd } from "@/formats/numbers";
import { ago, moment } from "@/formats/time";
import { titleOf } from "@/runs/columns";
import { Outcome, Wait } from "@/settings/Wait";
import { Wide } from "@/settings/Wide";
import { useKeys } from "@/shell/keys";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";
import { Labelled } from "./ListsPage";
import "./lists.css";

const route = getRouteApi("/lists/$listId");

/** A list's runs. A queue opens its next run that nobody has labelled. */
export function ListPage(): ReactNode {
  const { listId } = route.useParams();
  const project = useProject();
  const asked = useQuery(oneList(project, listId));
  return (
    <div className="settings">
      <Wait asked={asked}>
        {(list) => (
          <>
            <header className="page-head">
              <h1>
                <Link to="/lists" className="quiet">
                  {list.kind === "queue" ? "Annotation queue" : "Dataset"}
                </Link>{" "}
                {list.name}
              </h1>
              <Labelled list={list} />
              <div className="form-row">
                {list.kind === "queue" ? <LabelNext listId={listId} /> : null}
                <DeleteList listId={listId} name={list.name} />
              </div>
            </header>
            <div className="settings-part">
              <Runs listId={listId} isQueue={list.kind === "queue"} />
            </div>
          </>
        )}
      </Wait>
    </div>
  );
}

function LabelNext({ listId }: { listId: string }): ReactNode {
  const navigate = useNavigate();
  const next = useQuery(nextRun(useProject(), listId, undefined)).data;
  const runId = next?.run_id;
  const open = () =>
    runId ? void navigate({ to: "/runs/$runId", params: { runId }, search: { queue: listId } }) : undefined;
  useKeys({ Enter: open });
  if (next && !runId) return <span className="badge good">All are labelled</span>;
  return (
    <button type="button" className="button button-primary" disabled={!runId} onClick={open}>
      Label the next run <kbd className="kbd">↵</kbd>
    </button>
  );
}

function DeleteList({ listId, name }: { listId: string; name: string }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, setIsAsking] = useState(false);
  const mayEdit = useMay("editor");
  const removal = useMutation({
    mutationFn: () => deleteList(project, listId),
    onSuccess: async () => {
      await navigate({ to: "/lists" });
      await queryClient.invalidateQueries({ queryKey: [project, "lists"] });
    },
  });
  if (!mayEdit) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setIsAsking(true)}>
        Delete the list
      </button>
      {isAsking ? (
        <Dialog title={`Delete the list ${name}?`} onClose={() => setIsAsking(false)}>
          <div className="form">
            <p>Its runs and their labels stay.</p>
            <div className="form-row">
              <button
                type="button"
                className="button button-danger"
                disabled={removal.isPending}
                onClick={() => removal.mutate()}
              >
                Delete the list
              </button>
              <button type="button" className="button" onClick={() => setIsAsking(false)}>
                Keep
              </button>
            </div>
            <Outcome error={removal.error} done={null} />
          </div>
        </Dialog>
      ) : null}
    </>
  );
}

function Runs({ listId, isQueue }: { listId: string; isQueue: boolean }): ReactNode {
  const project = useProject();
  const listed = useInfiniteQuery(listedRuns(project, listId));
  const items = listed.data?.pages.flatMap((page) => page.items);
  return (
    <Wait asked={{ data: items, error: listed.error, refetch: listed.refetch }}>
      {(entries) =>
        entries.length === 0 ? (
          <p className="quiet">No runs in this list. Choose runs in the list of runs and press l.</p>
        ) : (
          <Wide label="Runs of the list">
            <table className="ledger">
              <thead>
                <tr>
                  <th scope="col">Labelled</th>
                  <th scope="col">Run</th>
                  <th scope="col">Outcome</th>
                  <th scope="col" className="num">
                    Cost
                  </th>
                  <th scope="col">Added</th>
                  <th scope="col">
                    <span className="sr-only">Take out</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {entries.map((entry) => (
                  <Entry key={entry.run.run_id} entry={entry} listId={listId} isQueue={isQueue} />
                ))}
              </tbody>
            </table>
            {listed.hasNextPage ? (
              <button type="button" className="button" onClick={() => void listed.fetchNextPage()}>
                More runs
              </button>
            ) : null}
          </Wide>
        )
      }
    </Wait>
  );
}

function Entry({ entry, listId, isQueue }: { entry: ListedRun; listId: string; isQueue: boolean }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const mayLabel = useMay("annotator");
  const { run, is_labelled, added, added_by } = entry;
  const removal = useMutation({
    mutationFn: () => changeList(project, listId, { remove: [run.run_id] }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project, "lists"] }),
  });
  return (
    <tr>
      <td>
        <span className={is_labelled ? "badge good" : "badge"}>
          <Icon name={is_labelled ? "check" : "dash"} size={13} />
          {is_labelled ? "yes" : "not yet"}
        </span>
      </td>
      <th scope="row" className="list-run">
        <Link
          to="/runs/$runId"
          params={{ runId: run.run_id }}
          search={isQueue ? { queue: listId } : {}}
          className="group-link truncate"
        >
          {titleOf(run)}
        </Link>
      </th>
      <td>
        <RunOutcome outcome={run.outcome} />
      </td>
      <td className="num">{usd(run.cost_usd)}</td>
      <td title={`${moment(added)} by ${added_by}`}>{ago(added, Date.now())}</td>
      <td className="actions">
        {mayLabel ? (
          <button
            type="button"
            className="button button-ghost"
            aria-label={`Take ${titleOf(run)} out of the list`}
            disabled={removal.isPending}
            onClick={() => removal.mutate()}
          >
            Take out
          </button>
        ) : null}
      </td>
    </tr>
  );
}
