import { useCallback, useState } from "react";

function read(key: string): string | null {
  try {
    return localStorage.getItem(`masthead.${key}`);
  } catch {
    return null;
  }
}

/** A reader's preference, kept in this browser; null is "not chosen". Works, without memory, where storage is closed. */
export function useStored(key: string): [string | null, (value: string | null) => void] {
  const [value, setValue] = useState(() => read(key));
  const store = useCallback(
    (next: string | null) => {
      setValue(next);
      try {
        if (next === null) localStorage.removeItem(`masthead.${key}`);
        else localStorage.setItem(`masthead.${key}`, next);
      } catch {
        // Not kept: the choice holds until the page is left.
      }
    },
    [key],
  );
  return [value, store];
}
