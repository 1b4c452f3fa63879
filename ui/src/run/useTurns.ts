import { useQueries } from "@tanstack/react-query";
import { TURNS_A_PAGE, turnsPage } from "@/api/queries";
import type { Turn } from "@/api/types";
import { useRun } from "./RunContext";

/** The turns at these indices, each undefined until its page has come. Only the pages that are asked for are fetched. */
export function useTurns(indices: readonly number[]): ReadonlyMap<number, Turn> {
  const { project, runId } = useRun();
  const pages = [...new Set(indices.map((index) => Math.floor(index / TURNS_A_PAGE)))];
  return useQueries({
    queries: pages.map((page) => turnsPage(project, runId, page)),
    combine: byIndex,
  });
}

function byIndex(answers: ReadonlyArray<{ data?: { turns: Turn[] } | undefined }>): ReadonlyMap<number, Turn> {
  return new Map(
    answers.flatMap((answer) => answer.data?.turns.map((turn): [number, Turn] => [turn.index, turn]) ?? []),
  );
}

export function useTurn(index: number | null): Turn | undefined {
  const turns = useTurns(index === null ? [] : [index]);
  return index === null ? undefined : turns.get(index);
}

/** What kept turns at these indices from coming, and a way to ask for them again; null where nothing did. */
export function useTurnsTrouble(indices: readonly number[]): { error: Error; retry: () => void } | null {
  const { project, runId } = useRun();
  const pages = [...new Set(indices.map((index) => Math.floor(index / TURNS_A_PAGE)))];
  return useQueries({ queries: pages.map((page) => turnsPage(project, runId, page)), combine: trouble });
}

type Answer = { error: Error | null; refetch: () => unknown };

function trouble(answers: readonly Answer[]): { error: Error; retry: () => void } | null {
  const failed = answers.filter((answer) => answer.error !== null);
  const error = failed[0]?.error;
  return error ? { error, retry: () => failed.forEach((answer) => void answer.refetch()) } : null;
}
