"""What an answer costs on chains: the ways that a circuit's own bill does not cover."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from auditor.landscape.nouns import Amount, OnChain, Way
from auditor.landscape.system_file import System
from auditor.pricing.chain.profile import ChainProfile, GasRules
from auditor.pricing.evidence import weaker
from auditor.pricing.money import usd_of_gas
from auditor.pricing.ranges import Range
from auditor.units import bytes_text

_ROLLUP = "what the rollup takes for the data of such a transaction is not known"


def on_chains(system: System, row: Way, chains: Sequence[ChainProfile]) -> Way:
    """The row of a proving system with an entry for each chain."""
    return replace(row, chains=tuple(_verified(system, row, chain) for chain in chains))


def priced(row: Way, chains: Sequence[ChainProfile]) -> Way:
    """The row of a method, whose gas is known as Ethereum counts it, with what that costs on each chain."""
    profiles = {chain.id: chain for chain in chains}
    return replace(row, chains=tuple(_priced(there, profiles[there.chain]) for there in row.chains))


def _verified(system: System, row: Way, chain: ChainProfile) -> OnChain:
    if system.verifies_on_chain is False:
        return OnChain(chain=chain.id, possible=False, reason=system.on_chain)
    too_large = _too_large(row.proof_bytes, chain)
    if too_large:
        return OnChain(chain=chain.id, possible=False, reason=too_large)
    if system.gas_low is not None and system.gas_high is None:
        reason = f"at least {system.gas_low:,} gas; {system.on_chain}"
        return OnChain(chain=chain.id, possible=system.verifies_on_chain, reason=reason)
    if system.gas_low is None or system.gas_high is None:
        return OnChain(chain=chain.id, possible=system.verifies_on_chain, reason=system.on_chain)
    gas = Amount(
        low=system.gas_low,
        mid=(system.gas_low + system.gas_high) / 2,
        high=system.gas_high,
        evidence=weaker("published", *(item.kind for item in system.evidence if item.covers("gas.low"))),
        how=f"published for {system.name}",
        source="; ".join(item.source for item in system.evidence if item.covers("gas.low")),
    )
    return _priced(OnChain(chain=chain.id, possible=system.verifies_on_chain, gas=gas), chain)


def _too_large(proof: Amount | None, chain: ChainProfile) -> str:
    """Why a transaction cannot carry the proof, where its bytes alone cost more gas than one may use."""
    rules = chain.gas
    if proof is None or rules is None or rules.transaction_cap is None:
        return ""
    if rules.transaction + _data(rules, proof.low) <= rules.transaction_cap:
        return ""
    return (
        f"the {bytes_text(proof.low)} of the proof alone cost more than the {rules.transaction_cap:,} gas of "
        "a transaction"
    )


def _data(rules: GasRules, proof_bytes: float) -> float:
    """Bytes of a proof are noise: hardly one is zero."""
    return max(rules.calldata(0, proof_bytes), rules.floor(0, proof_bytes))


def _priced(there: OnChain, chain: ChainProfile) -> OnChain:
    if there.gas is None:
        return there
    if chain.gas is None:
        return replace(there, gas=None, reason=chain.evm_note or "its gas is not Ethereum's")
    cap = chain.gas.transaction_cap
    if cap is not None and there.gas.low > cap:
        reason = f"it takes more than the {cap:,} gas of a transaction"
        return replace(there, possible=False, reason=reason)
    prices = chain.prices
    if prices.gas_price_gwei is None or prices.native_usd is None:
        return replace(there, reason=there.reason or f"nobody published what gas costs on {chain.id}")
    if chain.data_fee.kind != "none":
        return replace(there, reason=there.reason or _ROLLUP)
    gas = Range(low=there.gas.low, mid=there.gas.mid, high=there.gas.high)
    usd = usd_of_gas(gas, gas_price_gwei=prices.gas_price_gwei, native_usd=prices.native_usd)
    kinds = (item.kind for item in chain.behind("prices.gas_price_gwei.mid", "prices.native_usd.mid"))
    amount = Amount(
        low=usd.low,
        mid=usd.mid,
        high=usd.high,
        evidence=weaker(there.gas.evidence, *kinds),
        how=f"gas at the prices of {chain.id}",
        source=f"rules/chains/{chain.id}.toml",
    )
    return replace(there, usd=amount)
