import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import { DEFAULT_PROJECT } from "@/api/defaults";
import { me } from "@/api/queries";

export { DEFAULT_PROJECT };

const ProjectContext = createContext(DEFAULT_PROJECT);
export const ProjectProvider = ProjectContext.Provider;

/** The project that the address names; else the one that the reader's key belongs to, or the default one. */
export function useNamedProject(): string {
  const named = useSearch({ strict: false, select: (search) => search.project });
  const caller = useQuery(me()).data;
  return named ?? (caller && !caller.is_operator ? caller.project_id : DEFAULT_PROJECT);
}

/** The project whose runs the page shows. */
export function useProject(): string {
  return useContext(ProjectContext);
}
