import json

import h5py
import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import stategrad as sg


@pytest.fixture
def embeddings():
    vectors = np.random.default_rng(0).standard_normal((50, 4))
    words = tuple(f"w{i}" for i in range(50))
    return sg.Embeddings(vectors, words, {"a": (0, 1, 1, 2), "b": (3, 4), "c": ()})


@pytest.fixture
def result(embeddings):
    module = nn.LSTM(4, 6).eval()
    return sg.state_gradients(
        module,
        torch.randn(80, 4),
        delays=6,
        groups=np.array(["x", "y"] * 40),
        embeddings=embeddings,
        precision="float64",
        show_progress=False,
    )


def test_a_result_comes_back_from_its_file(result, tmp_path):
    path = tmp_path / "cell.nc"
    result.save(path)
    again = sg.StateGradients.load(path)
    assert again == result
    assert again.groups == ["all", "x", "y"]
    np.testing.assert_allclose(again.block_mean, result.block_mean, rtol=1e-6)
    np.testing.assert_array_equal(again.second_moment, result.second_moment)
    np.testing.assert_array_equal(again.embeddings.vectors, result.embeddings.vectors)
    assert again.embeddings.words == result.embeddings.words
    assert dict(again.embeddings.classes) == dict(result.embeddings.classes)
    np.testing.assert_allclose(again.memory()["sigma_1_floor"], result.memory()["sigma_1_floor"], rtol=1e-4)
    assert [entry.name for entry in tmp_path.iterdir()] == ["cell.nc"]


def test_blocks_keep_every_digit_when_asked_to(result, tmp_path):
    result.save(tmp_path / "cell.nc", block_dtype="float64")
    np.testing.assert_array_equal(sg.StateGradients.load(tmp_path / "cell.nc").block_mean, result.block_mean)


def test_a_result_without_second_moments_or_embeddings_is_saved_as_such(tmp_path):
    bare = sg.state_gradients(nn.GRU(2, 3).eval(), torch.randn(40, 2), delays=3, second_moment=False, show_progress=False)
    bare.save(tmp_path / "bare.nc")
    again = sg.StateGradients.load(tmp_path / "bare.nc")
    assert again.second_moment is None
    assert again.embeddings is None
    assert "rms" not in again.memory()


