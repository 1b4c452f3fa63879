import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { agreement } from "@/api/reports";
import { figureOf, inWords } from "@/findings/agreement";
import { useRun } from "../RunContext";

const FRESH_MS = 10 * 60_000;
const ALL = {};

/** How far the evaluator is to be believed on this code: its agreement with people, or that nobody measured it. */
export function AgreementFigure({ evaluator, code }: { evaluator: string; code: string }): ReactNode {
  const { project } = useRun();
  const answer = useQuery({ ...agreement(project, ALL), staleTime: FRESH_MS });
  if (!answer.data) return null;
  return (
    <Link to="/agreement" search={{ evaluator, code }} className="agreement-figure num">
      {inWords(figureOf(answer.data, evaluator, code))}
    </Link>
  );
}
