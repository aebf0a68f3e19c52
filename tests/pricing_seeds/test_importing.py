"""`prices import`: facts of three tables by small hand-made files; what is taken over says on what it rests."""

import json

import pytest
from tests.pricing_seeds.conftest import price_line
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.check import check

SINCE = "2026-01-01T00:00:00Z"
UNKNOWN = "one-time import; its first day is not known and is taken to be no later than this"

LITELLM = {
    "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of many"},
    "acme/b-1": {
        "litellm_provider": "acme",
        "input_cost_per_token": 3e-07,
        "output_cost_per_token": 1.5e-06,
        "cache_read_input_token_cost": 3e-08,
        "input_cost_per_token_above_200k_tokens": 6e-07,
        "input_cost_per_token_batches": 1.5e-07,
        "output_cost_per_token_batches": 7.5e-07,
        "input_cost_per_token_above_200k_tokens_batches": 3e-07,
        "input_cost_per_token_flex": 1.5e-07,
        "output_cost_per_image": 0.04,
        "source": "https://acme.example/models",
    },
    "a-1": {"litellm_provider": "acme", "input_cost_per_token": 4e-06, "output_cost_per_token": 1.5e-05},
    "free": {"litellm_provider": "acme", "input_cost_per_token": 0, "output_cost_per_token": 0},
    "float": {"litellm_provider": "acme", "input_cost_per_token": 1.0399999999999998e-12},
    "image": {"litellm_provider": "acme", "output_cost_per_image": 0.02},
    "elsewhere": {"litellm_provider": "other", "input_cost_per_token": 1e-06},
}
GENAI = [
    {
        "id": "acme",
        "models": [
            {
                "id": "b-1",
                "prices": [
                    {
                        "prices": {
                            "input_mtok": 5,
                            "output_mtok": {"base": 25, "tiers": [{"start": 200000, "price": 37.5}]},
                        }
                    },
                    {
                        "constraint": {"start_date": "2026-03-13"},
                        "prices": {"input_mtok": 1, "output_mtok": 25},
                    },
                    {"constraint": {"start_time": "16:30"}, "prices": {"input_mtok": 2}},
                ],
            },
            {"id": "b-2", "prices": {"input_mtok": 0.1, "web_searches_kcount": 10, "unheard_of_mtok": 1}},
        ],
    }
]
SOURCE = "https://acme.example/news"
MODEL_PRICES = {
    "prices": {
        "acme": {
            "b-1": {
                "standard": [
                    {"rates": None, "start": None},
                    {
                        "rates": {
                            "input": 2.0,
                            "output": 8.0,
                            "source": SOURCE,
                            "tiers": [{"above": 272000, "input": 4.0, "output": 12.0}],
                            "valid_from": "2025-05-01T12:30:00Z",
                            "valid_from_basis": "documented",
                        }
                    },
                    {
                        "rates": {
                            "input": 1.5,
                            "output": 8.0,
                            "source": "https://github.com/sst/models.dev/commit/0123",
                            "valid_from": "2025-06-01T00:00:00Z",
                            "valid_from_basis": "models.dev commit",
                        }
                    },
                ]
            }
        }
    }
}


@pytest.fixture
def imported(repository, tmp_path, monkeypatch):
    """Import a table into a repository with one priced model; the answer, and the new rows."""
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "SPANLEDGER_HOME"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")
    repository.write_sound(price_line(), price_line(unit="output", price="15.00"))
    repository.write("evidence_hosts.csv", "provider,host,note\nacme,acme.example,\n")
    repository.commit()

    def run(table, data, *arguments, code=0):
        file = tmp_path / "table.json"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        words = ["prices", "import", str(file), "--table", table, "--evidence-date", "2026-02-01", "--json"]
        result = CliRunner().invoke(app, [*words, *arguments, "--source", str(repository.folder)])
        assert result.exit_code == code, result.output
        if code:
            return result.output
        return json.loads(result.output), parse(repository.read_as_is()).prices[2:]

    return run


def _by_offer(rows):
    return {(row.context, row.unit, row.tier_above, f"{row.effective_from:%Y-%m-%d}"): row for row in rows}


def test_litellm_gives_whole_models_with_complete_contexts(imported, repository):
    answer, rows = imported("litellm", LITELLM)
    found = _by_offer(rows)
    day = SINCE[:10]
    assert {(*key[:3], str(row.price)) for key, row in found.items()} == {
        ("standard", "input", 0, "0.30"),
        ("standard", "output", 0, "1.50"),
        ("standard", "cache_read", 0, "0.03"),
        ("standard", "input", 200000, "0.60"),
        ("batch", "input", 0, "0.15"),
        ("batch", "output", 0, "0.75"),
        ("batch", "cache_read", 0, "0.03"),  # not stated: the standard price, and the note says so
        ("batch", "input", 200000, "0.30"),
    }
    row = found["standard", "input", 0, day]
    assert (row.provider, row.model, row.basis, row.change_kind) == ("acme", "b-1", "third_party", "launch")
    assert (
        row.evidence_url
        == "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
    )
    assert row.note == f"{UNKNOWN}; it cites https://acme.example/models"
    assert "at the standard price" in found["batch", "cache_read", 0, day].note
    assert answer["models"] == ["acme/b-1"]
    assert answer["differing"] == ["prices/acme.csv:2: acme a-1 input is 3.00, the table says 4 for a-1"]
    assert answer["left"]["models that have a price"] == 1
    assert answer["left"]["models priced 0, which may stand for not known"] == 1
    assert answer["left"]["models with a float artefact"] == 1
    assert answer["left"]["output_cost_per_image"] == 2
    assert repository.git("log", "-1", "--format=%s|%(trailers:key=Price-Change,valueonly)") == (
        "Take over 8 prices of 1 models from litellm|acme/b-1"
    )
    assert [finding for finding in check(repository.read(), "HEAD~1") if finding.is_error] == []


