"""Chain profiles: the shipped ones have evidence for every number, and a wrong file says what is wrong."""

from __future__ import annotations

import copy
import datetime
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.pricing.chain.profile_file import (
    distinct,
    load_chain,
    parse_chain,
    shipped_chain,
    shipped_chains,
    sources,
)
from auditor.pricing.tables import BadProfile

FOLDER = rules.rules_dir() / "chains"
NAMES = rules.names("chains")
Content = dict[str, Any]


def read(name: str) -> Content:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture
def mainnet() -> Content:
    return read("ethereum-mainnet")


def leaves(value: object, path: str = "") -> Iterator[str]:
    """The dotted path of every number, date and decimal text; the texts that are names are no leaves."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else name)
    elif (
        isinstance(value, datetime.date)
        or (isinstance(value, (int, float)) and not isinstance(value, bool))
        or (isinstance(value, str) and path.startswith("price."))
    ):
        yield path


# --- the shipped ones ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_shipped_profiles_load_under_their_own_name(name: str) -> None:
    assert shipped_chain(name).id == name


def test_there_is_one_for_each_chain_of_the_brief() -> None:
    assert {profile.id for profile in shipped_chains()} == {
        "ethereum-mainnet", "base", "optimism", "arbitrum-one", "zksync-era", "opbnb", "local-evm",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_class_a_date_and_a_source(name: str) -> None:
    content = read(name)
    profile = shipped_chain(name)
    for path in leaves({key: value for key, value in content.items() if key != "evidence"}):
        entries = [entry for entry in profile.evidence if entry.covers(path)]
        assert entries, path
        assert all(entry.kind in rules.EVIDENCE and entry.source for entry in entries)
        assert all(entry.dated <= datetime.date(2026, 11, 21) for entry in entries)


@pytest.mark.parametrize("name", NAMES)
def test_no_evidence_can_be_left_out(name: str) -> None:
    content = read(name)
    for index in range(len(content["evidence"])):
        less = copy.deepcopy(content)
        del less["evidence"][index]
        with pytest.raises(BadProfile, match="evidence"):
            parse_chain(less, f"{name}.toml")


@pytest.mark.parametrize("name", NAMES)
def test_prices_are_dated_and_age(name: str) -> None:
    profile = shipped_chain(name)
    for field in ("gas_price_gwei", "native_usd"):
        if getattr(profile.prices, field) is not None:
            assert all(entry.valid_days == 90 for entry in profile.behind(f"price.{field}.p50"))


def test_mainnet_is_as_fusaka_made_it() -> None:
    profile = shipped_chain("ethereum-mainnet")
    assert (profile.fork, profile.fork_effective) == ("fusaka", datetime.date(2025, 12, 3))
    assert profile.gas is not None
    assert profile.gas.transaction_cap == 2**24
    assert (profile.contract_limit_bytes, profile.initcode_limit_bytes) == (24_576, 2 * 24_576)


def test_glamsterdam_changes_what_its_eips_say_and_nothing_else() -> None:
    now = shipped_chain("ethereum-mainnet")
    then = now.under("glamsterdam")
    assert (then.contract_limit_bytes, then.initcode_limit_bytes) == (65_536, 131_072)
    assert then.gas is not None
    assert now.gas is not None
    assert (then.gas.floor_zero_byte, then.gas.floor_nonzero_byte) == (64, 64)
    assert (then.gas.calldata_nonzero_byte, then.gas.transaction_cap) == (16, now.gas.transaction_cap)
    assert then.fork_status is not None
    assert "no date" in then.fork_status
    assert now.under("fusaka") == now
    assert {entry.source for entry in then.behind("gas.floor_zero_byte")} != {
        entry.source for entry in now.behind("gas.floor_zero_byte")
    }
    assert then.behind("gas.transaction_cap") == now.behind("gas.transaction_cap")


@pytest.mark.parametrize("name", ["base", "zksync-era"])
def test_a_fork_that_nobody_knows_is_said(name: str) -> None:
    with pytest.raises(UsageError, match="no fork"):
        shipped_chain(name).under("glamsterdam")


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean arbitrum-one"):
        shipped_chain("arbitrum-on")


def test_explain_shows_numbers_and_evidence() -> None:
    page = explanation.text(rules.load("chains", "ethereum-mainnet"))
    for words in ("16777216", "glamsterdam", "0.68", "published", "2026-08-22", "EIPS/eip-7825.md"):
        assert words in page


def test_the_hook_gives_every_source() -> None:
    content = read("base")
    assert len(sources(content, "base.toml")) == len(content["evidence"])


# --- a user's own --------------------------------------------------------------------------


def in_(content: Content, path: str) -> tuple[Content, str]:
    """The table that holds a field, and the field's name in it."""
    *tables, name = path.split("/")
    for table in tables:
        content = content[table]
    return content, name


