"""A chain profile: what a chain charges and allows, and what it costs in money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.pricing.evidence import Evidence
from auditor.pricing.ranges import Range
from auditor.safe import safe

KINDS = ("l1", "op-stack", "arbitrum", "zk-rollup", "local")

DataFeeKind = Literal["none", "op-fjord", "arbitrum-brotli", "zksync-pubdata"]
DATA_FEES: tuple[DataFeeKind, ...] = ("none", "op-fjord", "arbitrum-brotli", "zksync-pubdata")


class GasRules(Struct, frozen=True, kw_only=True):
    """What an EVM charges, in gas, and how much it lets a transaction use; None is no limit, or not known.

    ``transaction`` is what any call of a contract costs. The floor is EIP-7623's price of calldata, which
    holds instead of the usual one where that and the execution are cheaper together; None is none.
    ``modexp_inversion`` is the precompile's price for an inversion in a field of 32 bytes. ``code_hash_word``
    is for each word of deployed code. Without ``state_gas_is_capped`` the cap on a transaction leaves out
    what its new code and accounts cost. ``storage_is_repriced``: storage costs something else than it did
    when verifiers were measured.
    """

    transaction: int
    calldata_zero_byte: int
    calldata_nonzero_byte: int
    create: int
    initcode_word: int
    code_byte: int
    modexp_inversion: int
    floor_zero_byte: int | None = None
    floor_nonzero_byte: int | None = None
    code_hash_word: int = 0
    block_limit: int | None = None
    transaction_cap: int | None = None
    state_gas_is_capped: bool = True
    storage_is_repriced: bool = False

    def calldata(self, zero_bytes: float, nonzero_bytes: float) -> float:
        """The usual price of a transaction's data."""
        return self.calldata_zero_byte * zero_bytes + self.calldata_nonzero_byte * nonzero_bytes

    def floor(self, zero_bytes: float, nonzero_bytes: float) -> float:
        """The least that this data costs, whatever is executed; 0 where there is no floor."""
        if self.floor_zero_byte is None or self.floor_nonzero_byte is None:
            return 0
        return self.floor_zero_byte * zero_bytes + self.floor_nonzero_byte * nonzero_bytes

    def used(self, execution: float, zero_bytes: float, nonzero_bytes: float) -> float:
        """The gas of a call: EIP-7623's maximum, which is no sum."""
        usual = self.calldata(zero_bytes, nonzero_bytes) + execution
        return self.transaction + max(usual, self.floor(zero_bytes, nonzero_bytes))


class Prices(Struct, frozen=True, kw_only=True):
    """10th, 50th and 90th percentiles; None is a price that nobody published.

    ``least_gas_price_gwei`` is what the chain demands at any time.
    """

    gas_price_gwei: Range | None = None
    least_gas_price_gwei: float | None = None
    native_usd: Range | None = None


class DataFee(Struct, frozen=True, kw_only=True):
    """What a rollup takes for the data of a transaction that it posts elsewhere.

    The scalars are the OP stack's, in millionths. Where the price of a blob's byte is not known, it is at its
    reserve price.
    """

    kind: DataFeeKind
    base_fee_scalar: int | None = None
    blob_base_fee_scalar: int | None = None
    l1_base_fee_gwei: Range | None = None
    l1_blob_base_fee_gwei: Range | None = None


class Override(Struct, frozen=True, kw_only=True):
    """What a fork would change: the fields of ``[gas]`` and ``[limits]`` with their new values."""

    status: str
    gas: Mapping[str, int | bool]
    limits: Mapping[str, int]


class ChainProfile(Struct, frozen=True, kw_only=True):
    """A chain. ``gas`` is None where Ethereum's gas says nothing, and ``evm_note`` then says why.

    ``fork_status`` is None for the rules in force. ``overrides`` are the forks that can be chosen instead.
    ``changed`` are the fields that the chosen fork has set.
    """

    id: str
    name: str
    summary: str
    kind: str
    native_token: str
    chain_id: int | None
    block_seconds: float | None
    fork: str | None
    fork_effective: date | None
    evm_note: str | None
    gas: GasRules | None
    contract_limit_bytes: int | None
    initcode_limit_bytes: int | None
    prices: Prices
    data_fee: DataFee
    overrides: Mapping[str, Override]
    evidence: tuple[Evidence, ...]
    fork_status: str | None = None
    changed: frozenset[str] = frozenset()

    def under(self, fork: str) -> ChainProfile:
        """The chain under the rules of another fork, or of the one that is in force.

        Raises :class:`UsageError` when the profile says nothing of it.
        """
        if fork == self.fork:
            return self
        if fork not in self.overrides or self.gas is None:
            known = [*self.overrides, *([self.fork] if self.fork else [])]
            raise UsageError.unknown(f"chain {self.id} knows no fork '{safe(fork)}'", fork, known)
        override = self.overrides[fork]
        limits = override.limits
        return replace(
            self,
            fork=fork,
            fork_effective=None,
            fork_status=override.status,
            gas=replace(self.gas, **dict(override.gas)),
            contract_limit_bytes=limits.get("contract_bytes", self.contract_limit_bytes),
            initcode_limit_bytes=limits.get("initcode_bytes", self.initcode_limit_bytes),
            changed=frozenset(
                [f"gas.{name}" for name in override.gas] + [f"limits.{name}" for name in limits]
            ),
        )

    def behind(self, *paths: str) -> tuple[Evidence, ...]:
        """What some fields, by their dotted paths, rest on."""
        found = []
        for path in paths:
            at = f"override.{self.fork}.{path}" if path in self.changed else path
            found += [entry for entry in self.evidence if entry.covers(at)]
        return tuple(dict.fromkeys(found))
