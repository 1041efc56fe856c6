"""Trains the sample models for real and writes them: ``python -m samples.make`` (extra ``samples``).

Every model learns from data that ships with scikit-learn, on fixed seeds and one thread. For each
sample this writes ``samples/<name>/model.onnx``, ``samples/<name>/input.json`` (one held-out example in
EZKL's format) and one line of ``samples/README.md`` with the accuracy of the *exported* model, measured
with ONNX Runtime on the held-out quarter of the data.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from sklearn import datasets, ensemble, model_selection  # type: ignore[import-untyped]
from torch import Tensor, nn

from samples.trees import gemm_form

FOLDER = Path(__file__).resolve().parent
SEED = 20
OPSET = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Training and held-out examples (floats) with their class numbers."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A trained module, the data it is judged on, and the names the report uses."""

    name: str
    task: str
    architecture: str
    module: nn.Module
    split: Split
    symbolic_batch: bool = False


# --- data


def split(examples: np.ndarray, labels: np.ndarray) -> Split:
    """Three quarters to learn from, one to judge by, with the classes in proportion."""
    train, test, train_labels, test_labels = model_selection.train_test_split(
        examples.astype(np.float32), labels, test_size=0.25, random_state=SEED, stratify=labels
    )
    return Split(train=train, train_labels=train_labels, test=test, test_labels=test_labels)


def digits(shape: tuple[int, ...]) -> Split:
    """The 1,797 handwritten digits of 8 x 8 pixels, 0 to 1 (pixels are sixteenths: exact in fixed point)."""
    data = datasets.load_digits()
    return split((data.data / 16.0).reshape(-1, *shape), data.target)


def breast_cancer() -> Split:
    """569 tumours, 30 measurements each in standard units of the training part, benign or malignant.

    Raw columns reach from 0.001 to 4,000: no one fixed-point scale would hold them.
    """
    data = datasets.load_breast_cancer()
    raw = split(data.data, data.target)
    mean, spread = raw.train.mean(axis=0), raw.train.std(axis=0)
    return replace(raw, train=(raw.train - mean) / spread, test=(raw.test - mean) / spread)


# --- models


