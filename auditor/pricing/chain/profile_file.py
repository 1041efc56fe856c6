"""Chain profiles as TOML files: ``rules/chains/NAME.toml`` or the user's own.

Prices are decimal strings, as they must not lose digits; what nobody published is left out and never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from auditor.places import is_path
from auditor.pricing.amounts import price
from auditor.pricing.chain.profile import (
    DATA_FEES,
    KINDS,
    ChainProfile,
    DataFee,
    GasRules,
    Override,
    Prices,
)
from auditor.pricing.evidence import Evidence, listed, read_evidence, require
from auditor.pricing.ranges import Range
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table, bad

SCHEMA = "auditor.chain/1"

_TOP = (
    "schema", "id", "name", "summary", "kind", "evm", "evm_note", "chain_id", "native_token",
    "block_seconds", "fork", "gas", "limits", "price", "l1_data", "override", "evidence",
)  # fmt: skip
_FLAGS = ("state_gas_is_capped", "storage_is_repriced")
_NEEDED = ("transaction", "calldata_zero_byte", "calldata_nonzero_byte", "create", "initcode_word",
           "code_byte", "modexp_inversion")  # fmt: skip
_GAS = GasRules.__struct_fields__
_LIMITS = ("contract_bytes", "initcode_bytes")
_PERCENTILES = ("p10", "p50", "p90")


def distinct(profiles: Iterable[ChainProfile]) -> list[ChainProfile]:
    """The same profiles; raises :class:`BadProfile` when two have one id."""
    found: dict[str, ChainProfile] = {}
    for profile in profiles:
        if profile.id in found:
            raise bad(profile.id, "two chain profiles have this id")
        found[profile.id] = profile
    return list(found.values())


def parse_chain(content: Mapping[str, Any], where: str) -> ChainProfile:
    """The profile in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = Table(content, where)
    top.allow(*_TOP)
    top.of_schema(SCHEMA)
    evidence = read_evidence(content, where)
    is_evm = top.one_of("evm", ("equivalent", "other")) == "equivalent"
    fork = top.table_or_empty("fork")
    fork.allow("name", "effective")
    limits = top.table("limits") if is_evm else top.table_or_empty("limits")
    limits.allow(*_LIMITS)
    overrides = top.table_or_empty("override")
    return ChainProfile(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        kind=top.one_of("kind", KINDS),
        native_token=top.text("native_token"),
        chain_id=_whole(top, "chain_id"),
        block_seconds=top.positive("block_seconds") if top.has("block_seconds") else None,
        fork=fork.text("name") if fork.has("name") else None,
        fork_effective=_date(fork, "effective", evidence),
        evm_note=None if is_evm else top.text("evm_note"),
        gas=_gas(top.table("gas")) if is_evm else None,
        contract_limit_bytes=_whole(limits, "contract_bytes"),
        initcode_limit_bytes=_whole(limits, "initcode_bytes"),
        prices=_prices(top.table("price"), evidence),
        data_fee=_data_fee(top.table("l1_data"), evidence),
        overrides={name: _override(overrides.table(name)) for name in overrides.content},
        evidence=evidence,
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a profile as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_chain` does.
    """
    return listed(parse_chain(content, where).evidence)


# --- the parts of a file -------------------------------------------------------------------


def _gas(table: Table) -> GasRules:
    table.allow(*_GAS)
    for name in _NEEDED:
        table.whole(name)
    if table.has("floor_zero_byte") != table.has("floor_nonzero_byte"):
        raise table.bad(f"{table.at('floor_zero_byte')} and floor_nonzero_byte only make sense together")
    return GasRules(**dict(_gas_fields(table)))  # type: ignore[arg-type]


def _gas_fields(table: Table) -> Iterator[tuple[str, int | bool]]:
    for name in table.content:
        yield name, _flag(table, name) if name in _FLAGS else table.whole(name, least=1)


def _flag(table: Table, name: str) -> bool:
    value = table.content[name]
    if not isinstance(value, bool):
        raise table.bad(f"{table.at(name)} is neither true nor false")
    return value


def _override(table: Table) -> Override:
    table.allow("status", "gas", "limits")
    gas, limits = table.table_or_empty("gas"), table.table_or_empty("limits")
    gas.allow(*_GAS)
    limits.allow(*_LIMITS)
    return Override(
        status=table.text("status"),
        gas=dict(_gas_fields(gas)),
        limits={name: limits.whole(name, least=1) for name in limits.content},
    )


def _prices(table: Table, evidence: tuple[Evidence, ...]) -> Prices:
    table.allow("gas_price_gwei", "least_gas_price_gwei", "native_usd")
    return Prices(
        gas_price_gwei=_percentiles(table, "gas_price_gwei", evidence),
        least_gas_price_gwei=(
            price(table, "least_gas_price_gwei", evidence) if table.has("least_gas_price_gwei") else None
        ),
        native_usd=_percentiles(table, "native_usd", evidence),
    )


def _data_fee(table: Table, evidence: tuple[Evidence, ...]) -> DataFee:
    kind = table.one_of("kind", DATA_FEES)
    scalars, fees = ("base_fee_scalar", "blob_base_fee_scalar"), ("l1_base_fee_gwei", "l1_blob_base_fee_gwei")
    table.allow("kind", *((*scalars, *fees) if kind == "op-fjord" else ()))
    known = [kind_ for kind_ in DATA_FEES if kind_ == kind]
    return DataFee(
        kind=known[0],
        base_fee_scalar=_whole(table, scalars[0], least=0),
        blob_base_fee_scalar=_whole(table, scalars[1], least=0),
        l1_base_fee_gwei=_percentiles(table, fees[0], evidence),
        l1_blob_base_fee_gwei=_percentiles(table, fees[1], evidence),
    )


def _whole(table: Table, name: str, least: int = 1) -> int | None:
    return table.whole(name, least=least) if table.has(name) else None


def _percentiles(table: Table, name: str, evidence: tuple[Evidence, ...]) -> Range | None:
    if not table.has(name):
        return None
    inner = table.table(name)
    inner.allow(*_PERCENTILES)
    low, mid, high = (price(inner, percentile, evidence) for percentile in _PERCENTILES)
    if not low <= mid <= high:
        raise table.bad(f"{table.at(name)} goes down from one percentile to the next")
    return Range(low=low, mid=mid, high=high)


def _date(table: Table, name: str, evidence: tuple[Evidence, ...]) -> date | None:
    if not table.has(name):
        return None
    value = table.content[name]
    if not isinstance(value, date):
        raise table.bad(f"{table.at(name)} is not a date, as in 2026-01-31")
    require(evidence, table.at(name), table.where)
    return value.date() if isinstance(value, datetime) else value


def chain_at(word: str) -> ChainProfile:
    """A profile that comes with the program, or the one in the user's own file, which may replace it.

    Raises:
        UsageError: there is none of this name.
        BadProfile: the file is none.
    """
    return CHAINS.load(Path(word)) if is_path(word) else CHAINS.shipped(word)


CHAINS = Shelf("chains", "chain profile", parse_chain)
load_chain, shipped_chain, shipped_chains = CHAINS.load, CHAINS.shipped, CHAINS.all