def test_genai_prices_keeps_the_days_that_it_knows(imported):
    answer, rows = imported("genai-prices", GENAI)
    found = _by_offer(row for row in rows if row.model == "b-1")
    assert {(*key[1:], str(row.price)) for key, row in found.items()} == {
        ("input", 0, "2026-01-01", "5.00"),
        ("input", 0, "2026-03-13", "1.00"),
        ("output", 0, "2026-01-01", "25.00"),
        ("output", 200000, "2026-01-01", "37.50"),
    }
    cut = found["standard", "input", 0, "2026-03-13"]
    assert (cut.change_kind, cut.note) == (
        "price_change",
        "one-time import; a move of more than three times, as the table has it",
    )
    assert cut.evidence_url == "https://github.com/pydantic/genai-prices/blob/main/prices/providers/acme.yml"
    assert {row.basis for row in rows} == {"third_party"}
    assert answer["left"]["prices by time of day"] == 1
    assert answer["left"]["unheard_of_mtok"] == 1


def test_model_prices_keeps_instants_sources_and_bases(imported):
    _, rows = imported("model-prices", MODEL_PRICES)
    found = _by_offer(rows)
    first = found["standard", "input", 0, "2025-05-01"]
    assert (first.basis, first.evidence_url, first.note) == ("documented", SOURCE, "one-time import")
    assert f"{first.effective_from:%H:%M}" == "12:30"
    second = found["standard", "input", 0, "2025-06-01"]
    assert (str(second.price), second.basis, second.change_kind) == ("1.50", "third_party", "price_change")
    assert ("standard", "output", 0, "2025-06-01") not in found  # it did not move
    assert str(found["standard", "output", 272000, "2025-05-01"].price) == "12.00"


def test_what_is_documented_elsewhere_is_third_party(imported):
    data = json.loads(json.dumps(MODEL_PRICES).replace(SOURCE, "https://blog.example/acme"))
    _, rows = imported("model-prices", data)
    assert {row.basis for row in rows} == {"third_party"}


def test_a_dry_run_writes_nothing_and_a_second_import_has_nothing_new(imported, repository):
    before = repository.git("rev-parse", "HEAD")
    answer, rows = imported("litellm", LITELLM, "--dry-run")
    assert (answer["prices"], answer["commit"], list(rows)) == (8, None, [])
    imported("litellm", LITELLM)
    assert repository.git("rev-list", "--count", f"{before}..HEAD") == "1"
    said = imported("litellm", LITELLM, code=1)
    assert "nothing of the table is new here" in said
    assert "models that have a price: 2" in said


def test_the_choice_of_models_and_providers_counts(imported):
    assert "nothing of the table is new" in imported("litellm", LITELLM, "--model", "c-1", code=1)
    answer, _ = imported("litellm", LITELLM, "--provider", "other", "--dry-run")
    assert answer["models"] == ["other/elsewhere"]


def test_what_a_key_means_depends_on_what_the_model_does(imported, repository):
    repository.write(
        "units.csv",
        "unit,per,parent,direction,modality,usage_column,fallback_unit,optional,note\n"
        "input,1000000,,input,text,input_tokens,,false,\noutput,1000000,,output,text,output_tokens,,false,\n"
        "rerank_query,1000,,tool,search,,,false,\ninput_audio_second,3600,,input,audio_time,,,false,\n",
    )
    repository.commit()
    data = {
        "rank": {
            "litellm_provider": "acme",
            "mode": "rerank",
            "input_cost_per_query": 0.002,
            "input_cost_per_token": 0.0,
        },
        "hear": {"litellm_provider": "acme", "mode": "audio_transcription", "input_cost_per_second": 0.0001},
        "chat": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_query": 0.002},
    }
    _, rows = imported("litellm", data)
    assert {(row.model, row.unit, str(row.price), row.per) for row in rows} == {
        ("rank", "rerank_query", "2.00", 1000),
        ("hear", "input_audio_second", "0.36", 3600),
    }


@pytest.mark.parametrize(
    ("table", "data", "words"),
    [
        (
            "openrouter",
            {},
            "unknown table 'openrouter'; this release reads genai-prices, litellm, model-prices",
        ),
        ("litellm", "{", "the file is no JSON"),
        ("genai-prices", {"a": 1}, "holds no price that genai-prices would state"),
    ],
)
def test_what_is_no_table_is_refused_in_words(imported, table, data, words):
    assert words in imported(table, data, code=1)
