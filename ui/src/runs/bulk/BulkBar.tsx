import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { RunsFilter } from "@/api/queries";
import { Icon, type IconName } from "@/design/icons";
import { plural } from "@/formats/numbers";
import { useKeys } from "@/shell/keys";
import { useMay } from "@/shell/useMay";
import type { Selection } from "../selection";
import { DeleteDialog } from "./DeleteDialog";
import { Diagnosing } from "./Diagnosing";
import { ExportDialog } from "./ExportDialog";
import { ListDialog } from "./ListDialog";
import type { DialogProps } from "./props";
import { TagDialog } from "./TagDialog";
import type { Bulk } from "./useBulk";

const DIALOGS = { tag: TagDialog, list: ListDialog, export: ExportDialog, delete: DeleteDialog } as const;
type Open = keyof typeof DIALOGS;
type Act = {
  name: Open | "diagnose";
  icon: IconName;
  word: string;
  hint: string;
  needs: "viewer" | "annotator" | "editor";
};

const ACTS: readonly Act[] = [
  { name: "diagnose", icon: "brain", word: "Diagnose", hint: "d", needs: "editor" },
  { name: "tag", icon: "flag", word: "Tag", hint: "t", needs: "annotator" },
  { name: "list", icon: "list", word: "Add to", hint: "l", needs: "annotator" },
  { name: "export", icon: "down", word: "Export", hint: "e", needs: "viewer" },
  { name: "delete", icon: "cross", word: "Delete", hint: "#", needs: "editor" },
];

type Props = { selection: Selection; bulk: Bulk; filter: RunsFilter; loaded: number; hasMore: boolean };

/** What can be done with the chosen runs; each act has a key. A role that may not do it does not see it. */
export function BulkBar({ selection, bulk, filter, loaded, hasMore }: Props): ReactNode {
  const [open, setOpen] = useState<Open | null>(null);
  const [diagnosing, setDiagnosing] = useState(0);
  const may = { viewer: true, annotator: useMay("annotator"), editor: useMay("editor") };
  const acts = ACTS.filter(({ needs }) => may[needs]);
  const isAny = selection.ids.size > 0;
  function start(name: Act["name"]): void {
    if (!isAny) return;
    if (name === "diagnose") setDiagnosing((times) => times + 1);
    else setOpen(name);
  }
  const keys = Object.fromEntries(acts.map(({ name, hint }) => [hint, () => start(name)]));
  useKeys({ ...keys, Escape: selection.clear });
  const Chosen = open ? DIALOGS[open] : null;
  const props: DialogProps = { selection, bulk, filter, onClose: () => setOpen(null) };
  return (
    <>
      {isAny ? (
        <section className="bulk" aria-label="Chosen runs">
          <Count selection={selection} canWiden={hasMore && selection.ids.size === loaded} />
          {acts.map((act) => (
            <button
              key={act.name}
              type="button"
              className="button"
              onClick={() => start(act.name)}
              aria-keyshortcuts={act.hint}
            >
              <Icon name={act.icon} size={14} />
              {act.word}
              <kbd className="kbd">{act.hint}</kbd>
            </button>
          ))}
          <Compare ids={[...selection.ids]} />
          <button type="button" className="button button-ghost bulk-clear" onClick={selection.clear}>
            Clear <kbd className="kbd">Esc</kbd>
          </button>
        </section>
      ) : null}
      {diagnosing > 0 ? (
        <Diagnosing key={diagnosing} selection={selection} filter={filter} onEnd={() => setDiagnosing(0)} bulk={bulk} />
      ) : null}
      <Said bulk={bulk} />
      {Chosen ? <Chosen {...props} /> : null}
    </>
  );
}

function Count({ selection, canWiden }: { selection: Selection; canWiden: boolean }): ReactNode {
  return (
    <>
      <strong className="num">{selection.isAllMatching ? "All that match" : plural(selection.ids.size, "run")}</strong>
      {canWiden && !selection.isAllMatching ? (
        <button type="button" className="button button-ghost" onClick={selection.selectMatching}>
          Choose all that match
        </button>
      ) : null}
    </>
  );
}

/** What the last act did, or why it did not. */
function Said({ bulk }: { bulk: Bulk }): ReactNode {
  if (!bulk.said) return null;
  const { text, isError } = bulk.said;
  return (
    <p className={isError ? "bulk-said tone-bad" : "bulk-said"} role={isError ? "alert" : "status"}>
      {text}
      <button
        type="button"
        className="button button-ghost button-icon"
        aria-label="Dismiss"
        onClick={() => bulk.say(null)}
      >
        <Icon name="close" size={14} />
      </button>
    </p>
  );
}

function Compare({ ids }: { ids: readonly string[] }): ReactNode {
  const [first, second] = ids;
  if (ids.length !== 2 || !first || !second) return null;
  return (
    <Link to="/runs/$runId/beside/$otherId" params={{ runId: first, otherId: second }} className="button">
      <Icon name="lanes" size={14} />
      Side by side
    </Link>
  );
}
