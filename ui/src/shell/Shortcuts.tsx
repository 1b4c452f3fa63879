import type { ReactNode, Ref } from "react";

const GROUPS: ReadonlyArray<{ title: string; keys: ReadonlyArray<readonly [string, string]> }> = [
  {
    title: "Everywhere",
    keys: [
      ["g", "All runs"],
      ["/", "Search or filter"],
      ["?", "This list"],
    ],
  },
  {
    title: "Runs",
    keys: [
      ["j  k", "Next, previous run"],
      ["Enter", "Open"],
      ["x", "Choose, or not"],
      ["J  K  X", "Choose a range"],
      ["*", "Choose all that are loaded"],
      ["Esc", "Choose none"],
      ["d", "Diagnose the chosen"],
      ["t  l", "Tag; add to a list"],
      ["e", "Export"],
      ["#", "Delete"],
      ["v", "Saved views"],
      ["p", "Pause, or go on live"],
    ],
  },
  {
    title: "A queue",
    keys: [
      ["!", "Done, next run"],
      ["}", "Skip to the next run"],
    ],
  },
  {
    title: "A run",
    keys: [
      ["j  k", "Next, previous turn"],
      ["e", "Unfold or fold the turn"],
      ["n  N", "Next, previous match"],
      ["[  ]", "Previous, next handoff"],
      ["1 – 5", "Chat, lanes, flow, timeline, raw"],
      ["c", "Copy a link to the turn"],
      ["i", "Show or hide the details"],
      ["b", "Beside another run"],
    ],
  },
  {
    title: "What was found",
    keys: [
      [",  .", "Previous, next finding"],
      ["a  x", "Agree, disagree"],
      ["r", "Correct: say what it is instead"],
      ["f", "Add what nobody found"],
      ["u", "Undo"],
      ["t", "Copy as a test"],
    ],
  },
  {
    title: "Two runs side by side",
    keys: [
      ["j  k", "Next, previous difference"],
      ["d", "Where they part"],
    ],
  },
];

/** Every key, in one dialog. */
export function Shortcuts({ ref }: { ref: Ref<HTMLDialogElement> }): ReactNode {
  return (
    <dialog ref={ref} className="dialog" aria-labelledby="shortcuts-title">
      <form method="dialog" className="dialog-head">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <button type="submit" className="button button-ghost">
          Close
        </button>
      </form>
      <div className="shortcuts">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([keys, meaning]) => (
                <div key={keys}>
                  <dt>
                    {keys.split("  ").map((key) => (
                      <kbd key={key} className="kbd">
                        {key}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
