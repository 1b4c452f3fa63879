"""Who asks: the caller of a request, after its key, cookie or address was checked."""

from dataclasses import dataclass

from masthead.model.errors import NotAllowed
from masthead.model.ids import ProjectId
from masthead.model.tenancy import ApiKey, Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who asks, in which project and with which role.

    `actor` is what the audit log calls it: `key:<id>`, `operator` (it holds the data folder's token) or `local` (no
    login, on loopback). `is_operator` may create projects and choose among all of them; a key never may.
    """

    actor: str
    project_id: ProjectId
    role: Role
    is_operator: bool
    csrf_token: str | None = None
    """Set where a browser's cookie spoke for the caller."""
    key: ApiKey | None = None
    """The key that the caller holds, or that its browser logged in with."""

    def require(self, role: Role) -> None:
        """Go on where the caller's role includes `role`.

        Raises:
            NotAllowed: it does not.
        """
        if not self.role.includes(role):
            raise NotAllowed(
                f"this needs the role {role.value!r} and the caller is {self.role.value!r};"
                " use a key of that role (masthead key create --role)"
            )

    def require_operator(self) -> None:
        """Go on where the caller is the operator.

        Raises:
            NotAllowed: it is not.
        """
        if not self.is_operator:
            raise NotAllowed("this concerns the whole installation; run it with masthead on the server's own machine")
