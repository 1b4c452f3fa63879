import { useQuery } from "@tanstack/react-query";
import { type Bucket, type RunsFilter, stats } from "@/api/queries";
import { useProject } from "@/shell/project";
import { type Bar, bars } from "./histogram";
import { bucketFor, reachOf } from "./range";

type Bars = { filled: Bar[]; bucket: Exclude<Bucket, "total"> };

/** Days first, to learn how far the runs reach; then the finest bucket that fits. */
export function useBars(filter: RunsFilter, isReady = true): Bars {
  const project = useProject();
  const days = useQuery({
    ...stats(project, filter, "day", "outcome"),
    enabled: isReady && filter.since === undefined,
  });
  const reach = reachOf(filter, days.data?.items ?? []);
  const bucket = reach ? bucketFor(reach.to - reach.from) : "day";
  const areDaysEnough = filter.since === undefined && bucket === "day";
  const fine = useQuery({
    ...stats(project, filter, bucket, "outcome"),
    enabled: isReady && reach !== null && !areDaysEnough,
  });
  const items = (areDaysEnough ? days.data : fine.data)?.items ?? [];
  const [from, to] = filter.since === undefined ? [] : [reach?.from, reach?.to];
  return { filled: bars(items, bucket, from, to), bucket };
}
