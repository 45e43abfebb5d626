import numpy as np
import torch
from torch import nn

import stategrad as sg


def test_charts_are_returned_and_hold_the_numbers_of_the_result(tmp_path):
    embeddings = sg.Embeddings(
        np.random.default_rng(0).standard_normal((20, 6)), tuple(map(str, range(20))), {"a": (0, 1), "b": (2, 3)}
    )
    labels = np.array(["x", "y"] * 60)
    result = sg.state_gradients(
        nn.LSTM(6, 8).eval(), torch.randn(120, 6), delays=7, groups=labels, embeddings=embeddings, show_progress=False
    )
    d = sg.property_vector(embeddings, "a", "b")
    charts = {
        "memory": sg.plot.memory(result),
        "rms": sg.plot.rms(result, log=True),
        "classes": sg.plot.classes(result, relative=True),
        "tracking": sg.plot.tracking(result, {"a–b": d, "other": np.ones(6)}, n=3),
        "one": sg.plot.tracking(result, d, n=2),
    }
    for name, chart in charts.items():
        chart.save(tmp_path / f"{name}.svg")
        assert (tmp_path / f"{name}.svg").stat().st_size > 2000
    values = next(iter(charts["memory"].to_dict()["datasets"].values()))
    assert values[0]["sigma_1"] == result.memory()["sigma_1"].values[0, 0]
