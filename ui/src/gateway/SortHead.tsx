import type { ReactNode } from "react";
import { Icon } from "@/design/icons";

export type Order = { word: string; isRising: boolean };
type Props = { word: string; order: Order | null; onOrder: (order: Order) => void };

/** The head of a column of figures; pressing it sorts by the column, the highest first, and again the other way round. */
export function SortHead({ word, order, onOrder }: Props): ReactNode {
  const isMine = order?.word === word;
  const isRising = isMine && order.isRising;
  return (
    <th scope="col" className="num" aria-sort={isMine ? (isRising ? "ascending" : "descending") : undefined}>
      <button type="button" className="sort-head" onClick={() => onOrder({ word, isRising: isMine && !isRising })}>
        {isMine ? <Icon name={isRising ? "up" : "down"} size={12} /> : null}
        {word}
      </button>
    </th>
  );
}
