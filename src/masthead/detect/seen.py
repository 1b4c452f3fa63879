"""Remember what came before, in bounded space."""

from collections.abc import Sequence

import msgspec


class Seen(msgspec.Struct):
    """Turns by key. What came once is kept in two generations, so that forgetting costs nothing."""

    young: dict[int, int] = msgspec.field(default_factory=dict[int, int])
    old: dict[int, int] = msgspec.field(default_factory=dict[int, int])
    again: dict[int, list[int]] = msgspec.field(default_factory=dict[int, list[int]])

    def note(self, key: int, turn: int, *, keep: int, room: int) -> Sequence[int]:
        """Add a turn under a key and return the last `keep` turns there."""
        turns = self.again.get(key)
        if turns is not None:
            turns.append(turn)
            if len(turns) > keep:
                del turns[0]
            return turns
        first = self.young.get(key)
        if first is None:
            first = self.old.get(key)
        if first is None:
            if len(self.young) >= room:
                self.old, self.young = self.young, {}
            self.young[key] = turn
            return (turn,)
        if len(self.again) >= room:
            self.again.clear()
        self.again[key] = [first, turn][-keep:]
        return self.again[key]
