import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from masthead.cli.main import app

pytestmark = pytest.mark.unit


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--data-dir", str(tmp_path), "models", *arguments])
    return result.exit_code, result.output


def test_models_are_listed_with_their_prices(tmp_path: Path):
    status, text = run(tmp_path, "sonnet-4-5", "--provider", "anthropic")
    assert status == 0
    assert "claude-sonnet-4-5" in text and "200,000" in text and "3.75" in text


def test_scripts_get_json(tmp_path: Path):
    status, text = run(tmp_path, "gpt-4o", "--provider", "openai", "--json")
    (card,) = [card for card in json.loads(text) if card["model"] == "gpt-4o"]
    assert (status, card["context_tokens"], card["usd_per_million"]["cache_read"]) == (0, 128_000, "1.25")
    _, text = run(tmp_path, "gpt-4o", "--provider", "openai", "--json", "--limit", "1")
    assert len(json.loads(text)) == 1


def test_own_prices_are_listed(tmp_path: Path):
    (tmp_path / "models.toml").write_text(
        '[[models]]\nmodel = "gpt-4o"\ninput_usd_per_million = "9"\noutput_usd_per_million = "9"\n'
    )
    _, text = run(tmp_path, "gpt-4o", "--provider", "openai", "--json")
    (card,) = [card for card in json.loads(text) if card["model"] == "gpt-4o"]
    assert card["usd_per_million"]["input"] == "9"


def test_nothing_found_ends_with_one(tmp_path: Path):
    status, text = run(tmp_path, "no-such-model")
    assert status == 1 and "No model fits" in text


def test_unknown_capability_is_refused(tmp_path: Path):
    assert CliRunner().invoke(app, ["--data-dir", str(tmp_path), "models", "--can", "fly"]).exit_code != 0
