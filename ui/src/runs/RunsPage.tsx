import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { Failure } from "@/shell/Failure";
import { useKeys } from "@/shell/keys";
import { EmptyProject } from "./EmptyProject";
import { Facets } from "./Facets";
import { Histogram } from "./Histogram";
import { QueryBar } from "./QueryBar";
import { RangePicker } from "./RangePicker";
import { RunsTable } from "./RunsTable";
import { FoundProvider, useFoundInRuns } from "./useFound";
import { useAsked, useRuns } from "./useRuns";
import "./runs.css";

/** The list of runs: what was asked is in the address, so that a view can be sent to a colleague. */
export function RunsPage(): ReactNode {
  const { parsed, filter, q, since, until } = useAsked();
  const navigate = useNavigate({ from: "/" });
  const { list, items } = useRuns(filter);
  const found = useFoundInRuns(items);
  const bar = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => bar.current?.focus() });

  function ask(change: { q?: string | undefined; since?: string | undefined; until?: string | undefined }): void {
    void navigate({ search: (current) => ({ ...current, ...change }) });
  }

  const isUnfiltered = q === "" && since === undefined && until === undefined;
  if (list.isSuccess && items.length === 0 && isUnfiltered) return <EmptyProject />;
  return (
    <FoundProvider value={found}>
      <div className="runs">
        <header className="runs-head">
          <h1 className="sr-only">Runs</h1>
          <QueryBar
            ref={bar}
            value={q}
            problems={parsed.problems}
            filter={filter}
            onChange={(next) => ask({ q: next || undefined })}
          />
          <RangePicker since={since} until={until} onChange={ask} />
        </header>
        <Histogram filter={filter} onBrush={(from, to) => ask({ since: from, until: to })} />
        <Facets filter={filter} query={q} onChange={(next) => ask({ q: next || undefined })} />
        {list.isError && items.length === 0 ? (
          <Failure error={list.error} onRetry={() => void list.refetch()} />
        ) : (
          <RunsTable
            runs={items}
            hasFound={found.size > 0}
            isLoading={list.isPending}
            isFiltered={!isUnfiltered}
            hasMore={list.hasNextPage}
            onMore={() => {
              if (!list.isFetchingNextPage) void list.fetchNextPage();
            }}
            onClear={() => ask({ q: undefined, since: undefined, until: undefined })}
          />
        )}
      </div>
    </FoundProvider>
  );
}
