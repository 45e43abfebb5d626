import dataclasses

from corpus.authors_files import write_authors_folder
from run.tiny import TINY
from stategrad.corpus.sources import CorpusConfig
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.run.config import ControlsConfig, GradientsConfig, SwapConfig
from stategrad.run.run import STAGES, Run
from stategrad.run.settings import read_preset


def test_from_the_authors_files_to_the_page(tmp_path):
    folder = write_authors_folder(tmp_path / "authors", sentences=300, of_each=20)
    preset = read_preset("paper-ptb-authors")
    corpus = dataclasses.replace(preset.corpus, path=str(folder))
    assert corpus == CorpusConfig("verwimp", str(folder), vocabulary_size=20_000)
    small = dataclasses.replace(
        TINY,
        preset=preset.preset,
        corpus=corpus,
        gradients=GradientsConfig(delays=3, blocks=6, sample=200, states=("cell",)),
        swap=SwapConfig(kinds=("unigram",), sample=100, divergence=False),
        controls=ControlsConfig(kinds=()),
        decoding=dataclasses.replace(TINY.decoding, delays=(0, 1), sample=400, seeds=2),
    )
    run = Run(small, tmp_path / "run", show_progress=False)
    run.execute([name for name in STAGES if name != "report"])
    tables = read_run(run.folder.path)
    assert tables.rules == ["any"]
    page = render(tables, [], beside_paper(tables))
    assert "trained on the authors&#39; Penn Treebank text remembers" in page
    assert "a word counts in every class that it can have, and no class of its most frequent tag is known" in page
    assert "the run read verwimp" not in page, "it is the paper's own text"
