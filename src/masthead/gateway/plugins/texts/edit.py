"""What is done to the texts of an answer, piece by piece."""

from typing import Protocol

from masthead.gateway.plugins.texts.slots import Channel


class Edit(Protocol):
    """Changes one text while it comes. However the text is cut into pieces, what comes out in all is the same."""

    def feed(self, piece: str) -> str:
        """Return what can be passed on of what came so far."""
        ...

    def close(self, *, is_whole: bool) -> str:
        """Return what is held back; `is_whole` where the text came to its proper end."""
        ...

    def held(self) -> str:
        """Return what is held back, as it came; where `feed` or `close` fails, all that it did not pass on."""
        ...


class Edits(Protocol):
    """What one plugin does to one answer. Any method may raise `Refused`, which ends the answer."""

    def edit(self, channel: Channel) -> Edit | None:
        """Return what is to be done to a text that begins; None to leave it alone."""
        ...

    def whole(self, channel: Channel, text: str) -> str:
        """Return a text that is told in whole, and in a stream maybe for the second time."""
        ...

    def is_over(self) -> bool:
        """Say whether the answer is to end here."""
        ...

    def finish(self) -> None:
        """Judge the answer, which is complete."""
        ...


class QuietEdits:
    """Edits that leave everything alone; others take over what they have a part in."""

    def edit(self, channel: Channel) -> Edit | None:
        """Leave it alone."""
        del channel
        return None

    def whole(self, channel: Channel, text: str) -> str:
        """Do what is done to the text in pieces, in one."""
        found = self.edit(channel)
        return text if found is None else found.feed(text) + found.close(is_whole=True)

    def is_over(self) -> bool:
        """Say no."""
        return False

    def finish(self) -> None:
        """Have nothing to say."""
