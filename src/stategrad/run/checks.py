"""Whether a run's settings fit its text and its model, found out before anything is written or trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stategrad.errors import ForeignOutputError, Problems, suggestion
from stategrad.run.channels import has_subspaces
from stategrad.run.contexts import check_context
from stategrad.run.embeddings import check_embeddings, is_pretrained
from stategrad.run.properties import check_properties, few_members
from stategrad.words.selection import positions_per_word, too_few

if TYPE_CHECKING:
    from stategrad.run.run import Run


def check_run(run: Run) -> None:
    """Refuse settings that would only fail in a later stage, all faults together.

    Raises:
        InvalidInputError: an unknown state; more delays, blocks, directions or training rows than there is text or embedding;
            a given model that knows other words than the corpus; pre-trained vectors that do not fit.
        MissingInputError: no file of vectors, or one that is truncated or in another format.
        UnavailableError: vectors that only gensim can make, which is not installed.
    """
    problems = Problems("the settings")
    settings, architecture = run.config.gradients, run.architecture
    for state in run.states:
        if state not in architecture.states:
            problems.add(f"unknown state '{state}' in gradients.states: {suggestion(state, architecture.states)}")
    text = run.text
    longest = max(len(stream) for stream in text.streams)
    if settings.delays > longest:
        problems.add(f"gradients.delays is {settings.delays}; the longest document of {text.name} has {longest} words")
    if settings.blocks > text.size:
        problems.add(f"gradients.blocks is {settings.blocks}; {text.name} has {text.size} words")
    _check_words(problems, run)
    if not run.swap_kinds:
        problems.add(f"swap.kinds asks for 'same class' alone and {text.name} has no tags; add 'unigram'")
    most = max(run.config.analysis.directions)
    directions = min(architecture.embedding_size, architecture.hidden_size)
    if most > directions and has_subspaces(architecture.embedding_size):
        problems.add(f"analysis.directions holds {most}; the gradients have {directions} directions")
    if run.config.push.modes > directions:
        problems.add(f"push.modes is {run.config.push.modes}; the gradients have {directions} directions")
    own = run.config.analysis.properties
    check_properties(problems, own, text)
    check_context(problems, settings.at, text)
    if run.config.model is None:
        rows, size = run.config.training.batch_size, run.corpus.train.size
        if size < 2 * rows:
            problems.add(f"training.batch_size is {rows}; {run.corpus.train.name} has {size} words, fewer than 2 for each")
        if is_pretrained(run):
            check_embeddings(problems, run)
    else:
        for name in ("file", "corpus"):
            given = getattr(run.config.embeddings, name)
            if given is not None:
                problems.add(f"embeddings.{name} is {given} and a trained model is given, which brings its own; leave one out")
        _check_vocabulary(problems, run.given_model[1], tuple(run.corpus.vocabulary.words), run.config.model)
    problems.raise_if_any()
    for sentence in few_members(own, text):
        run.say(f"analyze: {sentence}")


def check_folder(run: Run) -> None:
    """Refuse a folder whose model was trained on other texts or vectors than lie at the same paths now.

    Raises:
        ForeignOutputError: such a folder.
        InvalidInputError: a manifest that cannot be read.
    """
    if not run.folder.config_path.is_file():
        return
    facts = run.folder.manifest()["facts"]
    now = {"training_sha256": run.training_sha256} | ({"embeddings_sha256": run.embeddings_sha256} if is_pretrained(run) else {})
    for name, what in (("training_sha256", "texts"), ("embeddings_sha256", "word vectors")):
        if run.config.model is None and facts.get(name) is not None and now.get(name) != facts[name]:
            raise ForeignOutputError(other_inputs(run, what))


def other_inputs(run: Run, what: str) -> str:
    """The sentence about a folder whose model read something else than lies at the same path now."""
    return (
        f"the model in {run.folder.path} was trained on other {what} than are there now; give another --out, or delete that folder."
    )


def _check_words(problems: Problems, run: Run) -> None:
    """Whether there are words that can be measured on their own."""
    settings, text = run.config.words, run.text
    if not settings.enabled:
        return
    farthest, longest = max(settings.delays), max(len(stream) for stream in text.streams)
    if farthest >= longest:
        problems.add(f"words.delays go to {farthest}; the longest document of {text.name} has {longest} words")
    elif positions_per_word(text, farthest)[1].max() < settings.minimum:
        problems.add(f"{too_few(text, settings.minimum, farthest)}; lower words.minimum, or set words.enabled to false")


def _check_vocabulary(problems: Problems, given: tuple[str, ...], expected: tuple[str, ...], path: str) -> None:
    if given == expected:
        return
    missing = set(expected) - set(given)
    if missing or len(given) != len(expected):
        problems.add(
            f"the model at {path} knows {len(given):,} words, the corpus has {len(expected):,}, "
            f"of which the model misses {len(missing):,}"
            f"{' (' + ', '.join(sorted(missing)[:3]) + ', …)' if missing else ''}; use the corpus that it was trained on"
        )
        return
    first = next(i for i, (a, b) in enumerate(zip(given, expected, strict=True)) if a != b)
    problems.add(
        f"the model at {path} has the corpus's words in another order: word {first} is '{given[first]}' there and "
        f"'{expected[first]}' in the corpus; give the vocabulary.txt that belongs to the model"
    )
