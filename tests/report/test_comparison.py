"""Runs side by side: what is drawn of them, what is said instead, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from report.generated_run import write_run
from stategrad.cli.main import main
from stategrad.errors import ForeignOutputError, InvalidInputError, MissingInputError
from stategrad.report import comparison_page as pages
from stategrad.report.comparison import compare_runs, other_views, unique_names
from stategrad.report.export import write_chart
from stategrad.report.seed_bands import recipes_of


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two runs: the second remembers less from delay 3 on, and its units are ten times larger."""
    root = tmp_path_factory.mktemp("compared")
    first, second = write_run(root / "one" / "run"), write_run(root / "two" / "run")
    path = second / "measures/memory.csv"
    memory = pd.read_csv(path, keep_default_na=False, na_values=[""])
    columns = ["sigma_1", "sigma_1_low", "sigma_1_high"]
    memory[columns] = memory[columns].mul(10 * np.where(memory["delay"] < 3, 1, 0.5), axis=0)
    memory.to_csv(path, index=False)
    for folder, size in ((first, 64), (second, 128)):
        (folder / "config.yaml").write_text(f"network:\n  hidden_size: {size}\n  cell: lstm\n", encoding="utf-8")
    return first, second


def altered(folder: Path, to: Path, table: str, change) -> Path:
    copy = Path(shutil.copytree(folder, to))
    path = copy / f"measures/{table}.csv"
    change(pd.read_csv(path, keep_default_na=False, na_values=[""])).to_csv(path, index=False)
    return copy


def test_curves_are_relative_to_delay_0_whatever_their_units(folders):
    comparison = compare_runs(folders)
    assert comparison.labels == ("one/run", "two/run")
    for label, folder in zip(comparison.labels, folders, strict=True):
        memory = pd.read_csv(folder / "measures/memory.csv", keep_default_na=False, na_values=[""])
        rows = memory[(memory["group"] == "all") & (memory["state"] == "cell")].sort_values("delay")
        found = comparison.of("sigma_1")
        found = found[found["run"] == label].sort_values("delay")
        first = rows["sigma_1"].iloc[0]
        for column, source in (("value", "sigma_1"), ("low", "sigma_1_low"), ("high", "sigma_1_high")):
            np.testing.assert_allclose(found[column], rows[source] / first)
    assert comparison.findings[0] == (
        "Largest singular value σ₁ of the mean: the band of two/run lies below at delays 3–29, clear of that of one/run."
    )
    assert comparison.findings[1].endswith("the band of two/run lies nowhere clear of that of one/run.")


def test_selectivity_has_no_unit_and_is_compared_as_it_is(folders):
    comparison = compare_runs(folders)
    memory = pd.read_csv(folders[0] / "measures/memory.csv", keep_default_na=False, na_values=[""])
    rows = memory[(memory["group"] == "all") & (memory["state"] == "cell")].sort_values("delay")
    found = comparison.of("selectivity")
    np.testing.assert_allclose(found[found["run"] == "one/run"].sort_values("delay")["value"], rows["selectivity"])
    assert pages.charts_of(comparison)["memory-selectivity"][0] == "Selectivity σ₁/Σσ of the mean"


def test_what_differs_is_listed_and_what_does_not_is_left_out(folders):
    settings = compare_runs(folders, ["small", "large"]).settings
    assert settings.loc["network.hidden_size"].to_dict() == {"small": "64", "large": "128"}
    assert "network.cell" not in settings.index
    assert "measured: perplexity_valid" not in settings.index


def test_horizons_beyond_the_delays_stand_at_the_last(folders, tmp_path):
    copies = [Path(shutil.copytree(folder, tmp_path / name)) for name, folder in zip(("near", "far"), folders, strict=True)]
    common = {"state": "cell", "group": "all", "measure": "rms", "longest": 29}
    for copy, horizon in zip(copies, (6.5, np.nan), strict=True):
        rows = [common | {"level": np.exp(-1), "horizon": 2.5}, common | {"level": 0.1, "horizon": horizon}]
        pd.DataFrame(rows).to_csv(copy / "measures/horizon.csv", index=False)
    found = compare_runs(copies).of("horizon").set_index(["run", "label"])
    assert found["value"].to_dict() == {
        ("near", "rms, 1/e"): 2.5, ("near", "rms, 10 %"): 6.5, ("far", "rms, 1/e"): 2.5, ("far", "rms, 10 %"): 29,
    }  # fmt: skip
    assert found["beyond"].to_list() == [False, False, False, True]
    assert "run has no horizons" in " ".join(compare_runs(folders, ["run", "other"]).withheld)


