import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
} from "react";
import { me } from "@/api/queries";
import { testCase, writeScores } from "@/api/reading";
import type { Score } from "@/api/types";
import { nameOf } from "@/findings/names";
import { type Finding, ORIGIN } from "@/findings/select";
import { asInput, type Claim, claimed, corrected, type Said, undone, verdict } from "@/findings/verdicts";
import { plural } from "@/formats/numbers";
import { useRun } from "../RunContext";
import { Notice } from "./Notice";
import { useFindings } from "./useFindings";

const ClaimDialog = lazy(() => import("./ClaimDialog").then((room) => ({ default: room.ClaimDialog })));

/** How the reader says what they think of a finding. */
export type Labelling = {
  canWrite: boolean;
  evaluator: string | null;
  isPending: boolean;
  /** What the keys act on: at the selected turn, the first finding on which the reader has not spoken. */
  current: Finding | null;
  judge: (finding: Finding, flag: boolean) => void;
  takeBack: (finding: Finding) => void;
  /** Opens the form: to say what it is instead, or without a finding, what nobody found. */
  open: (finding: Finding | null) => void;
  undo: () => void;
  /** Null where findings are only shown. */
  copyTest: ((finding: Finding) => void) | null;
};

export const LabellingContext = createContext<Labelling | null>(null);

export function useLabelling(): Labelling {
  const labelling = useContext(LabellingContext);
  if (labelling === null) throw new Error("useLabelling is for the views of a run");
  return labelling;
}

type Write = { said: Said[]; before: readonly Score[]; done: string };

export function LabellingProvider({ children }: { children: ReactNode }): ReactNode {
  const { project, runId } = useRun();
  const { stored } = useFindings();
  const caller = useQuery(me()).data;
  const queryClient = useQueryClient();
  const past = useRef<Write[]>([]);
  const [notice, setNotice] = useState<{ text: string; canUndo: boolean; isBad?: boolean } | null>(null);
  const [form, setForm] = useState<{ finding: Finding | null } | null>(null);
  const evaluator = caller?.actor ?? null;
  const canWrite = evaluator !== null && caller?.role !== "viewer";
  const current = useCurrent(evaluator);

  const write = useMutation({
    mutationFn: ({ said }: Write) =>
      writeScores(
        project,
        said.map((each) => asInput(each, evaluator ?? "")),
      ),
    onSuccess: (_, { done }) => {
      setNotice({ text: done, canUndo: past.current.length > 0 });
      void queryClient.invalidateQueries({ queryKey: [project, "run", runId, "diagnosis"] });
      return queryClient.invalidateQueries({ queryKey: [project, "run", runId, "scores"] });
    },
    onError: (error) => {
      past.current.pop();
      setNotice({ text: error.message, canUndo: false, isBad: true });
    },
  });
  const { mutate } = write;
  const say = useCallback(
    (said: Said[], done: string) => {
      if (!canWrite) return;
      const made = { said, before: stored, done };
      past.current.push(made);
      mutate(made);
    },
    [canWrite, stored, mutate],
  );
  const undo = useCallback(() => {
    const last = past.current.pop();
    if (last && evaluator) mutate({ said: undone(last.said, last.before, evaluator), before: stored, done: "Undone" });
  }, [evaluator, stored, mutate]);
  const copyTest = useCallback(
    (finding: Finding) => {
      copyAsTest(project, runId, finding).then(
        (text) => setNotice({ text, canUndo: false }),
        (error: Error) => setNotice({ text: error.message, canUndo: false, isBad: true }),
      );
    },
    [project, runId],
  );
  const labelling = useMemo(
    (): Labelling => ({
      canWrite,
      evaluator,
      isPending: write.isPending,
      current,
      judge: (finding, flag) =>
        say([verdict(finding, flag)], `You ${flag ? "agreed" : "disagreed"} with ${titleOf(finding)}`),
      takeBack: (finding) =>
        say([{ ...verdict(finding, true), flag: null }], `You took back what you said of ${titleOf(finding)}`),
      open: (finding) => canWrite && setForm({ finding }),
      undo,
      copyTest,
    }),
    [canWrite, evaluator, write.isPending, current, say, undo, copyTest],
  );

  function submit(claim: Claim): void {
    const finding = form?.finding ?? null;
    const said = finding ? corrected(runId, finding, claim) : [claimed(runId, claim)];
    const what = claim.name === ORIGIN ? "that it began elsewhere" : `${claim.name} ${nameOf(claim.name) ?? ""}`.trim();
    say(said, finding ? `You said ${what} instead` : `You added ${what}`);
    setForm(null);
  }
  return (
    <LabellingContext.Provider value={labelling}>
      {children}
      {form ? (
        <Suspense>
          <ClaimDialog finding={form.finding} onSubmit={submit} onClose={() => setForm(null)} />
        </Suspense>
      ) : null}
      {notice ? <Notice {...notice} onUndo={undo} onClose={() => setNotice(null)} /> : null}
    </LabellingContext.Provider>
  );
}

/** What the keys act on: the first finding at the selected turn that waits for this reader, else the first one there. */
function useCurrent(evaluator: string | null): Finding | null {
  const { turn } = useRun();
  const { codes, origin } = useFindings();
  return useMemo(() => {
    if (turn === null) return null;
    const here = [...(origin ? [origin] : []), ...codes].filter((finding) => finding.turn === turn);
    const isMine = ({ people }: Finding) => people.some((score) => score.evaluator === evaluator);
    return here.find((finding) => !isMine(finding)) ?? here[0] ?? null;
  }, [turn, codes, origin, evaluator]);
}

function titleOf({ score, turn }: Finding): string {
  const name = score.name === ORIGIN ? "where it began" : score.name;
  return turn === null ? name : `${name} at turn ${turn}`;
}

async function copyAsTest(project: string, runId: string, finding: Finding): Promise<string> {
  const { name, source, turns } = await testCase(project, runId, finding);
  await navigator.clipboard.writeText(source);
  return `Copied ${name}, with ${plural(turns, "turn")}: save it under that name and run it with pytest`;
}
