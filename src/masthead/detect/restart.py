"""FM-2.1: a run that begins again from its opening."""

import msgspec

from masthead.detect.rule import About, Claim, Rule
from masthead.detect.step import Step


class RestartState(msgspec.Struct):
    """Where the run began."""

    first: int = -1


class Restart(Rule[RestartState]):
    """The run's opening comes again after work was done."""

    id = "restart"
    version = "1"
    codes = ("FM-2.1",)
    is_on_unmeasured = True
    about = About(
        title="The run starts over",
        sees="The first steps of the run coming again, word for word and in order, after at least five other steps: "
        "the framework is initialised anew, or the task is given again from the top.",
        blind="A restart that is worded otherwise; work that is taken up again without its opening; restarts before "
        "the recording began.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(RestartState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        if self.state.first < 0:
            self.state.first = step.index
        if step.restart_of is None:
            return None
        reason = f"the opening of turn {self.state.first} comes again at turn {step.restart_of}, after work was done"
        return Claim((self.state.first, step.restart_of), reason, step.restart_of, step.speaker)
