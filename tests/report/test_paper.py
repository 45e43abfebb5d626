"""The section that sets a run beside the paper."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stategrad.published import published_numbers
from stategrad.report import page as pages
from stategrad.report.inputs import read_run
from stategrad.report.paper import BesidePaper, beside_paper, on_differences


def of_run(folder: Path, **facts: object) -> BesidePaper:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["facts"] |= facts
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return beside_paper(read_run(folder))


PTB = {"corpus": "ptb", "text": "the validation part of ptb, 1 document", "epochs": 39, "converged_perplexity": None}


def test_on_another_text_nothing_is_compared_and_claims_are_of_this_model(make_run: Callable[..., Path]) -> None:
    paper = of_run(make_run())
    assert paper.numbers.empty
    assert len(paper.others) > 84
    said = " ".join(paper.says)
    assert said.startswith(
        "No published number can be held against this run: the run read the Brown corpus, the paper the Penn Treebank."
    )
    assert said.endswith("That is about this model of the Brown corpus, and says nothing for or against the paper.")
    assert "does not hold" not in said


def test_on_the_paper_s_text_every_number_is_judged_or_says_why_not(make_run: Callable[..., Path]) -> None:
    paper = of_run(make_run(), **PTB)
    assert len(paper.numbers) + len(paper.others) > 84
    numbers = paper.numbers.drop_duplicates(["quantity", "place"])
    assert paper.says[0].startswith(f"Of {len(published_numbers().numbers)} published numbers, {len(numbers)} can be held")
    row = paper.numbers.set_index("quantity").loc["σ_1 at τ = 0, pronouns (rule any)"]
    assert tuple(row[["published", "measured", "verdict"]]) == ("1.95", "1.954 (1.915 to 1.993)", "consistent")
    assert row["difference"] == "+0.004"
    counts = paper.numbers["verdict"].value_counts()
    assert f"{counts['consistent']} consistent" in paper.says[0]
    assert str(len(paper.numbers)) in paper.says[0]
    assert "says nothing for or against the paper" not in " ".join(paper.says)
    assert set(paper.claims["here"]) <= {"holds", "does not hold", "undecided"}
    assert "Pronouns have the largest effect on the state." in [*paper.claims["the paper says"], *paper.unchecked["the paper says"]]


def test_what_differs_from_the_paper_is_said() -> None:
    facts = {"corpus": "ptb", "vocabulary": 10_000, "corpus_tag_files": "a.zip (pos)", "corpus_coverage_types": 0.927,
             "hidden_size": 128, "perplexity_valid": 100.46, "positions": 6_000, "population": 73_760}  # fmt: skip
    settings = {"model": None, "training": {"clip": 1.0, "batch_size": 20}}
    (said,) = on_differences(facts, settings)
    assert said == (
        "What differs from the paper: Mikolov's text in place of the authors' own normalisation (10,000 words in the vocabulary); "
        "tags of word types from a.zip (pos), which cover 93 % of the vocabulary; LSTM cells 128 where the paper has 256; "
        "norm at which gradients are clipped 1 where the paper has 5; a validation perplexity of 100.5, which is of other words "
        "than the paper's and stands beside none of its; a sample of 6,000 of 73,760 positions, which the intervals include."
    )
    (given,) = on_differences(facts, settings | {"model": "m.safetensors"})
    assert "a model that was given, whose training this run does not know" in given
    assert "clipped" not in given
    (normalised,) = on_differences({"corpus": "ptb", "corpus_normalisation": "ptb-norm"}, {})
    assert normalised == (
        "What differs from the paper: Mikolov's text, written as ptb-norm, in place of the authors' own normalisation."
    )
    assert on_differences({"corpus": "verwimp", "perplexity_valid": 81.5}, {}) == []


def test_only_where_numbers_can_be_compared_it_is_said_what_differs(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    assert of_run(folder).differs == []
    assert of_run(folder, **PTB).differs[0].startswith("What differs from the paper: Mikolov's text")


def test_accuracies_of_cbow_vectors_stand_among_the_numbers_and_say_so(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    shutil.copy(folder / "measures" / "separability.csv", folder / "measures" / "separability_cbow.csv")
    paper = of_run(folder, **PTB)
    assert list(paper.numbers.columns) == ["verdict", "quantity", "published", "measured", "difference", "why", "place"]
    numbers = paper.numbers.set_index("quantity")
    both = numbers.loc[["accuracy, N-V (split by words)", "accuracy, N-V (split by words), cbow on PTB"]]
    assert list(both["published"]) == ["77.28 %", "73.60 %"]
    assert list(both["measured"]) == ["77.28 %"] * 2
    assert list(both["difference"]) == ["+0.00 points", "+3.68 points"]
    assert "Rule any: words are counted in every class they can have, as in the paper." in paper.says


def test_where_noise_is_most_of_a_value_the_one_without_it_is_compared(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    path = folder / "measures" / "memory.csv"
    memory = pd.read_csv(path, keep_default_na=False, na_values=[""])
    noisy = {"selectivity": 0.128, "selectivity_low": 0.137, "selectivity_high": 0.167, "selectivity_debiased": 0.152}
    memory.assign(**noisy).to_csv(path, index=False)
    row = of_run(folder, **PTB).numbers.set_index("quantity").loc["σ_1/Σσ at τ = 29"]
    assert row["measured"] == "12.8 %; 15.2 % without noise (13.7 to 16.7 %)"
    assert row["difference"] == "-0.8 points"


@pytest.mark.parametrize("corpus", ["brown", "ptb"])
def test_the_page_and_the_files_carry_all_of_it(
    make_run: Callable[..., Path], corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])
    folder = make_run()
    paper = of_run(folder, **(PTB | {"corpus": corpus}))
    page = pages.write_report(folder)[0].read_text(encoding="utf-8")
    section = page[page.index('<section id="published">') :]
    section = section[: section.index("</section>")]
    shown = sum(len(table) for table in paper.tables.values())
    tables = sum(1 for name, table in paper.tables.items() if len(table) or name.startswith("not-"))
    assert section.count("<tr>") == shown + tables
    for name in paper.tables:
        assert (folder / "tables" / f"{name}.csv").is_file()
