import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { me } from "@/api/queries";

/** The first part that the reader's role shows. */
export function FirstPart(): ReactNode {
  const caller = useQuery(me()).data;
  if (!caller) return null;
  return <Navigate to={caller.role === "owner" ? "/settings/project" : "/settings/about"} replace />;
}
