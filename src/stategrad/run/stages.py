"""The stages of a run, each from files to files: train, gradients, analyze, probe, report."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.tags import classes_of
from stategrad.errors import InvalidInputError
from stategrad.gradients.provenance import LIBRARIES
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.models.checkpoints import load_model, save_model
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.perplexity import perplexity, unigram_perplexity
from stategrad.models.training import train
from stategrad.run import measures

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


_PARTS = {"train": "training", "valid": "validation", "test": "test"}


def train_model(run: Run, record: StageRecord) -> None:
    """A trained model with its vocabulary in `model/`, its epochs in `measures/training.csv`, and its perplexities."""
    corpus, config = run.corpus, run.config
    words = tuple(corpus.vocabulary.words)
    if config.model is None:
        sizes = {name: value for name, value in asdict(config.network).items() if name != "seed"}
        model = LanguageModel(ModelConfig(vocabulary_size=len(words), **sizes), seed=config.network.seed)
        checkpoint = run.folder.model_path.with_name("training.safetensors")
        history = train(
            model, corpus.train.streams, corpus.valid.streams, config.training,
            checkpoint_path=checkpoint, show_progress=run.show_progress,
        )  # fmt: skip
        frame = history.to_frame()
        record.outputs.append(run.folder.write_measures("training", frame))
        record.facts.update(
            epochs=config.training.epochs,
            training_minutes=round(float(frame["seconds"].sum()) / 60, 1),
            backpropagation_steps=config.training.steps,
            seeds=1,
        )
    else:
        model, given = load_model(config.model)
        _check_vocabulary(given, words, config.model)
        record.facts.update(epochs=None, training_minutes=None, backpropagation_steps=None, seeds=1)
    save_model(model, words, run.folder.model_path)
    record.outputs.extend([run.folder.model_path, run.folder.model_path.with_name("vocabulary.txt")])
    untrained = LanguageModel(model.config, seed=config.network.seed)
    train_ids = np.concatenate(corpus.train.streams)
    record.facts.update(
        cell=model.config.cell,
        embedding_size=model.config.embedding_size,
        hidden_size=model.config.hidden_size,
        layers=model.config.layers,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        perplexity_valid=perplexity(model, corpus.valid.streams, show_progress=run.show_progress),
        perplexity_test=perplexity(model, corpus.test.streams, show_progress=run.show_progress),
        perplexity_untrained=perplexity(untrained, corpus.valid.streams, show_progress=run.show_progress),
        perplexity_unigram=unigram_perplexity(train_ids, np.concatenate(corpus.valid.streams), len(words)),
    )


def _check_vocabulary(given: tuple[str, ...], expected: tuple[str, ...], path: str) -> None:
    if given == expected:
        return
    missing = set(expected) - set(given)
    if missing or len(given) != len(expected):
        raise InvalidInputError(
            f"the model at {path} knows {len(given)} words, the corpus has {len(expected)}, "
            f"of which the model misses {len(missing)}"
            f"{' (' + ', '.join(sorted(missing)[:3]) + ', …)' if missing else ''}; use the corpus that it was trained on."
        )
    first = next(i for i, (a, b) in enumerate(zip(given, expected, strict=True)) if a != b)
    raise InvalidInputError(
        f"the model at {path} has the corpus's words in another order: word {first} is '{given[first]}' there and "
        f"'{expected[first]}' in the corpus; give the vocabulary.txt that belongs to the model."
    )


def measure_gradients(run: Run, record: StageRecord) -> None:
    """The state gradients of every requested state, `gradients/*.nc`, from one pass over the text."""
    settings = run.config.gradients
    text: Corpus = getattr(run.corpus, settings.text)
    results = state_gradients(
        run.model,
        text,
        delays=settings.delays,
        state=list(settings.states),
        groups=measures.labelled_groups(text),
        blocks=settings.blocks,
        sample=settings.sample,
        precision=settings.precision,
        seed=settings.seed,
        show_progress=run.show_progress,
    )
    assert isinstance(results, dict)
    for (_, name), result in results.items():
        path = run.folder.gradients_path(name)
        result.save(path)
        record.outputs.append(path)
        record.facts.update(positions=int(result.count[0, 0]), population=int(result.population[0, 0]))
    corpus = run.corpus
    record.facts.update(
        {f"corpus_{name}": value for name, value in corpus.facts.items() if isinstance(value, int | float | str)},
        corpus=corpus.name,
        text=f"the {_PARTS[settings.text]} part of {corpus.name}, {len(text.streams)} document{'s' * (len(text.streams) != 1)}",
        tokens=text.size,
        streams=len(text.streams),
        vocabulary=len(corpus.vocabulary.words),
        state=settings.states[0],
        states=list(settings.states),
        blocks=settings.blocks,
        delays=settings.delays,
        precision=settings.precision,
        tag_rules=list(measures.rules_of(text)),
    )


def analyze(run: Run, record: StageRecord) -> None:
    """The measures as tidy tables: `measures/memory.csv`, `tracking.csv`, `classes.csv`."""
    settings = run.config.analysis
    results = {name: StateGradients.load(run.folder.gradients_path(name)) for name in run.config.gradients.states}
    embeddings = next(iter(results.values())).embeddings
    if embeddings is None:
        raise InvalidInputError("the gradients hold no embeddings; compute them again.")
    properties = measures.paper_properties(embeddings)
    tables = {
        "memory": measures.memory_table(results),
        "tracking": measures.tracking_table(results, properties, settings.directions, whitened=settings.whitened),
        "classes": measures.classes_table(results),
    }
    for name, frame in tables.items():
        record.outputs.append(run.folder.write_measures(name, frame))
    record.facts.update(measures.property_facts(properties), converged_perplexity=settings.converged_perplexity)


def probe(run: Run, record: StageRecord) -> None:
    """Linear separability of the classes on the embeddings, `measures/separability.csv`; nothing for a text without tags."""
    from stategrad.probes.separability import separability

    lexicon = run.corpus.lexicon
    if lexicon is None:
        run.say("probe: the corpus has no tags, so there are no classes to separate")
        return
    vectors = run.model.embedding.weight.detach().double().numpy()
    result = separability(
        vectors,
        lexicon.typed_pairs(run.corpus.vocabulary),
        lambda tag: classes_of(tag, lexicon.tag_set),
        config=run.config.probe,
        show_progress=run.show_progress,
    )
    record.outputs.append(run.folder.write_measures("separability", result.to_frame()))


def report(run: Run, record: StageRecord) -> None:
    """Figures, tables and the page."""
    from stategrad.report.page import write_report

    manifest = run.folder.manifest()
    versions = {name: version(name) for name in LIBRARIES if name != "stategrad"}
    about = {"preset": run.config.preset, "stategrad": version("stategrad"), "versions": versions}
    run.folder.write_manifest(manifest | about)
    record.outputs.append(write_report(run.folder.path))
    record.outputs.extend(run.folder.path / name for name in ("figures", "tables"))
