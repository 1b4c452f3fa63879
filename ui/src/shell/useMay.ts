import { useQuery } from "@tanstack/react-query";
import { me } from "@/api/queries";
import type { Me } from "@/api/types";

const ORDER = ["viewer", "annotator", "editor", "owner"] as const;
export type Role = Me["role"];

/** Whether the reader's role includes another; the server decides anyway, so nothing is promised while it is unknown. */
export function useMay(role: Role): boolean {
  const caller = useQuery(me()).data;
  return caller !== undefined && ORDER.indexOf(caller.role) >= ORDER.indexOf(role);
}

export function useIsOperator(): boolean {
  return useQuery(me()).data?.is_operator ?? false;
}
