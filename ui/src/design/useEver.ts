import { useState } from "react";

/** Whether it holds or has held: what was opened because a field had something stays open while that is written anew. */
export function useEver(holds: boolean): boolean {
  const [ever, setEver] = useState(holds);
  if (holds && !ever) setEver(true);
  return ever || holds;
}
