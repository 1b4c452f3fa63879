import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useRef } from "react";
import { Failure } from "@/shell/Failure";
import { useKeys } from "@/shell/keys";
import { useStored } from "@/shell/useStored";
import type { Search } from "./asked";
import { BulkBar } from "./bulk/BulkBar";
import { useBulk } from "./bulk/useBulk";
import { EmptyProject } from "./EmptyProject";
import { Facets } from "./Facets";
import { Histogram } from "./Histogram";
import { LiveButton } from "./LiveButton";
import { QueryBar } from "./QueryBar";
import { RangePicker } from "./RangePicker";
import { RunsTable } from "./RunsTable";
import { useSelection } from "./selection";
import { useAsked, useRuns } from "./useRuns";
import { ViewsMenu } from "./ViewsMenu";
import "./runs.css";

/** The list of runs: what was asked is in the address, so that a view can be sent to a colleague. */
export function RunsPage(): ReactNode {
  const { parsed, filter, q, since, until } = useAsked();
  const navigate = useNavigate({ from: "/" });
  const [paused, setPaused] = useStored("paused");
  const isLive = paused === null;
  const { list, items, isSearching, isComplete } = useRuns(filter, isLive);
  const selection = useSelection(items);
  const bulk = useBulk(selection, filter);
  const bar = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => bar.current?.focus(), p: () => setPaused(isLive ? "yes" : null) });

  const ask = useCallback(
    (change: Search, isTyping = false) =>
      void navigate({ search: (current) => ({ ...current, ...change }), replace: isTyping }),
    [navigate],
  );
  const onQuery = useCallback((next: string, isTyping?: boolean) => ask({ q: next || undefined }, isTyping), [ask]);
  const { fetchNextPage, isFetchingNextPage } = list;
  const onMore = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);

  const isUnfiltered = q === "" && since === undefined && until === undefined;
  if (list.isSuccess && items.length === 0 && isUnfiltered) return <EmptyProject />;
  return (
    <div className="runs">
      <header className="runs-head">
        <h1 className="sr-only">Runs</h1>
        <QueryBar ref={bar} value={q} problems={parsed.problems} filter={filter} onChange={onQuery} />
        <ViewsMenu now={{ q, since, until }} />
        <RangePicker since={since} until={until} onChange={ask} />
        <LiveButton isLive={isLive} onChange={(next) => setPaused(next ? null : "yes")} />
      </header>
      <Histogram filter={filter} isReady={isComplete} onBrush={(from, to) => ask({ since: from, until: to })} />
      <Facets filter={filter} isReady={isComplete} query={q} onChange={onQuery} />
      {list.isError && items.length === 0 ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <RunsTable
          runs={items}
          selection={selection}
          isLoading={list.isPending}
          isSearching={isSearching}
          isFiltered={!isUnfiltered}
          hasMore={list.hasNextPage}
          onMore={onMore}
          onClear={() => ask({ q: undefined, since: undefined, until: undefined })}
        />
      )}
      <BulkBar selection={selection} bulk={bulk} filter={filter} loaded={items.length} hasMore={list.hasNextPage} />
    </div>
  );
}
