from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from stategrad.models.loss import summed_loss


def draw(positions: int, vocabulary: int, seed: int = 0) -> tuple[torch.Tensor, nn.Linear, torch.Tensor]:
    torch.manual_seed(seed)
    decoder = nn.Linear(6, vocabulary, dtype=torch.float64)
    outputs = torch.randn(positions, 6, dtype=torch.float64, requires_grad=True)
    return outputs, decoder, torch.randint(vocabulary, (positions,))


def assert_as_plain(outputs: torch.Tensor, decoder: nn.Linear, targets: torch.Tensor) -> None:
    wanted = [outputs, decoder.weight, decoder.bias]
    plain = nn.functional.cross_entropy(decoder(outputs), targets, reduction="sum")
    ours = summed_loss(outputs, decoder, targets)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=0)
    for a, b in zip(torch.autograd.grad(ours / 20, wanted), torch.autograd.grad(plain / 20, wanted), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(positions=st.integers(1, 40), vocabulary=st.integers(1, 60), seed=st.integers(0, 9))
def test_loss_and_gradients_are_those_of_plain_cross_entropy(positions: int, vocabulary: int, seed: int) -> None:
    assert_as_plain(*draw(positions, vocabulary, seed))


def test_the_same_where_the_work_is_cut_into_chunks() -> None:
    assert_as_plain(*draw(positions=300, vocabulary=20_000))


def test_time_and_stream_are_summed_alike() -> None:
    outputs, decoder, targets = draw(12, 9)
    flat = summed_loss(outputs, decoder, targets)
    torch.testing.assert_close(summed_loss(outputs.view(4, 3, 6), decoder, targets.view(4, 3)), flat)


def test_under_autocast_the_loss_is_near_and_in_float32() -> None:
    outputs, decoder, targets = draw(12, 9)
    outputs, decoder = outputs.float(), decoder.float()
    with torch.autocast("cpu", torch.bfloat16):
        loss = summed_loss(outputs, decoder, targets)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(summed_loss(outputs, decoder, targets).item(), rel=1e-2)