class RowReader(nn.Module):
    """A GRU that reads an image row by row, (rows, 1, pixels), and classifies from its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(8, 24)
        self.classify = nn.Linear(24, 10)

    def forward(self, rows: Tensor) -> Any:
        _, last = self.gru(rows)
        return self.classify(last[0])


class PatchTransformer(nn.Module):
    """One pre-norm encoder layer over four 4 x 4 patches, (N, 4, 16), mean-pooled.

    Lengths and widths are powers of two: EZKL rounds the 1/N of a mean to its scale.
    """

    def __init__(self, width: int = 16, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.embed = nn.Linear(16, width)
        self.position = nn.Parameter(torch.zeros(1, 4, width))
        self.norm_attention, self.norm_mlp = nn.LayerNorm(width, 1e-3), nn.LayerNorm(width, 1e-3)
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.classify = nn.Linear(width, 10)

    def forward(self, patches: Tensor) -> Any:
        x = self.embed(patches) + self.position
        x = x + self.attend(self.norm_attention(x))
        x = x + self.mlp(self.norm_mlp(x))
        return self.classify(x.mean(dim=1))

    def attend(self, x: Tensor) -> Any:
        count, length, width = x.shape
        q, k, v = (
            one(x).reshape(count, length, self.heads, width // self.heads).transpose(1, 2)
            for one in (self.query, self.key, self.value)
        )
        weights = torch.softmax(q @ k.transpose(2, 3) / (width // self.heads) ** 0.5, dim=3)
        return self.mix((weights @ v).transpose(1, 2).reshape(count, length, width))


def train(
    module: nn.Module, data: Split, *, epochs: int, batch_axis: int = 0, rate: float = 5e-3
) -> nn.Module:
    """Adam with cross-entropy over shuffled minibatches of 64; ``batch_axis`` is where the examples lie."""
    examples, labels = torch.from_numpy(data.train), torch.from_numpy(data.train_labels).long()
    optimiser = torch.optim.Adam(module.parameters(), lr=rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(labels)), 64):
            batch = examples[chosen].movedim(0, batch_axis)
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(module(batch), labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
    return module.eval()


def digits_cnn() -> Sample:
    data = digits((1, 8, 8))
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    train(network, data, epochs=40)
    return Sample(
        name="digits_cnn",
        task="handwritten digits",
        architecture="2 convolutions, max-pool, 1 dense",
        module=network,
        split=data,
    )


def cancer_mlp() -> Sample:
    data = breast_cancer()
    network = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
    module = train(network, data, epochs=60)
    return Sample(
        name="cancer_mlp",
        task="breast cancer",
        architecture="3 dense layers",
        module=module,
        split=data,
        symbolic_batch=True,
    )


def cancer_trees() -> Sample:
    data = breast_cancer()
    booster = ensemble.GradientBoostingClassifier(n_estimators=20, max_depth=3, random_state=SEED)
    booster.fit(data.train, data.train_labels)
    return Sample(
        name="cancer_trees",
        task="breast cancer",
        architecture="20 boosted trees of depth 3, as matrix products",
        module=gemm_form(booster),
        split=data,
    )


def digits_gru() -> Sample:
    data = digits((8, 8))
    module = train(RowReader(), data, epochs=60, batch_axis=1)
    shown = Split(
        train=data.train,
        train_labels=data.train_labels,
        test=data.test[:, :, None],
        test_labels=data.test_labels,
    )
    return Sample(
        name="digits_gru",
        task="handwritten digits, row by row",
        architecture="GRU, 8 steps, 24 wide, 1 dense",
        module=module,
        split=shown,
    )


def digits_transformer() -> Sample:
    images = digits((2, 4, 2, 4))
    data = Split(
        train=patches(images.train), train_labels=images.train_labels,
        test=patches(images.test), test_labels=images.test_labels,
    )  # fmt: skip
    module = train(PatchTransformer(), data, epochs=60)
    return Sample(
        name="digits_transformer",
        task="handwritten digits, 4 patches",
        architecture="1 encoder layer, 2 heads, 16 wide",
        module=module,
        split=data,
    )


def patches(images: np.ndarray) -> np.ndarray:
    """(N, 2, 4, 2, 4) pixels to (N, 4, 16) patches."""
    return np.ascontiguousarray(images.transpose(0, 1, 3, 2, 4)).reshape(-1, 4, 16)


SAMPLES: tuple[Callable[[], Sample], ...] = (
    digits_cnn,
    cancer_mlp,
    cancer_trees,
    digits_gru,
    digits_transformer,
)


# --- writing


def example(sample: Sample, index: int) -> np.ndarray:
    """One held-out example with the axes the model takes: (1, ...), or (T, 1, F) for the recurrent one."""
    one: np.ndarray = sample.split.test[index]
    return one if isinstance(sample.module, RowReader) else one[None]


def export(sample: Sample) -> bytes:
    """The module as ONNX, without the exporter's notes about where the source lay."""
    dynamic = {"input": {0: "batch_size"}, "output": {0: "batch_size"}} if sample.symbolic_batch else None
    file = FOLDER / sample.name / "model.onnx"
    file.parent.mkdir(exist_ok=True)
    torch.onnx.export(
        sample.module, (torch.from_numpy(example(sample, 0)),), str(file), opset_version=OPSET, dynamo=False,
        input_names=["input"], output_names=["output"], dynamic_axes=dynamic,
    )  # fmt: skip
    model = onnx.load(file)
    for node in model.graph.node:
        node.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def accuracy(sample: Sample, model: bytes) -> float:
    """The share of held-out examples that ONNX Runtime classifies rightly with the exported file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    right = 0
    for index, label in enumerate(sample.split.test_labels):
        scores = np.asarray(session.run(None, {"input": example(sample, index)})[0])[0]
        guess = int(scores.argmax()) if scores.size > 1 else int(scores[0] > 0)
        right += guess == label
    return right / len(sample.split.test_labels)


def write(make: Callable[[], Sample]) -> str:
    """Writes one sample; returns its line of the table."""
    torch.manual_seed(SEED)
    sample = make()
    model = export(sample)
    folder = FOLDER / sample.name
    (folder / "model.onnx").write_bytes(model)
    inputs = example(sample, 0)
    (folder / "input.json").write_text(json.dumps({"input_data": [inputs.flatten().tolist()]}) + "\n")
    parameters = sum(int(np.prod(one.dims)) for one in onnx.load_from_string(model).graph.initializer)
    shape = " x ".join(map(str, inputs.shape))
    return (
        f"| `{sample.name}` | {sample.task} | {sample.architecture} | {shape} | {parameters:,} | "
        f"{len(model):,} | {accuracy(sample, model):.1%} |"
    )


README = """\
# Samples

Written by `python -m samples.make` (scikit-learn's own data, opset {opset}, seed {seed}); do not edit.
Accuracy is that of the exported file under ONNX Runtime on the held-out quarter of the data.
`python -m samples.graphs NAME FILE` writes a known architecture without its weights: LeNet-5, MobileNetV2,
ResNet-50, BERT-base, GPT-2 or Llama.

| sample | task | model | input | parameters | bytes | accuracy |
|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Trains and writes all samples."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    rows = [write(make) for make in SAMPLES]
    (FOLDER / "README.md").write_text(README.format(opset=OPSET, seed=SEED, rows="\n".join(rows)))


if __name__ == "__main__":
    main()
