"""What all parts of the gateway's configuration share."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the configuration: no unknown names, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
