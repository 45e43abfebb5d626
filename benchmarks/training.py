"""An epoch of `stategrad.models.training.train` against bare PyTorch loops of the same operations, in one run.

Two loops are written out below with plain modules: `plain` takes the loss as everybody does, `cross_entropy` of the
logits; `fused` takes it as stategrad does, so that their difference is the loss and the rest is overhead. The three
alternate, each trains the same model on the same words, and the figure is the median over rounds of the ratio within
a round. The time of `train` is all of it: validation of a short text, progress bar and checkpoint included.

    python benchmarks/training.py --updates 30 --rounds 5 --threads 2 --out training.json
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.training import TrainingConfig, train

VOCABULARY, EMBEDDING, HIDDEN, STREAMS, STEPS, CLIP = 10_000, 64, 256, 20, 50, 5.0

Loss = Callable[[Tensor, nn.Linear, Tensor], Tensor]


def plain(outputs: Tensor, decoder: nn.Linear, targets: Tensor) -> Tensor:
    return functional.cross_entropy(decoder(outputs), targets, reduction="sum")


def fused(outputs: Tensor, decoder: nn.Linear, targets: Tensor) -> Tensor:
    return functional.linear_cross_entropy(
        outputs,
        decoder.weight,
        targets,
        linear_bias=decoder.bias,
        reduction="sum",
        options=nn.LinearCrossEntropyOptions(batch_chunk_size=256),
    )


def bare_epoch(words: np.ndarray, loss: Loss) -> float:
    """Seconds of an epoch in a loop without progress, checks, checkpoints and counters."""
    embedding = nn.Embedding(VOCABULARY, EMBEDDING)
    lstm = nn.LSTM(EMBEDDING, HIDDEN)
    dropout = nn.Dropout(0.5)
    decoder = nn.Linear(HIDDEN, VOCABULARY)
    weights = [*embedding.parameters(), *lstm.parameters(), *decoder.parameters()]
    for weight in weights:
        nn.init.uniform_(weight, -0.05, 0.05)
    optimizer = torch.optim.SGD(weights, lr=1.0)
    rows = torch.from_numpy(words).view(STREAMS, -1).T.contiguous()
    state = None
    began = time.perf_counter()
    for start in range(0, len(rows) - 1, STEPS):
        batch = rows[start : start + STEPS + 1]
        outputs, state = lstm(embedding(batch[:-1]), state)
        state = (state[0].detach(), state[1].detach())
        total = loss(dropout(outputs).flatten(0, 1), decoder, batch[1:].flatten())
        optimizer.zero_grad()
        (total / STREAMS).backward()
        nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
    return time.perf_counter() - began


def our_epoch(words: np.ndarray) -> float:
    """Seconds of `train` for an epoch, from the model to the last checkpoint."""
    config = TrainingConfig(epochs=1, batch_size=STREAMS, steps=STEPS, clip=CLIP)
    model = LanguageModel(ModelConfig(vocabulary_size=VOCABULARY, embedding_size=EMBEDDING, hidden_size=HIDDEN))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        train(model, [words], [words[:100]], config, checkpoint_path=Path(folder) / "checkpoint.safetensors")
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=30, help="updates in an epoch; the real one has 929")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the three in turn, after one that is not counted")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, help="a JSON file for figures and environment")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    # frequencies as in a text, falling with the rank
    rank = np.arange(1, VOCABULARY + 1)
    size = STREAMS * (STEPS * arguments.updates + 1)
    words = np.random.default_rng(0).choice(VOCABULARY, size, p=1 / rank / (1 / rank).sum())
    rounds = [
        {"plain": bare_epoch(words, plain), "fused": bare_epoch(words, fused), "ours": our_epoch(words)}
        for _ in range(arguments.rounds + 1)
    ][1:]
    milliseconds = {name: 1000 * statistics.median(r[name] for r in rounds) / arguments.updates for name in rounds[0]}
    ratios = {name: statistics.median(r["ours"] / r[name] for r in rounds) for name in ("plain", "fused")}
    result = {
        "milliseconds_per_update": milliseconds,
        "ours_over_plain": ratios["plain"],
        "ours_over_fused": ratios["fused"],
        "settings": {"updates": arguments.updates, "rounds": arguments.rounds, "words_per_update": STREAMS * STEPS},
        "environment": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "machine": platform.machine(),
            "system": platform.platform(),
        },
    }
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
