"""What verifying a proof takes on a chain: gas, bytes and money, as ranges with their evidence."""

from auditor.pricing.chain.aggregation import AGGREGATION, Fact
from auditor.pricing.chain.bill import ChainBill, ReusableBill, predict_chain
from auditor.pricing.chain.gas import Calldata, known_calldata
from auditor.pricing.chain.profile import ChainProfile
from auditor.pricing.chain.profile_file import distinct, load_chain, shipped_chain, shipped_chains

__all__ = [
    "AGGREGATION",
    "Calldata",
    "ChainBill",
    "ChainProfile",
    "Fact",
    "ReusableBill",
    "distinct",
    "known_calldata",
    "load_chain",
    "predict_chain",
    "shipped_chain",
    "shipped_chains",
]