def test_what_cannot_be_compared_is_said_and_not_drawn(folders, tmp_path):
    fewer = altered(folders[1], tmp_path / "fewer", "classes", lambda frame: frame[frame["group"] != "nouns"])
    late = altered(folders[1], tmp_path / "late", "memory", lambda frame: frame[frame["delay"] > 0])
    short = altered(folders[1], tmp_path / "short", "memory", lambda frame: frame[frame["delay"] < 9])
    comparison = compare_runs([folders[0], fewer, late, short])
    said = " ".join(comparison.withheld)
    assert "shares of a sum over the listed classes, and the lists differ" in said
    assert "late has no memory curve of the group all from delay 0 on; its curves are not drawn." in said
    assert "different delays; curves are drawn at the 9 that all have" in said
    assert "Absolute values are not compared" in said
    assert comparison.of("class share").empty
    assert set(comparison.of("rms")["run"]) == {"run", "fewer", "short"}
    assert comparison.of("rms")["delay"].max() == 8


def test_the_command_writes_page_table_and_figures_and_no_other_file(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        pages, "write_chart", lambda chart, path: write_chart(chart, path, resolution=40) if path.name == "classes" else []
    )
    monkeypatch.setattr("stategrad.report.comparison.other_views", lambda comparison, folders: ())
    out = tmp_path / "side.html"
    main(["compare", *map(str, folders), "--out", str(out), "--labels", "[small, large]"])
    assert capsys.readouterr().out.strip() == str(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["side-figures", "side-settings.csv", "side.csv", "side.html"]
    assert sorted(path.name for path in (tmp_path / "side-figures").iterdir()) == ["classes.pdf", "classes.png", "classes.svg"]
    page = out.read_text(encoding="utf-8")
    for part in ("Training variation is not included", "network.hidden_size", "What is not compared", "Property singular–plural"):
        assert part in page
    assert "<script" not in page
    assert "https://" not in page
    assert len(page) < 8_000_000
    assert set(pd.read_csv(tmp_path / "side.csv")["run"]) == {"small", "large"}
    main(["compare", *map(str, folders), "--out", str(out)])


def test_the_paper_s_two_models_beside_each_other(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])
    first, second = (Path(shutil.copytree(folder, tmp_path / name)) for folder, name in zip(folders, ("a", "b"), strict=True))
    assert compare_runs([first, second]).claims.empty, "both have embeddings of their own"
    manifest = json.loads((second / "manifest.json").read_text(encoding="utf-8"))
    manifest["facts"] |= {"embeddings": "pre-trained", "embeddings_text": "cbow on PTB"}
    (second / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = compare_runs([second, first])
    claims = found.claims.set_index("the paper says")["here"]
    assert claims.filter(like="singular values").iloc[0] == "does not hold", "the second's are ten times larger"
    written = pages.write_comparison(found, tmp_path / "two.html")
    assert tmp_path / "two-claims.csv" in written
    assert 'id="claims"' in written[0].read_text(encoding="utf-8")
    manifest["facts"]["corpus"] = "wsj"
    (second / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert compare_runs([first, second]).claims.empty, "they read other texts"


def test_a_page_of_something_else_is_kept(folders, tmp_path, capsys):
    page = tmp_path / "comparison.html"
    page.write_text("mine", encoding="utf-8")
    for out in (page, tmp_path):
        with pytest.raises(ForeignOutputError, match=r"comparison.html is there and is no comparison; give another --out"):
            pages.page_path(out)
    assert page.read_text(encoding="utf-8") == "mine"
    (tmp_path / "note").write_text("mine", encoding="utf-8")
    with pytest.raises(ForeignOutputError, match=r"note is a file and no page; give a folder, or a name that ends in .html"):
        pages.page_path(tmp_path / "note")


def test_runs_and_labels_that_do_not_fit_are_refused(folders, tmp_path):
    with pytest.raises(InvalidInputError, match="1 run was given; a comparison takes two or more run folders"):
        compare_runs(folders[:1])
    with pytest.raises(InvalidInputError, match="is given twice; give each run once"):
        compare_runs([folders[0], folders[0]])
    with pytest.raises(InvalidInputError, match="the labels are a, a; give 2 different ones, one for each run"):
        compare_runs(folders, ["a", "a"])
    with pytest.raises(MissingInputError, match="there is no folder"):
        compare_runs([folders[0], tmp_path / "nowhere"])


def test_what_the_command_lacks_is_said(tmp_path, capsys):
    for words, lacking in ((["--out", str(tmp_path / "x")], "two or more runs"), ([str(tmp_path), str(tmp_path)], "an --out")):
        with pytest.raises(SystemExit):
            main(["compare", *words])
        assert f"needs {lacking}; see --help." in capsys.readouterr().err


def test_names_are_as_short_as_tells_them_apart():
    assert unique_names([Path("/a/x"), Path("/a/y")]) == ["x", "y"]
    assert unique_names([Path("/x/b/c"), Path("/y/b/c")]) == ["x/b/c", "y/b/c"]


def test_a_state_and_a_group_can_be_chosen(folders):
    comparison = compare_runs(folders, ["small", "large"], state="hidden", group="nouns")
    assert comparison.states == {"small": "hidden", "large": "hidden"}
    memory = pd.read_csv(folders[0] / "measures/memory.csv", keep_default_na=False, na_values=[""])
    rows = memory[(memory["group"] == "nouns") & (memory["state"] == "hidden")]
    rule = rows["rule"].iloc[0]
    rows = rows[rows["rule"] == rule].sort_values("delay")
    found = comparison.of("rms")
    found = found[found["run"] == "small"].sort_values("delay")
    np.testing.assert_allclose(found["value"], rows["rms"] / rows["rms"].iloc[0])
    assert set(found["label"]) == {"nouns"}
    page = pages.render_comparison(comparison, {})
    assert "What each model's hidden state remembers of words of the group nouns, relative to its own value" in page
    assert "state remembers, relative" in pages.render_comparison(compare_runs(folders), {})


def test_the_page_offers_every_state_and_group_that_all_runs_have(folders, tmp_path):
    fewer = altered(folders[1], tmp_path / "fewer", "memory", lambda frame: frame[frame["group"].isin(["all", "nouns"])])
    comparison = compare_runs([folders[0], fewer], state="hidden")
    views = other_views(comparison, [folders[0], fewer])
    shown = [(set(view.states.values()), view.group) for view in views]
    assert shown == [({"hidden"}, "nouns"), ({"cell"}, "all"), ({"cell"}, "nouns")]
    assert all(view.labels == comparison.labels for view in views)
    page = pages.render_comparison(comparison, pages.charts_of(comparison), views)
    assert page.count("<fieldset>") == 2
    assert page.count("<figure") == sum(len(pages.charts_of(view)) for view in (comparison, *views)) - 2 * 3
    assert "<fieldset>" not in pages.render_comparison(comparison, {})


def test_runs_that_open_with_different_states_can_be_compared_by_a_common_one(folders, tmp_path):
    def only_hidden(frame):
        return frame[frame["state"] == "hidden"]

    hidden = altered(folders[1], tmp_path / "hidden", "memory", only_hidden)
    comparison = compare_runs([folders[0], hidden])
    assert set(comparison.states.values()) == {"cell", "hidden"}
    assert [set(view.states.values()) for view in other_views(comparison, [folders[0], hidden]) if view.group == "all"] == [
        {"hidden"}
    ]


def test_a_state_or_group_that_a_run_lacks_is_refused(folders, capsys, tmp_path):
    with pytest.raises(InvalidInputError) as refused:
        compare_runs(folders, ["small", "large"], state="hiden", group="nuons")
    said = str(refused.value)
    assert said.startswith(
        "4 problems with what is compared: small has no state 'hiden': did you mean 'hidden'? (choices: cell, hidden)"
    )
    assert "large has no group 'nuons': did you mean 'nouns'? (choices: all, " in said
    with pytest.raises(SystemExit) as stopped:
        main(["compare", *map(str, folders), "--out", str(tmp_path / "x"), "--group", "nuons"])
    assert stopped.value.code == 2
    assert "has no group 'nuons': did you mean 'nouns'?" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_groups_by_different_rules_are_refused(folders, tmp_path):
    other = altered(
        folders[1], tmp_path / "other", "memory", lambda frame: frame.assign(rule=frame["rule"].where(frame["rule"].isna(), "x"))
    )
    with pytest.raises(InvalidInputError, match="the runs give words to 'nouns' by different rules; compare the group all"):
        compare_runs([folders[0], other], group="nouns")
    assert compare_runs([folders[0], other]).group == "all"


@pytest.fixture
def seeds(folders, tmp_path):
    """Three runs of one recipe, the second's curves half and the third's a quarter from delay 1 on, and one of another."""
    copies = []
    for number, factor in enumerate((1, 0.5, 0.25)):
        scale = lambda frame, factor=factor: frame.assign(rms=frame["rms"] * np.where(frame["delay"] > 0, factor, 1))  # noqa: E731
        copies.append(altered(folders[0], tmp_path / f"lstm-{number}", "memory", scale))
    copies.append(Path(shutil.copytree(folders[0], tmp_path / "gru")))
    for number, copy in enumerate(copies):
        cell = "gru" if copy.name == "gru" else "lstm"
        (copy / "config.yaml").write_text(
            f"network:\n  seed: {number}\n  cell: {cell}\ntraining:\n  seed: {number}\n", encoding="utf-8"
        )
    return copies


def test_seeds_of_a_recipe_are_its_mean_between_its_lowest_and_highest_run(seeds):
    comparison = compare_runs(seeds)
    runs = comparison.of("rms").pivot(index="delay", columns="run", values="value")
    several = runs[["lstm-0", "lstm-1", "lstm-2"]]
    bands = comparison.seeds[comparison.seeds["quantity"] == "rms"].set_index(["run", "delay"])
    np.testing.assert_allclose(bands.loc["cell=lstm", "value"], several.mean(axis=1))
    np.testing.assert_allclose(bands.loc["cell=lstm", "low"], several.min(axis=1))
    np.testing.assert_allclose(bands.loc["cell=lstm", "high"], several.max(axis=1))
    np.testing.assert_allclose(bands.loc["gru", "value"], runs["gru"])
    assert bands.loc["gru", ["low", "high"]].isna().all(axis=None)
    at = several.loc[1:].max(axis=1).idxmax()
    low, high, mean = (several.loc[at].agg(how) for how in ("min", "max", "mean"))
    assert comparison.on_seeds[1] == (
        "cell=lstm, 3 runs that differ only in seeds: relative to delay 0, root mean square of the gradients differs most between "
        f"them at delay {at}, from {low:.2f} to {high:.2f} around {mean:.2f}."
    )
    assert not any(sentence.startswith("gru") for sentence in comparison.on_seeds)
    page = pages.render_comparison(comparison, pages.charts_of(comparison))
    assert "What seeds change" in page
    assert 'id="seeds-rms"' in page


def test_runs_of_different_recipes_have_no_seeds(folders):
    comparison = compare_runs(folders)
    assert comparison.seeds.empty
    assert comparison.on_seeds == ()
    assert "What seeds change" not in pages.render_comparison(comparison, {})
    assert not any(name.startswith("seeds") for name in pages.charts_of(comparison))


def test_recipes_are_named_by_what_tells_them_apart():
    plain = {"network.cell": "lstm", "network.seed": 0, "corpus.seed": 0}
    assert recipes_of({"a": plain, "b": plain | {"training.seed": 1}, "c": plain | {"gradients.seed": 2}}) == {
        "all 3 runs": ("a", "b", "c")
    }
    assert recipes_of({"a": plain, "b": plain | {"corpus.seed": 1}}) == {}
    many = plain | {f"network.s{number}": number for number in range(4)}
    assert recipes_of({"a": plain, "b": many, "c": many}) == {"a": ("a",), "b and 1 more": ("b", "c")}


def test_runs_on_more_and_less_of_a_text_are_asked_the_follow_ups_sentence(tmp_path, monkeypatch):
    folders = []
    for words in (1000, 2000):
        for seed in (0, 1):
            folder = write_run(tmp_path / f"{words}-{seed}")
            settings = {"preset": "demo", "corpus": {"train_words": words}, "network": {"seed": seed}}
            (folder / "config.yaml").write_text(yaml.safe_dump(settings))
            path = folder / "measures/memory.csv"
            memory = pd.read_csv(path, keep_default_na=False, na_values=[""])
            for name in ("selectivity", "selectivity_low", "selectivity_high"):
                memory[name] *= (1.5 if words == 2000 else 1) + 0.001 * seed
            memory.assign(whitened=True).to_csv(path, index=False)
            folders.append(folder)
    comparison = compare_runs(folders)
    row = comparison.follow_up.iloc[0]
    assert (len(comparison.follow_up), row["seen_as"], row["verdict"]) == (1, "sensitivity, mean", "holds")
    assert "train_words=1000: 0.109 and" in row["evidence"]
    assert compare_runs(folders, group="nouns").follow_up.empty
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])
    page = pages.write_comparison(comparison, tmp_path / "page.html", views=other_views(comparison, folders))[0].read_text(
        encoding="utf-8"
    )
    section = page[page.index('<section id="follow-up">') :]
    assert "“memory depends on the type of data, selectiveness on its size”" in section
    assert row["evidence"].split(";")[0].replace(" = ", "\u00a0=\u00a0") in section
    assert len(pd.read_csv(tmp_path / "page-follow-up.csv")) == 1
    alike = compare_runs([write_run(tmp_path / "a"), write_run(tmp_path / "b")])
    assert alike.follow_up.empty
    assert "findings about texts" not in pages.write_comparison(alike, tmp_path / "alike.html")[0].read_text(encoding="utf-8")
