"""`instructor` over the gateway: a typed answer, and one more try where the first does not fit."""

from pathlib import Path

import openai
import pytest
from pydantic import BaseModel, Field

from masthead.testing.gateway import config_file, gateway_at
from masthead.testing.scripted_model import ScriptedCall, ScriptedModel, ScriptedReply, ScriptedRequest

instructor = pytest.importorskip("instructor")
pytestmark = pytest.mark.contract


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)


def test_a_typed_answer_comes_after_a_correction(tmp_path: Path) -> None:
    def script(request: ScriptedRequest) -> ScriptedReply:
        age = -1 if request.number == 0 else 36
        arguments = f'{{"name": "Ada", "age": {age}}}'
        return ScriptedReply(calls=(ScriptedCall(name=request.tools[0], arguments=arguments),))

    with (
        ScriptedModel(script) as model,
        gateway_at(config_file(tmp_path, model.url)) as gateway,
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k") as plain,
    ):
        found = instructor.from_openai(plain).chat.completions.create(
            model="m", response_model=Person, messages=[{"role": "user", "content": "Who?"}], max_retries=2
        )
        spans = gateway.spans(2)
    assert (found.name, found.age) == ("Ada", 36)
    assert len(spans) == 2
