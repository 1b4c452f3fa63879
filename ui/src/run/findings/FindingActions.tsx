import type { ReactNode } from "react";
import { Icon, type IconName } from "@/design/icons";
import type { Finding } from "@/findings/select";
import { useLabelling } from "./Labelling";

/** Agree, disagree, correct, copy as a test: each a button and a key. Who may only read gets the last one alone. */
export function FindingActions({ finding }: { finding: Finding }): ReactNode {
  const { canWrite, evaluator, isPending, judge, takeBack, open, copyTest } = useLabelling();
  const mine = finding.people.find((score) => score.evaluator === evaluator) ?? null;
  const isOwn = finding.score.source === "human" && finding.score.evaluator === evaluator;
  const says = mine === null ? null : mine.flag !== false;
  return (
    <span className="agreement">
      {canWrite && !isOwn ? (
        <>
          <Action
            icon="check"
            label="Agree"
            keys="a"
            isPressed={says === true}
            isPending={isPending}
            onPress={() => (says === true ? takeBack(finding) : judge(finding, true))}
          />
          <Action
            icon="cross"
            label="Disagree"
            keys="x"
            isPressed={says === false}
            isPending={isPending}
            onPress={() => (says === false ? takeBack(finding) : judge(finding, false))}
          />
          <Action icon="pencil" label="Correct" keys="r" isPending={isPending} onPress={() => open(finding)} />
        </>
      ) : null}
      {canWrite && isOwn ? (
        <Action icon="cross" label="Take back" isPending={isPending} onPress={() => takeBack(finding)} />
      ) : null}
      {finding.score.name === "origin" || copyTest === null ? null : (
        <Action icon="copy" label="Copy as a test" keys="t" isPending={false} onPress={() => copyTest(finding)} />
      )}
    </span>
  );
}

type Props = {
  icon: IconName;
  label: string;
  keys?: string;
  isPressed?: boolean;
  isPending: boolean;
  onPress: () => void;
};

function Action({ icon, label, keys, isPressed, isPending, onPress }: Props): ReactNode {
  return (
    <button
      type="button"
      className="button"
      title={keys ? `${label} (${keys})` : label}
      aria-label={label}
      aria-pressed={isPressed}
      disabled={isPending}
      onClick={onPress}
    >
      <Icon name={icon} size={13} />
      <span className="agreement-word">{label}</span>
    </button>
  );
}