REQUIRED = (
    "schema", "id", "name", "summary", "kind", "evm", "native_token", "gas", "limits", "price", "l1_data",
    "evidence", "gas/transaction", "gas/calldata_zero_byte", "gas/calldata_nonzero_byte", "gas/create",
    "gas/initcode_word", "gas/code_byte", "gas/modexp_inversion", "l1_data/kind",
    "price/gas_price_gwei/p10", "price/native_usd/p90", "override/glamsterdam/status",
)  # fmt: skip


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_field_is_named_with_its_file(mainnet: Content, path: str) -> None:
    table, name = in_(mainnet, path)
    del table[name]
    with pytest.raises(BadProfile, match=rf"^mine\.toml: .*{path.replace('/', '[.]')}"):
        parse_chain(mainnet, "mine.toml")


NUMBERS = (
    "chain_id", "gas/transaction_cap", "gas/block_limit", "gas/floor_zero_byte", "gas/code_byte",
    "limits/contract_bytes", "override/glamsterdam/gas/code_byte",
    "override/glamsterdam/limits/contract_bytes",
)  # fmt: skip


@pytest.mark.parametrize("value", [-1, 0, 1.5, "many", True, [1]])
@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_that_it_cannot_be_is_named_with_its_file(
    mainnet: Content, path: str, value: object
) -> None:
    table, name = in_(mainnet, path)
    table[name] = value
    with pytest.raises(BadProfile, match=rf"^mine\.toml: .*{path.replace('/', '[.]')}"):
        parse_chain(mainnet, "mine.toml")


@pytest.mark.parametrize("value", ["0", "-2", "0x10", "", "nan", "inf", "1e300", 5, 0.5])
@pytest.mark.parametrize("path", ["price/gas_price_gwei/p50", "price/native_usd/p50"])
def test_a_price_is_a_positive_decimal_in_text(mainnet: Content, path: str, value: object) -> None:
    table, name = in_(mainnet, path)
    table[name] = value
    with pytest.raises(BadProfile, match=rf"^mine\.toml: .*{path.replace('/', '[.]')}"):
        parse_chain(mainnet, "mine.toml")


def test_percentiles_do_not_go_down(mainnet: Content) -> None:
    mainnet["price"]["gas_price_gwei"]["p90"] = "0.1"
    with pytest.raises(BadProfile, match=r"price\.gas_price_gwei goes down"):
        parse_chain(mainnet, "mine.toml")


@pytest.mark.parametrize(
    "path",
    ["gas/gas", "limits/gas", "price/gas_price", "l1_data/base_fee_scalar", "colour", "fork/when",
     "override/glamsterdam/price", "override/glamsterdam/gas/price", "price/native_usd/p99"],
)  # fmt: skip
def test_an_unknown_field_is_named_with_its_file(mainnet: Content, path: str) -> None:
    table, name = in_(mainnet, path)
    table[name] = 5
    mainnet["evidence"].append(
        {"fields": ["*"], "class": "assumed", "date": datetime.date(2026, 1, 1), "source": "s"}
    )
    with pytest.raises(BadProfile, match=rf"^mine\.toml: .*{path.replace('/', '[.]')}"):
        parse_chain(mainnet, "mine.toml")


@pytest.mark.parametrize(
    ("path", "value"),
    [("schema", "auditor.chain/2"), ("kind", "l3"), ("evm", "nearly"), ("l1_data/kind", "celestia"),
     ("gas", []), ("override", []), ("price", "cheap"), ("fork/effective", "soon"),
     ("override/glamsterdam/gas/state_gas_is_capped", 1)],
)  # fmt: skip
def test_what_it_cannot_be_is_refused(mainnet: Content, path: str, value: object) -> None:
    table, name = in_(mainnet, path)
    table[name] = value
    with pytest.raises(BadProfile, match=r"^mine\.toml: "):
        parse_chain(mainnet, "mine.toml")


def test_half_a_floor_is_none(mainnet: Content) -> None:
    del mainnet["gas"]["floor_zero_byte"]
    with pytest.raises(BadProfile, match="only make sense together"):
        parse_chain(mainnet, "mine.toml")


def test_where_the_evm_is_another_one_has_to_say_so() -> None:
    content = read("zksync-era")
    del content["evm_note"]
    with pytest.raises(BadProfile, match="evm_note"):
        parse_chain(content, "mine.toml")


def test_two_profiles_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes((FOLDER / "base.toml").read_bytes())
    with pytest.raises(BadProfile, match="base: two chain profiles"):
        distinct([*shipped_chains(), load_chain(path)])


def test_a_users_own_profile_loads(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((FOLDER / "base.toml").read_text(encoding="utf-8").replace('id = "base"', 'id = "mine"'))
    assert [profile.id for profile in distinct([shipped_chain("base"), load_chain(path)])] == ["base", "mine"]


def test_what_is_no_profile_at_all_is_refused(tmp_path: Path) -> None:
    cases = {"empty": b"", "binary": b"\xff\xfe\x00", "broken": b"[gas", "deep": b"a = " + b"[" * 20_000}
    for name, content in cases.items():
        path = tmp_path / f"{name}.toml"
        path.write_bytes(content)
        with pytest.raises(BadProfile, match=rf"^{name}\.toml: "):
            load_chain(path)
    with pytest.raises(BadProfile, match="cannot be read"):
        load_chain(tmp_path / "none.toml")
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(BadProfile, match="no regular file"):
        load_chain(tmp_path / "pipe.toml")
