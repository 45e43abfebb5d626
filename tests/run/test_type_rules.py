import dataclasses

import numpy as np
import pandas as pd

from run.tiny import TINY
from stategrad.corpus.sources import load
from stategrad.gradients.result import StateGradients
from stategrad.report.inputs import read_run
from stategrad.run.measures import with_type_rules
from stategrad.run.run import Run
from stategrad.run.type_rules import load_type_rules, other_rules


def test_table_1_stands_under_every_rule_that_the_text_allows(tmp_path):
    small = dataclasses.replace(
        TINY,
        gradients=dataclasses.replace(TINY.gradients, delays=2, sample=None, states=("cell",)),
        swap=dataclasses.replace(TINY.swap, kinds=("unigram",), sample=100, divergence=False),
        controls=dataclasses.replace(TINY.controls, kinds=()),
    )
    run = Run(small, tmp_path / "run", show_progress=False)
    run.execute(["train", "gradients", "swap", "controls", "analyze", "probe"])
    classes = pd.read_csv(run.folder.measures_path("classes")).set_index(["rule", "group"])
    assert list(dict.fromkeys(classes.index.get_level_values("rule"))) == ["gold", "any", "most"]
    np.testing.assert_allclose(classes.groupby(level="rule")["normalised"].sum(), 1)
    assert classes["sigma_1_low"].notna().any()
    for rule in ("any", "most"):  # the positions of each class are those of its mask
        for name, masks in run.text.groups(rule).items():
            if (rule, name) in classes.index:
                assert classes.loc[(rule, name), "positions"] == sum(int(mask.sum()) for mask in masks)
    comparisons = pd.read_csv(run.folder.measures_path("comparisons"))
    assert set(comparisons["rule"]) == {"gold", "any", "most"}

    gold = StateGradients.load(run.folder.gradients_path("cell"))
    by_type = load_type_rules(run)["cell"]
    of_all = [result.mean.sel(group="all", delay=0).values for result in (by_type, gold)]
    np.testing.assert_allclose(*of_all, rtol=1e-4, atol=1e-6)
    assert (tmp_path / "run" / "gradients" / "types-cell.nc").is_file()

    tables = read_run(run.folder.path)
    assert tables.rules == ["gold"], "class curves are by gold tags"
    assert tables.tags["types"].sum() == len(run.corpus.lexicon.typed_pairs(run.corpus.vocabulary))
    assert tables.separability["types_most"].iloc[0] == len(run.corpus.lexicon.typed_pairs(run.corpus.vocabulary, "most"))


def test_a_text_with_tags_by_type_alone_needs_nothing_more():
    text = load(TINY.corpus).valid
    assert other_rules(text) == ("any", "most")
    assert other_rules(dataclasses.replace(text, tags=None)) == ()
    assert other_rules(dataclasses.replace(text, lexicon=None)) == ()
    classes = pd.DataFrame({"group": ["nouns"]})
    assert with_type_rules(classes, {}) is classes
