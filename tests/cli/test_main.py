"""The command line: every refusal is one sentence on standard error and exit status 2, with nothing written."""

import dataclasses
import inspect
import subprocess
import sys

import pytest

from stategrad import __version__
from stategrad.cli import commands
from stategrad.cli.main import COMMANDS, main
from stategrad.errors import UnavailableError
from stategrad.run import run as run_module
from stategrad.run.config import RunConfig

REFUSALS = {
    "a command": (["rnu", "demo"], "unknown command 'rnu': did you mean 'run'? (choices: run, train, gradients,"),
    "a preset": (
        ["run", "demoo"],
        "unknown preset 'demoo': did you mean 'demo'? (choices: csl2020, demo, paper-ptb, paper-ptb-authors, paper-ptb-pre",
    ),
    "an option": (["run", "demo", "--trainin.epochs", "3"], "unknown option '--trainin.epochs': did you mean '--training.epochs'?"),
    "an option of another section": (["run", "demo", "--gradients.epochs=3"], "unknown option '--gradients.epochs'"),
    "a word for a number": (["run", "demo", "--training.epochs", "x"], "training.epochs is 'x'; expected int."),
    "a word for a list": (
        ["run", "demo", "--swap.kinds", "unigram"],
        """swap.kinds is 'unigram'; expected a list, such as --swap.kinds '["unigram"]'.""",
    ),
    "a number for a list": (
        ["run", "demo", "--analysis.directions", "4"],
        "analysis.directions is '4'; expected a list, such as --analysis.directions '[4]'.",
    ),
    "a number for a section": (
        ["run", "demo", "--gradients", "5"],
        "--gradients is a group of settings; give one of them, such as --gradients.text.",
    ),
    "a word for a number or auto": (
        ["run", "demo", "--gradients.sample", "al"],
        "gradients.sample is 'al'; expected int or 'auto' or null.",
    ),
    "a word for a number or nothing": (["run", "demo", "--swap.sample", "all"], "swap.sample is 'all'; expected int or null."),
    "a choice": (["run", "demo", "--training.schedule", "liner"], "unknown training.schedule 'liner': did you mean 'linear'?"),
    "a corpus": (["run", "demo", "--corpus.name", "bronw"], "unknown corpus.name 'bronw': did you mean 'brown'?"),
    "a file of settings": (
        ["run", "none.yaml"],
        "there is no file none.yaml; give one, or a preset (csl2020, demo, paper-ptb, paper-ptb-authors, paper-ptb-pretrained, sy",
    ),
    "a folder": (["gradients", "none"], "none is not the folder of a run: it has no config.yaml"),
    "a corpus without its path": (["run", "paper-ptb"], "corpus ptb needs a path"),
    "a missing path": (["run", "paper-ptb", "--corpus.path", "none.zip"], "none.zip"),
    "no preset": (["run"], "needs a preset"),
    "a probe": (["probe", "stats", "none"], "unknown kind of probe 'stats': did you mean 'states'?"),
    "no other seeds": (["seeds", "runs/a"], "needs the --others; see --help."),
    "no epochs": (["run", "demo", "--training.epochs", "0"], "epochs is 0"),
    "faults of several sections": (
        ["run", "demo", "--training.epochs", "0", "--gradients.delays", "0", "--gradients.blocks", "0", "--swap.sample", "0"],
        "4 problems with the settings: epochs is 0; give at least 1. Also: gradients.delays is 0; give at least 1. Also: ",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_sentence_and_status_2(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words, sentence = REFUSALS[case]
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.startswith("stategrad: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_the_version_and_the_presets_are_told(capsys):
    for words, sentence in ((["--version"], f"stategrad {__version__}\n"), (["run", "--help"], "Presets: csl2020, demo,")):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 0
        assert sentence in capsys.readouterr().out


def test_every_command_explains_itself(capsys):
    for words in ([], ["--help"], *([name, "--help"] for name in COMMANDS)):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 0
        said = capsys.readouterr().out
        assert "usage: stategrad" in said
        if not words:
            assert all(name in said for name in COMMANDS)


def test_parameters_of_one_name_share_the_librarys_default_and_help():
    seen: dict[str, tuple[object, str]] = {}
    own = {(function, "out") for function in (commands.validate, commands.compare, commands.sweep)}
    for function in COMMANDS.values():
        help_of = dict(
            line.strip().split(": ", 1) for line in (inspect.getdoc(function) or "").split("Args:")[1].splitlines() if ": " in line
        )
        for name, parameter in inspect.signature(function).parameters.items():
            if name in ("base", "folder") or (function, name) in own:
                continue
            both = (parameter.default, help_of[name])
            assert seen.setdefault(name, both) == both, f"{name} of {function.__name__}"
    fields = {field.name: field.type for field in dataclasses.fields(RunConfig)}
    for name, parameter in inspect.signature(commands.run).parameters.items():
        if name in fields and name not in ("preset", "model"):
            assert parameter.annotation == fields[name]


def test_a_preset_is_where_options_start_and_options_override_it(tmp_path, monkeypatch):
    taken = {}
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: taken.update(config=self.config, path=self.folder.path))
    main(["train", "synthetic", "--out", str(tmp_path / "x"), "--training.learning_rate", "0.5"])
    assert taken["path"] == tmp_path / "x"
    training = taken["config"].training
    assert (training.learning_rate, training.epochs, training.schedule) == (0.5, 4, "linear")
    assert taken["config"].network.hidden_size == 128


def test_where_a_corpus_cannot_be_had_the_fallback_runs_and_is_said(tmp_path, monkeypatch, capsys):
    taken = {}

    def load(config):
        if config.name == "brown":
            raise UnavailableError("the Brown corpus is nowhere to be had.")
        return object()

    monkeypatch.setattr(run_module, "load_corpus", load)
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: taken.update(config=self.config))
    monkeypatch.setattr(commands, "run_summary", lambda folder: "")
    main(["run", "demo", "--out", str(tmp_path / "x")])
    assert taken["config"].corpus.name == "synthetic"
    assert capsys.readouterr().err == "the Brown corpus is nowhere to be had. Preset synthetic runs instead.\n"


def test_stopping_a_run_is_no_traceback(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(SystemExit):
        main(["train", "synthetic", "--out", str(tmp_path / "x")])
    assert capsys.readouterr().err == "stategrad: interrupted; the same command goes on where it stopped.\n"


def test_a_full_disk_is_no_traceback(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run_module.Run, "execute", lambda self, *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(SystemExit):
        main(["train", "synthetic", "--out", str(tmp_path / "x")])
    assert capsys.readouterr().err == "stategrad: No space left on device.\n"


def test_a_corpus_is_shown(capsys):
    main(["corpus", "--name", "synthetic", "--tokens", "5000"])
    assert "synthetic/train" in capsys.readouterr().out


def test_import_stays_light():
    heavy = ["sklearn", "altair", "vl_convert", "jsonargparse", "gensim", "transformers", "dask"]
    code = f"import sys, stategrad; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    import stategrad

    assert [name for name in stategrad.__all__ if not hasattr(stategrad, name)] == []


def test_nothing_is_said_when_the_reader_of_the_output_stops(tmp_path):
    (tmp_path / "a.txt").write_text("the/DT cat/NN sat/VBD ./.\n" * 20)
    command = [sys.executable, "-m", "stategrad", "corpus", "--name", "treebank", "--path", str(tmp_path / "a.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
