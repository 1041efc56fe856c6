"""Fidelity: whether the circuit that EZKL 23.0.5 builds computes what the ONNX model says.

EZKL proves another function, without an error, for about one in twenty of the models it accepts. Each
known case is a rule: a condition on the model or on its circuit, a module of ``rules/`` for each family.
"""

from auditor.fidelity.facts import ValueFact, model_facts
from auditor.fidelity.find import FidelityReport, find

__all__ = ["FidelityReport", "ValueFact", "find", "model_facts"]
