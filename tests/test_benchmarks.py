"""What benchmarks compare with computes the same gradients, and what they report follows from what they timed."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks import peers
from benchmarks.ceiling import ceiling
from benchmarks.clock import Contender, Timing, in_turns, repeated
from benchmarks.contest import CEILING, ENGINE, ENGINE_MOMENTS
from benchmarks.environment import slug
from benchmarks.growth import bend
from benchmarks.memory import resident_peak
from benchmarks.sampling import relative_spread, scale_to_a_tenth
from benchmarks.targets import Row, speed_rows
from benchmarks.workload import engine, execution, random_workload
from naive import all_gradients

DELAYS, TIME = 4, 9


def reference_windows():
    model = nn.LSTM(3, 5).double().eval()
    vectors = torch.randn(TIME, 3, dtype=torch.float64)
    return model, peers.windows_of(model, vectors, DELAYS), all_gradients(model, vectors, DELAYS, (0, "cell"))


def assert_equal(found, expected):
    """`expected(window, delay)` is G by plain autograd over the whole text."""
    assert found.shape == (TIME - DELAYS + 1, DELAYS, 5, 3)
    for window, gradients in enumerate(found.detach().numpy()):
        for delay, G in enumerate(gradients):
            assert np.abs(G - expected(window, delay)).max() < 1e-9


@pytest.mark.parametrize("name", peers.REVERSE)
def test_reverse_mode_gives_the_gradients_of_the_last_state(name):
    model, windows, naive = reference_windows()
    assert_equal(peers.REVERSE[name](model, windows), lambda window, delay: naive[delay][window + DELAYS - 1 - delay])


@pytest.mark.parametrize("name", peers.FORWARD)
def test_forward_mode_gives_the_gradients_by_the_first_input(name):
    model, windows, naive = reference_windows()
    assert_equal(peers.FORWARD[name](model, windows), lambda window, delay: naive[delay][window])


def test_jax_gives_the_gradients_by_the_first_input():
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'stategrad[bench]'")
    from benchmarks.peer_jax import jax_jacfwd

    model, windows, naive = reference_windows()
    assert_equal(jax_jacfwd(model, windows), lambda window, delay: naive[delay][window])


def test_contenders_run_in_turns_and_every_second_round_goes_backwards():
    seen = []

    def contender(name):
        return Contender(name, lambda: seen.append(name) or 2.0)

    timings = in_turns([contender("a"), contender("b"), contender("c")], 3)
    assert "".join(seen) == "abccbaabc"
    assert timings["a"].positions == [2.0, 2.0, 2.0]


def test_a_ratio_is_the_median_within_rounds_and_a_machine_that_slows_down_leaves_it():
    fast = Timing([1.0, 2.0, 4.0], [10.0, 10.0, 10.0])
    slow = Timing([1.5, 3.0, 6.0], [5.0, 5.0, 5.0])
    assert slow.times(fast) == pytest.approx(3.0)
    assert fast.milliseconds == pytest.approx(200.0)


def test_repeated_work_counts_every_call_but_the_first_two():
    calls = []
    contender = repeated("sum", lambda: calls.append(None), 3.0, 1e-4)
    warm = len(calls)
    assert contender.run() == 3.0 * (len(calls) - warm)
    assert warm == 2


def test_the_engine_counts_as_many_positions_as_it_has_gradients_per_delay():
    workload = random_workload(12, embedding=3, hidden=4, delays=5)
    assert engine("small", workload, execution=execution(compile=False)).run() == pytest.approx((12 + 11 + 10 + 9 + 8) / 5)


def test_the_ceiling_is_the_product_of_every_tangent_with_the_recurrent_weights():
    assert ceiling("tiny", 3, 4, 30, torch.float32, 1e-5).run() * 30 % 16 == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (Row("a", "≥", 0.9, 0.91), ("a", "≥ 0.90", "0.91", "met")),
        (Row("a", "≤", 0.9, 0.91), ("a", "≤ 0.90", "0.91", "MISSED")),
        (Row("a", "≤", 0.15, None, "no JAX", "{:.0%}"), ("a", "≤ 15%", "–", "not measured: no JAX")),
    ],
)
def test_a_row_says_whether_the_target_is_met(row, cells):
    assert row.cells() == cells


def test_speed_rows_follow_from_the_times_and_name_what_was_not_measured():
    milliseconds = {ENGINE: 4.0, ENGINE_MOMENTS: 5.0, CEILING: 3.0}
    milliseconds |= {name: 40.0 + 10 * i for i, name in enumerate(peers.REVERSE | peers.FORWARD)}
    timings = {name: Timing([value / 1000], [1.0]) for name, value in milliseconds.items()}
    rows = {row.what: row for row in speed_rows(timings, None)}
    assert rows["float32: share of the ceiling"].measured == pytest.approx(0.75)
    assert rows["float32: second moments, extra time"].measured == pytest.approx(0.25)
    assert rows["float32: faster than PyTorch's best (torch.autograd.functional.jacobian)"].measured == pytest.approx(12.5)
    assert rows["float32: faster than JAX"].cells()[-1] == "not measured: JAX is not installed"
    assert rows["bfloat16: share of its ceiling"].cells()[-1] == "not measured: no matrix units for bfloat16 here"


def test_the_bend_is_the_distance_from_the_line_relative_to_the_largest_cost():
    frame = pd.DataFrame({"grid": "E", "cost": [1.0, 2.0, 4.0], "line": [1.0, 2.4, 4.0]})
    assert bend(frame, "E") == pytest.approx(0.1)


def test_the_spread_of_short_samples_is_scaled_to_that_of_a_tenth():
    # a mean of n of N values, drawn without replacement, has variance (1 - n/N) / n
    assert scale_to_a_tenth(10_000) == pytest.approx(np.sqrt((0.9 / 1000) / (0.975 / 250)))


def test_the_relative_spread_of_a_known_mode_is_found_under_noise_of_every_direction():
    random = np.random.default_rng(0)
    mode = 10 * np.outer(np.eye(8)[0], np.eye(6)[0])
    draws = mode * (1 + 0.05 * random.standard_normal((400, 1, 1))) + 0.01 * random.standard_normal((400, 8, 6))
    assert relative_spread(draws) == pytest.approx(0.05, rel=0.1)


def test_the_peak_of_memory_contains_what_was_held_and_given_back():
    before = resident_peak()
    held = np.ones(int((before + 40) * 2**20), dtype=np.uint8)
    del held
    assert before + 40 <= resident_peak() <= 2 * before + 80


def test_a_processor_gives_a_file_name():
    assert slug("Intel(R) Xeon(R) Processor @ 2.70GHz") == "intel-xeon-processor-2-70ghz"
