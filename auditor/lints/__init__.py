"""Lints: what is dangerous, unsupported, badly kept or needlessly dear about a model, under stable ids.

``AUD-SEC`` security, ``AUD-SUP`` what EZKL does not take, ``AUD-REPO`` how a repository keeps the file,
``AUD-CIR`` what makes a circuit larger than it need be, ``AUD-CFG`` the configuration; ``AUD-FID`` is
:mod:`auditor.fidelity`. Each is one module of ``rules/``, whose docstring is its page. The folder says when
it is checked:

==========  =====================================================================================
reader      while the file is opened (:mod:`auditor.model`); the module is its page only
static      on every model that was read: time grows with the number of nodes, no tensor is read
values      on every model that has all its weights: reads tensors, few bytes of most
circuit     where a circuit was laid out
gate        where the configuration is read; the module is its page only
==========  =====================================================================================
"""

from auditor.lints.registry import Lint, all_lints, find, ids, lints_of

__all__ = ["Lint", "all_lints", "find", "ids", "lints_of"]