def test_files_that_are_not_results_are_refused(result, tmp_path):
    with pytest.raises(sg.MissingInputError, match=r"there is no result at .*none\.nc"):
        sg.StateGradients.load(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("words")
    with pytest.raises(sg.InvalidInputError, match=r"text\.nc is not a netCDF-4 file"):
        sg.StateGradients.load(tmp_path / "text.nc")
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(sg.InvalidInputError, match="is not a result of stategrad"):
        sg.StateGradients.load(tmp_path / "other.nc")
    result.save(tmp_path / "cell.nc")
    content = (tmp_path / "cell.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(sg.InvalidInputError, match="damaged or cut short"):
        sg.StateGradients.load(tmp_path / "cut.nc")


def test_a_failed_write_leaves_the_old_result(result, tmp_path, monkeypatch):
    path = tmp_path / "cell.nc"
    result.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(xr.Dataset, "to_netcdf", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        result.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["cell.nc"]


def test_the_file_can_be_read_without_stategrad(result, tmp_path):
    result.save(tmp_path / "cell.nc")
    with h5py.File(tmp_path / "cell.nc") as file:
        np.testing.assert_array_equal(file["mean"][:], result.mean.values)
        assert json.loads(file.attrs["provenance"])["state"] == {"layer": 0, "name": "cell"}


def test_provenance_tells_models_inputs_and_settings_apart():
    def provenance(module, x, **options):
        return json.loads(sg.state_gradients(module, x, delays=2, blocks=2, show_progress=False, **options).provenance)

    module, x = nn.LSTM(2, 3).eval(), torch.randn(10, 2)
    base = provenance(module, x)
    assert provenance(nn.LSTM(2, 3).eval(), x)["model"] != base["model"]
    assert provenance(module, x + 1)["inputs"] != base["inputs"]
    assert provenance(module, x, sample=5)["settings"]["sample"] == 5
    assert base["versions"]["torch"] == torch.__version__


def test_the_table_has_a_row_per_group_and_delay(result):
    frame = result.to_dataframe()
    assert len(frame) == 3 * 6
    assert list(frame.columns[:3]) == ["group", "delay", "count"]
    row = frame[(frame["group"] == "x") & (frame["delay"] == 2)].iloc[0]
    assert row["sigma_1"] == pytest.approx(np.linalg.norm(result.mean.sel(group="x", delay=2), 2))


def test_the_repr_tells_what_is_inside(result):
    shown = repr(result)
    assert "cell state, layer 0" in shown
    assert "6 × 4 (state × embedding)" in shown
    assert "80 of 80 in 10 blocks" in shown


def test_tracking_takes_one_property_or_several_and_one_n_or_several(result, embeddings):
    d = sg.property_vector(embeddings, "a", "b")
    one = result.track(d, 2)
    assert one["cosine"].dims == ("group", "delay")
    several = result.track({"p": d, "q": np.ones(4)}, [1, 2, 4])
    assert several["cosine"].sizes == {"property": 2, "group": 3, "delay": 6, "n": 3}
    np.testing.assert_array_equal(several["cosine"].sel(property="p", n=2), one["cosine"])
    np.testing.assert_allclose(several["cosine"].sel(n=4), 1)
    np.testing.assert_allclose(several["subspace_share"].sel(n=4), 1)


def test_whitened_memory_does_not_depend_on_the_units_of_the_embeddings(result, embeddings):
    rescale = np.diag([1.0, 10.0, 0.1, 3.0]) @ np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    moved = sg.Embeddings(embeddings.vectors @ rescale.T, embeddings.words, embeddings.classes)
    module = nn.LSTM(4, 6).double().eval()
    turned = nn.LSTM(4, 6).double().eval()
    inverse = torch.from_numpy(np.linalg.inv(rescale))
    turned.load_state_dict(module.state_dict() | {"weight_ih_l0": module.weight_ih_l0 @ inverse})
    x = torch.randn(30, 4, dtype=torch.float64)
    options = {"delays": 4, "precision": "float64", "show_progress": False}
    a = sg.state_gradients(module, x, embeddings=embeddings, **options).whiten()
    b = sg.state_gradients(turned, x @ torch.from_numpy(rescale).T, embeddings=moved, **options).whiten()
    for name in ("sigma_1", "sigma_sum", "rms"):
        np.testing.assert_allclose(a.memory()[name], b.memory()[name], rtol=1e-9)
    tracked = [r.track(sg.property_vector(e, "a", "b"), 2) for r, e in ((a, embeddings), (b, moved))]
    np.testing.assert_allclose(tracked[0]["relative_memory"], tracked[1]["relative_memory"], rtol=1e-9)
    np.testing.assert_allclose(tracked[0]["cosine"], tracked[1]["cosine"], rtol=1e-9)


def test_whitening_is_refused_where_it_cannot_be_done(result):
    with pytest.raises(sg.InvalidInputError, match="whitened already"):
        result.whiten().whiten()
    with pytest.raises(sg.InvalidInputError, match="the embeddings have 3 dimensions, the gradients 4"):
        result.whiten(np.random.default_rng(0).standard_normal((9, 3)))
    bare = sg.state_gradients(nn.GRU(2, 3).eval(), torch.randn(40, 2), delays=3, show_progress=False)
    with pytest.raises(sg.InvalidInputError, match="whitening needs the embeddings, and this result holds none"):
        bare.whiten()


def test_a_whitened_result_is_saved_as_such(result, tmp_path):
    result.whiten().save(tmp_path / "w.nc")
    again = sg.StateGradients.load(tmp_path / "w.nc")
    assert "units csl2020" in repr(again)
    np.testing.assert_array_equal(again.whitening, result.whiten().whitening)
