"""Every gate, with a change that it must refuse: the file, the line and the fix are in the message."""

from datetime import date

import pytest

from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.patterns import names_of

TODAY = date(2026, 11, 22)
MODELS = "https://acme.example/models"


def findings_of(repository, *lines):
    """What the gate says of these prices."""
    repository.write_sound(*lines)
    return check(repository.read_as_is(), today=TODAY)


def only(findings):
    """The one finding, as words."""
    assert len(findings) == 1, "\n".join(map(str, findings))
    return str(findings[0])


def test_sound_seeds_pass(repository, line):
    assert findings_of(repository, line(), line(unit="output", price="15.00")) == []


@pytest.mark.parametrize(
    ("cells", "words", "fix"),
    [
        ({"unit": "tokens"}, "unknown unit 'tokens'", "use a unit of units.csv (cache_read, input"),
        ({"per": "1000"}, "per is 1000, but output is priced per 1000000", "per 1000000"),
        ({"currency": "usd"}, "currency: 'usd' is not a currency code", "correct the currency"),
        (
            {"currency": "EUR"},
            "in EUR, of which fx_rates.csv has no rate",
            "do not convert the price by hand",
        ),
        ({"evidence_url": ""}, "evidence_url: is blank, and must be given", "correct the evidence_url"),
        ({"evidence_url": "the website"}, "is not a web address", "correct the evidence_url"),
        (
            {"evidence_date": "2026-11-23"},
            "is after today, 2026-11-22",
            "the day on which the price was read",
        ),
        (
            {"effective_from": "0205-01-01T00:00:00Z"},
            "effective_from 205-01-01 is implausible",
            "check the year",
        ),
        (
            {"effective_from": "2052-01-01T00:00:00Z"},
            "effective_from 2052-01-01 is implausible",
            "check the year",
        ),
        ({"effective_from": "2025-01-01"}, "is not an instant with a zone", "correct the effective_from"),
        ({"effective_from": "2025-02-30T00:00:00Z"}, "day is out of range", "correct the effective_from"),
        ({"price": "1.0399999999999998"}, "16 decimal places", "correct the price"),
        ({"price": "3E-6"}, "no sign or exponent", "correct the price"),
        ({"price": "-1"}, "not a plain decimal", "correct the price"),
        ({"price": ""}, "price: is blank", "correct the price"),
        ({"price": " 3"}, "has spaces around it", "correct the price"),
        ({"basis": "rumour"}, "'rumour' is none of documented", "correct the basis"),
        ({"change_kind": "edit"}, "'edit' is none of launch", "correct the change_kind"),
        ({"change_kind": "end"}, "must name the price it supersedes", "prices show"),
        ({"supersedes": "p1-0123"}, "which is no price of these seeds", "name a price_id that exists"),
        ({"window": "night"}, "'night' is no window of acme", "add it to windows.csv"),
        ({"effective_to": "2024-01-01T00:00:00Z"}, "ends before it begins", "correct effective_from"),
        ({"provider": "other"}, "a price of 'other' in prices/acme.csv", "move it to prices/other.csv"),
        ({"context": "batch"}, "a standard price of input, but none in context batch", "add the batch row"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_fix(repository, line, cells, words, fix):
    sound = line()
    bad = line(**{"model": "a-1", "unit": "output", "price": "15.00", **cells})
    found = [finding for finding in findings_of(repository, sound, bad) if finding.is_error]
    said = "\n".join(map(str, found))
    assert said.startswith("prices/acme.csv:3: error: ")
    assert words in said
    assert fix in said.partition("Fix: ")[2]


def test_a_repeated_price_is_refused(repository, line):
    said = only(findings_of(repository, line(), line(note="again")))
    assert said.startswith("prices/acme.csv:3: error: repeats prices/acme.csv:2")
    assert "Fix: remove the new row" in said


def test_a_contradiction_is_refused_and_the_correction_explained(repository, line):
    said = only(findings_of(repository, line(), line(price="4.00")))
    wrong = parse(repository.read_as_is()).prices[0].price_id
    assert said.startswith("prices/acme.csv:3: error: contradicts prices/acme.csv:2")
    assert f"make it a correction that supersedes {wrong}" in said


def test_the_same_instant_in_another_zone_is_the_same_key(repository, line):
    other = line(effective_from="2025-01-01T08:00:00+08:00", context="standard")
    assert "repeats prices/acme.csv:2" in only(findings_of(repository, line(), other))


def test_an_end_beyond_the_next_price_is_an_overlap(repository, line):
    first = line(effective_to="2025-07-01T00:00:00Z")
    second = line(effective_from="2025-06-30T23:59:59Z", price="2.00", change_kind="price_change")
    said = only(findings_of(repository, first, second))
    assert said.startswith("prices/acme.csv:2: error: ends at 2025-07-01T00:00:00Z, after prices/acme.csv:3")
    assert "Fix: end it where the next price begins" in said


def test_an_end_at_the_next_price_is_none(repository, line):
    first = line(effective_to="2025-07-01T00:00:00Z")
    second = line(effective_from="2025-07-01T00:00:00Z", price="2.00", change_kind="price_change")
    assert findings_of(repository, first, second) == []


@pytest.mark.parametrize(
    ("price", "refused"), [("9.00", False), ("9.01", True), ("1.00", False), ("0.99", True)]
)
def test_a_jump_beyond_threefold_needs_a_word(repository, line, price, refused):
    new = {"effective_from": "2025-06-10T00:00:00Z", "price": price, "change_kind": "price_change"}
    found = findings_of(repository, line(), line(**new))
    assert bool(found) is refused
    if refused:
        assert str(found[0]).startswith(f"prices/acme.csv:3: error: acme a-1 input jumps from 3 to {price}")
        assert "Fix: say in the note why it moves so far" in str(found[0])
    assert findings_of(repository, line(), line(**new, note="announced")) == []


def test_implausible_prices_warn_and_do_not_stop(repository, line):
    found = findings_of(
        repository, line(), line(unit="output", price="1.00"), line(unit="cache_read", price="4.00")
    )
    assert [(finding.line, finding.severity) for finding in found] == [(3, "warning"), (4, "warning")]


def test_nobody_supersedes_what_is_superseded(repository, line):
    repository.write_sound(line())
    old = parse(repository.read_as_is()).prices[0].price_id
    one = line(price="2.00", change_kind="correction", supersedes=old)
    two = line(price="1.00", change_kind="correction", supersedes=old)
    said = "\n".join(map(str, findings_of(repository, line(), one, two)))
    assert f"prices/acme.csv:4: error: supersedes {old}, as prices/acme.csv:3 already does" in said


def test_a_correction_stays_with_its_price(repository, line):
    repository.write_sound(line())
    old = parse(repository.read_as_is()).prices[0].price_id
    said = only(
        findings_of(repository, line(), line(unit="output", change_kind="correction", supersedes=old))
    )
    assert "prices/acme.csv:3: error: supersedes" in said
    assert "is for acme a-1 output and not acme a-1 input" in said
    assert "Fix: repeat the key of prices/acme.csv:2" in said


@pytest.mark.parametrize(
    ("content", "line_number", "words"),
    [
        ("provider,model\n", 1, "the header lacks unit, context"),
        ("{header}\na,b\n", 2, "2 cells where the header has 18"),
        ("{header}\n\n{line}\n", 2, "an empty line"),
        ("{header}\r\n{line}\r\n", 1, "CR line ends"),
        ("\ufeff{header}\n", 1, "byte order mark"),
        ('{header}\n{line}"x\ny"\n', 2, "a cell runs over the end of its line"),
        ('{header}\n{line}"x" y\n', 2, "not CSV"),
        ("{header},weight\n{line},7\n", 2, "is a column that this release does not know"),
        ("{header}\n{line}\udcff\n", 2, "not UTF-8"),
    ],
)
def test_a_malformed_file_is_refused(repository, line, content, line_number, words):
    repository.write_sound()
    header = (repository.folder / "prices/acme.csv").read_text().partition("\n")[0]
    text = content.format(header=header, line=line())
    (repository.folder / "prices/acme.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = check(repository.read_as_is(), today=TODAY)
    assert (found[0].file, found[0].line) == ("prices/acme.csv", line_number)
    assert words in found[0].message
    assert found[0].fix


def test_a_grown_header_is_read_by_this_release_where_its_cells_are_blank(repository, line):
    repository.write_sound()
    path = repository.folder / "prices/acme.csv"
    before = parse(repository.read_as_is()).prices[0].price_id
    path.write_text(
        "".join(
            f"{text},{'' if place else 'weight'}\n"
            for place, text in enumerate(path.read_text().splitlines())
        )
    )
    catalogue = parse(repository.read_as_is()).require()
    assert catalogue.prices[0].price_id == before


@pytest.mark.parametrize("file", ["units.csv", "rules.csv", "model_aliases.csv"])
def test_a_missing_file_is_refused(repository, file):
    repository.write_sound()
    (repository.folder / file).unlink()
    assert any(
        str(found).startswith(f"{file}: error: this file must be there")
        for found in check(repository.read_as_is())
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (r"acme,a-1-.*,acme,a-1,,,{url},", "has '.*' at place 5; write literals"),
        (r"acme,a-1+,acme,a-1,,,{url},", "has '+' at place 4"),
        (r"acme,a-(?=1)x,acme,a-1,,,{url},", "has '(?=1)x' at place 3"),
        (r"acme,a-(1,acme,a-1,,,{url},", "opening parenthesis too many"),
        (r"acme,a-1),acme,a-1,,,{url},", "closing parenthesis too many"),
        (r"acme,a-latest,acme,a-2,,,{url},", "leads to acme a-2, which has no price"),
        (r"acme,a-latest,acme,,,,{url},", "leads to acme (blank)"),
        (r"cloud,,nobody,,,,{url},", "says that cloud is 'nobody'"),
    ],
)
def test_a_bad_alias_is_refused(repository, alias_header, row, words):
    repository.write_sound()
    repository.write("model_aliases.csv", alias_header, row.format(url=MODELS) + "\n")
    said = "\n".join(map(str, check(repository.read_as_is(), today=TODAY)))
    assert said.startswith("model_aliases.csv:2: error: ")
    assert words in said
    assert "Fix: " in said


def test_an_alias_that_matches_two_models_is_refused(repository, line, alias_header):
    repository.write_sound(line(), line(model="a-2"))
    one = rf"acme,a-latest-\d{{2}},acme,a-1,,,{MODELS},"
    two = f"acme,a-(latest|newest)-07,acme,a-2,,,{MODELS},"
    repository.write("model_aliases.csv", alias_header, f"{one}\n", f"{two}\n")
    said = only(check(repository.read_as_is(), today=TODAY))
    assert said.startswith(
        "model_aliases.csv:3: error: 'a-latest-07' matches this alias and the one in line 2"
    )
    assert "Fix: make the patterns exclude each other, or end one where the other begins" in said


def test_aliases_of_different_times_are_none(repository, line, alias_header):
    repository.write_sound(line(), line(model="a-2"))
    one = f"acme,a-latest,acme,a-1,,2025-06-10T00:00:00Z,{MODELS},"
    two = f"acme,a-latest,acme,a-2,2025-06-10T00:00:00Z,,{MODELS},"
    repository.write("model_aliases.csv", alias_header, f"{one}\n", f"{two}\n")
    assert check(repository.read_as_is(), today=TODAY) == []


def test_all_choices_of_a_pattern_are_tried():
    assert names_of(r"a-(1|2)(\.5)?-[x]{2}") == ["a-1-xx", "a-1.5-xx", "a-2-xx", "a-2.5-xx"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"acme,,,,graduated,,,,,,,{MODELS},", "graduated tiers of the total input"),
        (f"acme,,,,,,,10,,,,{MODELS},", "a minimum or increment of no unit"),
        (f"acme,,,,,,,,0,input,,{MODELS},", "an increment of 0"),
        (f"acme,,,,,,=,,,,,{MODELS},", "'=' is none of >, >="),
        (f"acme,,,,,,,,,tokens,,{MODELS},", "unknown unit 'tokens'"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused(repository, rule_header, row, words):
    repository.write_sound()
    repository.write("rules.csv", rule_header, f"{row}\n")
    said = only(check(repository.read_as_is(), today=TODAY))
    assert said.startswith("rules.csv:2: error: ")
    assert words in said


def test_bands_of_a_unit_begin_with_its_first(repository, rule_header, line):
    repository.write_sound(line(tier_above="100"))
    repository.write("rules.csv", rule_header, f"acme,,,,graduated,quantity,,,,,,{MODELS},\n")
    said = only(check(repository.read_as_is(), today=TODAY))
    assert "acme a-1 input (above 100) has no price for the first 100" in said
    assert said.endswith("Fix: add the row with tier_above = 0")


def test_a_region_has_every_tier_of_the_global_price(repository, line):
    said = only(findings_of(repository, line(), line(tier_above="200000"), line(region="us")))
    assert "(us) has no price above 200000, but the price outside has" in said


def test_a_file_that_nobody_knows_is_refused(repository):
    repository.write_sound()
    repository.write("discounts.csv", "x\n")
    said = only(check(repository.read_as_is(), today=TODAY))
    assert said.startswith("discounts.csv: error: this release does not know this file")
