import type { RunsFilter } from "@/api/queries";
import type { Selection } from "../selection";
import type { Bulk } from "./useBulk";

/** What every dialog on the chosen runs is given. */
export type DialogProps = { selection: Selection; bulk: Bulk; filter: RunsFilter; onClose: () => void };
