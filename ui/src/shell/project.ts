import { useSearch } from "@tanstack/react-router";

export const DEFAULT_PROJECT = "default";

/** The project that the address names, or the default one. */
export function useProject(): string {
  return useSearch({ strict: false, select: (search) => search.project }) ?? DEFAULT_PROJECT;
}
