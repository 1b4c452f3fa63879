import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { diagnosis, scores } from "@/api/queries";
import { followed } from "@/api/reading";
import type { Diagnosis, Followed, Score } from "@/api/types";
import { diagnosedScores } from "@/findings/diagnosed";
import { type Finding, type Found, findingsOf, likeliest } from "@/findings/select";
import { useRun } from "../RunContext";

const NONE: readonly Score[] = [];

/** What was found in the run, and what follows from where it began. */
export type Reading = Found & {
  /** Scores as they are stored, every row of them. */
  stored: readonly Score[];
  diagnosis: Diagnosis | undefined;
  isPending: boolean;
  /** Why there is no diagnosis or no score, where the server could not answer, and a way to ask again. */
  trouble: { error: Error; retry: () => void } | null;
  /** Where it began: what a person says, else the likeliest guess; null where nobody knows or the run succeeded. */
  origin: Finding | null;
  /** How it spread from there and what came after it. */
  followed: Followed | null;
};

const FoundContext = createContext<Reading | null>(null);
export const FoundProvider = FoundContext.Provider;

export function useFindings(): Reading {
  const reading = useContext(FoundContext);
  if (reading === null) throw new Error("useFindings is for the views of a run");
  return reading;
}

/** Diagnosing a run longer than this takes the server a while: its turns are shown first. */
const LONG_TURNS = 5_000;
const FIRST_LOOK_MS = 1500;

/** At once, or for a long run when its first turns have had the time to come. */
function useIsDue(isLong: boolean): boolean {
  const [isDue, setIsDue] = useState(!isLong);
  useEffect(() => {
    const timer = setTimeout(() => setIsDue(true), FIRST_LOOK_MS);
    return () => clearTimeout(timer);
  }, []);
  return isDue || !isLong;
}

/** Reads the scores and makes the diagnosis. A run that succeeded began no failure: guesses at one are left out. */
export function useReading(): Reading {
  const { project, runId, detail } = useRun();
  const rows = useQuery(scores(project, runId));
  const isDue = useIsDue(detail.turns > LONG_TURNS);
  const made = useQuery({ ...diagnosis(project, runId, detail.run.spans), enabled: isDue });
  const stored = rows.data?.items ?? NONE;
  const isSuccess = detail.run.outcome === "success";
  const found = useMemo(() => {
    const all = findingsOf(made.data ? [...diagnosedScores(made.data, stored), ...stored] : stored);
    return isSuccess ? { ...all, origins: [] } : all;
  }, [stored, made.data, isSuccess]);
  const error = made.error ?? rows.error;
  const origin = likeliest(found.origins);
  const guessed = made.data?.spread?.origin ?? null;
  const named = origin?.turn ?? null;
  const isElsewhere = named !== null && named !== guessed && named < detail.turns;
  const other = useQuery(followed(project, runId, isElsewhere ? named : null, detail.run.spans));
  const { spread = null, cost = null } = made.data ?? {};
  const ownFollowed = useMemo(() => (spread && cost ? { spread, cost } : null), [spread, cost]);
  return {
    ...found,
    stored,
    diagnosis: made.data,
    isPending: made.isPending || rows.isPending,
    trouble: error === null ? null : { error, retry: () => void Promise.all([made.refetch(), rows.refetch()]) },
    origin,
    followed: named === null ? null : isElsewhere ? (other.data ?? null) : ownFollowed,
  };
}
