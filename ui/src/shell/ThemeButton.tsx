import type { ReactNode } from "react";
import { Icon, type IconName } from "@/design/icons";
import { useStored } from "./useStored";

const NEXT: Record<string, string | null> = { system: "light", light: "dark", dark: null };
const ICONS: Record<string, IconName> = { system: "system", light: "sun", dark: "moon" };

/** Goes round system, light, dark. `theme.js` applies the choice before the first paint of the next visit. */
export function ThemeButton(): ReactNode {
  const [theme, setTheme] = useStored("theme");
  const now = theme ?? "system";
  function change(): void {
    const next = NEXT[now] ?? null;
    if (next === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    setTheme(next);
  }
  return (
    <button type="button" className="side-item" onClick={change} aria-label={`Theme: ${now}. Change`}>
      <Icon name={ICONS[now] ?? "system"} />
      <span className="side-label">Theme: {now}</span>
    </button>
  );
}
