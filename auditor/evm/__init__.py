"""The check of a proof as a chain would run it: EZKL's Solidity verifier, compiled, deployed and called.

The compiler runs in Node.js and the EVM in :mod:`auditor.evm.worker`, both under :mod:`auditor.guard`.
"""

from auditor.evm.verify import EvmVerification, verify_on_evm

__all__ = ["EvmVerification", "verify_on_evm"]
