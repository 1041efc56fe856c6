"""The models of ``docs/frontier.md``, and what is asked of each: a comparison, and a forecast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from auditor.comparing.compare import MACHINE, PATIENCE, CompareOptions, compare
from auditor.comparing.grounds import grounds
from auditor.comparing.report import AXES, Axis, CompareReport
from auditor.forecasting.forecast import ForecastOptions, forecast
from auditor.forecasting.report import ForecastReport
from auditor.landscape.nouns import Way
from auditor.options import PlanRequest, Request, parse_request
from auditor.rules import names
from auditor.size_up import Sized
from samples.graphs.__main__ import ARCHITECTURES
from tools.worker import REPOSITORY

FACTORS = (1, 2, 4, 8)

LAPTOP = "laptop-8c-16g"

MACHINES: Mapping[str, str] = {
    LAPTOP: "laptop", "phone-high": "phone", "workstation-16c-64g": "workstation", MACHINE: "rented",
}  # fmt: skip
"""The machines forecast for, and what they are called in a narrow table; of the first the future is drawn."""

BUDGET_USD = 0.01
"""What a proof may cost in the forecasts: a choice of this page, and nobody's price."""

NO_ZERO = ("param_scale=14",)
"""Run args at which 1/N of a layer normalisation does not round to 0, as it does at EZKL's scale of 7
(AUD-FID-023): 1/768 is wrong by 1.6 %, 1/4,096 is exact. At 15 a division by 2^30 no longer fits EZKL's two
legs of base 16,384 (AUD-FID-026)."""


class Subject(Struct, frozen=True, kw_only=True):
    """A model of the page. ``source`` is a folder of ``samples/`` or an architecture of ``samples.graphs``;
    ``settings`` are run args in the place of what would be chosen. ``again`` is the same model once more
    under other run args: only its circuit, its growth and its future are told.
    """

    name: str
    source: str
    settings: tuple[str, ...] = ()
    again: bool = False
    sample: bool = False

    @property
    def plain_name(self) -> str:
        """The name where Markdown is not read."""
        return self.name.strip("`")

    def write(self, folder: Path) -> Path:
        """The ONNX file: a sample where it lies, or an architecture written into ``folder``."""
        if self.sample:
            return REPOSITORY / "samples" / self.source / "model.onnx"
        config, make = ARCHITECTURES[self.source]
        path = folder / f"{self.source}.onnx"
        path.write_bytes(make(config()).SerializeToString(deterministic=True))
        return path

    def request(self) -> Request:
        """What the command line would ask: run args are planned for samples, whose weights are there."""
        plan = PlanRequest() if self.sample else None
        return parse_request(assignments=self.settings, front_end="onnx", quiet=True, plan=plan)


def _sample(name: str) -> Subject:
    return Subject(name=f"`{name}`", source=name, sample=True)


def _again(name: str, source: str) -> Subject:
    return Subject(name=f"{name}, scale 14", source=source, settings=NO_ZERO, again=True)


SUBJECTS = (
    _sample("cancer_mlp"),
    _sample("digits_cnn"),
    _sample("digits_gru"),
    _sample("digits_transformer"),
    _sample("cancer_trees"),
    Subject(name="LeNet-5", source="lenet5"),
    Subject(name="MobileNetV2", source="mobilenet_v2"),
    Subject(name="ResNet-50", source="resnet50"),
    Subject(name="BERT-base", source="bert_base"),
    _again("BERT-base", "bert_base"),
    Subject(name="GPT-2", source="gpt2"),
    _again("GPT-2", "gpt2"),
    Subject(name="Llama-7B", source="llama"),
    _again("Llama-7B", "llama"),
)


class Found(Struct, frozen=True, kw_only=True):
    """What was found of a subject; ``forecast`` is None where EZKL has no circuit whose cost could fall."""

    subject: Subject
    sized: Sized
    compared: CompareReport
    forecast: ForecastReport | None

    @property
    def ezkl(self) -> Way:
        """The row of EZKL, which is the first."""
        return self.compared.ways[0]

    @property
    def proves_another(self) -> bool:
        """Whether EZKL has a circuit, of which it proves something else than the model."""
        return self.ezkl.seconds is not None and self.ezkl.supported == "no"


def find(subject: Subject, folder: Path) -> Found:
    """Compares, grows and forecasts one subject; nothing depends on the machine that does it."""
    path, request = subject.write(folder), subject.request()
    sized = grounds(path, request, MACHINE, PATIENCE, []).studied.sized
    made = sized.system is not None
    # Without a circuit other run args change nothing of what a larger model would be.
    factors: dict[Axis, tuple[int, ...]] = dict.fromkeys(AXES, FACTORS) if made or not subject.again else {}
    # Named, all of them are drawn.
    scenarios = tuple(names("scenarios"))
    options = ForecastOptions(scenarios=scenarios, machines=tuple(MACHINES), budget_usd=BUDGET_USD)
    return Found(
        subject=subject,
        sized=sized,
        compared=compare(path, request, CompareOptions(factors=factors)),
        forecast=forecast(path, request, options) if made else None,
    )
