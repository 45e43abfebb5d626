"""The stages of a run, each from files to files, in the order of their functions; that of single words is in words.py."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stategrad.corpus.tags import classes_of
from stategrad.errors import ForeignOutputError, InvalidInputError
from stategrad.gradients.provenance import LIBRARIES
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.gradients.state_statistics import describe_states
from stategrad.models.checkpoints import save_model
from stategrad.models.embeddings import embeddings_of
from stategrad.models.perplexity import perplexity, unigram_perplexity
from stategrad.models.pretrained import untrained
from stategrad.models.training import train
from stategrad.probes.state_examples import decoding_rule
from stategrad.probes.state_probes import probe_states
from stategrad.run import measures
from stategrad.run.channels import channels_table
from stategrad.run.checks import other_inputs
from stategrad.run.contexts import facts_of, steps_of
from stategrad.run.controls import control_curves, equal_classes
from stategrad.run.convention import in_convention, is_whitened, marked
from stategrad.run.embeddings import embedding_facts, initial_model
from stategrad.run.properties import own_properties
from stategrad.run.sampling import sampling_table
from stategrad.run.type_rules import load_type_rules, measure_type_rules
from stategrad.swaps.swap_memory import swap_memory

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


_PARTS = {"train": "training", "valid": "validation", "test": "test"}


def train_model(run: Run, record: StageRecord) -> None:
    """A trained model with its vocabulary in `model/`, its epochs in `measures/training.csv`, and its perplexities."""
    corpus, config = run.corpus, run.config
    words = tuple(corpus.vocabulary.words)
    if config.model is None:
        model = initial_model(run, record)
        checkpoint = run.folder.model_path.with_name("training.safetensors")
        try:
            history = train(
                model, corpus.train.streams, corpus.valid.streams, config.training,
                checkpoint_path=checkpoint, show_progress=run.show_progress,
            )  # fmt: skip
        except ForeignOutputError as error:
            raise ForeignOutputError(other_inputs(run, "texts, word vectors or settings")) from error
        frame = history.to_frame()
        record.outputs.append(run.folder.write_measures("training", frame))
        record.facts.update(
            epochs=config.training.epochs,
            training_minutes=round(float(frame["seconds"].sum()) / 60, 1),
            training_sha256=run.training_sha256,
            backpropagation_steps=config.training.steps,
            seeds=1,
        )
        perplexity_valid = history.epochs[-1].valid_perplexity
    else:
        model, _ = run.given_model
        record.facts.update(epochs=None, training_minutes=None, backpropagation_steps=None, seeds=1)
        perplexity_valid = perplexity(model, corpus.valid.streams, show_progress=run.show_progress)
    save_model(model, words, run.folder.model_path)
    record.outputs.extend([run.folder.model_path, run.folder.model_path.with_name("vocabulary.txt")])
    fresh = untrained(model, config.network.seed)
    train_ids = np.concatenate(corpus.train.streams)
    record.facts.update(
        embedding_facts(run, model),
        cell=model.config.cell,
        embedding_size=model.config.embedding_size,
        hidden_size=model.config.hidden_size,
        layers=model.config.layers,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        perplexity_valid=perplexity_valid,
        perplexity_test=perplexity(model, corpus.test.streams, show_progress=run.show_progress),
        perplexity_untrained=perplexity(fresh, corpus.valid.streams, show_progress=run.show_progress),
        perplexity_unigram=unigram_perplexity(train_ids, np.concatenate(corpus.valid.streams), len(words)),
    )


def measure_gradients(run: Run, record: StageRecord) -> None:
    """The state gradients of every requested state, `gradients/*.nc`, from one pass over the text."""
    settings, text = run.config.gradients, run.text
    # rounds of positions are short and keep no checkpoint
    sums = None if settings.sample == "auto" else run.folder.sums_path(record.fingerprint)
    results = state_gradients(
        run.model,
        text,
        delays=settings.delays,
        state=list(run.states),
        groups=measures.labelled_groups(text),
        at=steps_of(text, settings.at),
        blocks=settings.blocks,
        sample=settings.sample,
        tolerance=settings.tolerance,
        precision=settings.precision,
        seed=settings.seed,
        embeddings=embeddings_of(run.model, text, counted_in=run.corpus.train),
        show_progress=run.show_progress,
        execution=Execution(workers=settings.workers, checkpoint_path=sums),
    )
    assert isinstance(results, dict)
    for (_, name), result in results.items():
        assert isinstance(result, StateGradients)
        path = run.folder.gradients_path(name)
        result.save(path)
        record.outputs.append(path)
        record.facts.update(positions=int(result.count[0, 0]), population=int(result.population[0, 0]))
    measure_type_rules(run, record)
    corpus = run.corpus
    record.facts.update(
        {f"corpus_{name}": value for name, value in corpus.facts.items() if isinstance(value, int | float | str)},
        corpus=corpus.name,
        text=f"the {_PARTS[settings.text]} part of {corpus.name}, {len(text.streams)} document{'s' * (len(text.streams) != 1)}",
        tokens=text.size,
        streams=len(text.streams),
        vocabulary=len(corpus.vocabulary.words),
        state=run.states[0],
        states=list(run.states),
        blocks=settings.blocks,
        delays=settings.delays,
        precision=settings.precision,
        tag_rules=list(measures.rules_of(text)),
        **facts_of(run),
    )


def swap(run: Run, record: StageRecord) -> None:
    """Swap memory of every state and kind, `measures/swaps.csv`; of the first kind also horizons, decay laws and validities."""
    settings, text, kinds = run.config.swap, run.text, run.swap_kinds
    if len(kinds) < len(settings.kinds):
        run.say("swap: the corpus has no tags, so no word has others of its class")
    frames, horizons, laws = [], [], []
    for kind in kinds:
        for state in run.states:
            result = swap_memory(
                run.model,
                text,
                delays=run.config.gradients.delays,
                state=state,
                swaps=kind,
                groups=measures.labelled_groups(text),
                at=steps_of(text, run.config.gradients.at),
                blocks=run.config.gradients.blocks,
                sample=settings.sample,
                gradients=StateGradients.load(run.folder.gradients_path(state)) if kind == kinds[0] else None,
                divergence=settings.divergence and kind == kinds[0] and state == run.states[0],
                seed=settings.seed,
                show_progress=run.show_progress,
            )
            frames.append(result.to_dataframe().assign(state=state, kind=kind))
            if kind == kinds[0]:
                horizons.append(result.horizon().assign(state=state))
                laws.append(result.decay_laws().assign(state=state))
    for name, parts in (("swaps", frames), ("swap_horizons", horizons), ("swap_decay", laws)):
        record.outputs.append(run.folder.write_measures(name, measures.split_labels(pd.concat(parts))))


def control(run: Run, record: StageRecord) -> None:
    """What the curves are held against, `measures/controls.csv`, `equal.csv`, and what sampling adds to them, `sampling.csv`."""
    record.outputs.append(run.folder.write_measures("controls", control_curves(run)))
    record.outputs.append(run.folder.write_measures("equal", marked(run.config, equal_classes(run))))
    record.outputs.append(run.folder.write_measures("sampling", sampling_table(run)))


def analyze(run: Run, record: StageRecord) -> None:
    """The measures as tidy tables: `measures/memory.csv`, tracking, classes, comparisons, horizon, decay, units, and so on."""
    settings = run.config.analysis
    results = {name: StateGradients.load(run.folder.gradients_path(name)) for name in run.states}
    by_type = load_type_rules(run)
    embeddings = next(iter(results.values())).embeddings
    if embeddings is None:
        raise InvalidInputError("the gradients hold no embeddings; compute them again.")
    own = settings.properties
    properties = measures.paper_properties(embeddings) | own_properties(own, embeddings, run.corpus.lexicon)
    measured = {name: in_convention(run.config, result) for name, result in results.items()}
    by_type = {name: in_convention(run.config, result) for name, result in by_type.items()}
    whitened: dict[str, StateGradients] = measured if is_whitened(run.config) else {}
    not_whitened = None
    if settings.whitened and not whitened:
        try:
            whitened = {name: result.whiten() for name, result in results.items()}
        except InvalidInputError as error:
            not_whitened = str(error)
            run.say(f"analyze: the whitened measures are left out: {not_whitened}")
    swaps = run.folder.read_measures("swaps")
    memory = measures.with_swaps(measures.memory_table(measured), swaps[swaps["kind"] == run.swap_kinds[0]])
    memory = measures.with_controls(memory, run.folder.read_measures("controls"))
    tables = {
        "memory": marked(run.config, memory),
        "tracking": measures.tracking_table(results, whitened, properties, settings.directions),
        "classes": marked(
            run.config,
            measures.with_type_rules(measures.classes_table(memory, measures.shares_table(measured)), by_type),
        ),
        "comparisons": marked(run.config, pd.concat([measures.comparisons_table(one) for one in (measured, by_type) if one])),
        "horizon": marked(run.config, measures.horizon_table(measured, run.folder.read_measures("swap_horizons"))),
        "channels": channels_table(results),
        "decay": marked(run.config, measures.decay_table(measured, run.folder.read_measures("swap_decay"))),
        "units": measures.units_table(measured, {name: describe_states(run.model, run.text, state=name) for name in run.states}),
    }
    try:
        tables["directions"] = measures.directions_table(results, whitened)
    except InvalidInputError as error:
        run.say(f"analyze: the directions are not named: {error}")
        tables["directions"] = pd.DataFrame(columns=measures.DIRECTIONS)
    for name, frame in tables.items():
        record.outputs.append(run.folder.write_measures(name, frame))
    record.facts.update(
        measures.property_facts(properties, embeddings, own),
        converged_perplexity=settings.converged_perplexity,
        not_whitened=not_whitened,
        convention=settings.convention,
    )


def probe(run: Run, record: StageRecord) -> None:
    """Linear separability of the classes on the embeddings, `measures/separability.csv`, `tags.csv`; nothing without tags.

    Where cbow vectors are asked for, that on these too, `measures/separability_cbow.csv`.
    """
    from stategrad.probes.separability import separability
    from stategrad.probes.tag_types import tag_types
    from stategrad.run.embeddings import cbow_of_text

    lexicon = run.corpus.lexicon
    if lexicon is None:
        run.say("probe: the corpus has no tags, so there are no classes to separate")
        return
    searched = {"separability": run.model.embedding.weight.detach().double().numpy()}
    cbow = cbow_of_text(run, record) if run.config.probe.cbow else None
    if cbow is None:
        run.folder.measures_path("separability_cbow").unlink(missing_ok=True)
    else:
        searched["separability_cbow"] = cbow
    pairs = lexicon.typed_pairs(run.corpus.vocabulary)
    most = lexicon.typed_pairs(run.corpus.vocabulary, "most") if "most" in lexicon.rules else None
    for table, vectors in searched.items():
        result = separability(
            vectors,
            pairs,
            lambda tag: classes_of(tag, lexicon.tag_set),
            most=most,
            config=run.config.probe,
            show_progress=run.show_progress,
        )
        record.outputs.append(run.folder.write_measures(table, result.to_frame()))
    tags = tag_types(pairs, most, lambda tag: classes_of(tag, lexicon.tag_set))
    record.outputs.append(run.folder.write_measures("tags", tags))


def decode(run: Run, record: StageRecord) -> None:
    """What linear probes read from every state, `measures/decoding.csv`; nothing for a text without tags."""
    settings, text = run.config.decoding, run.text
    if not text.rules:
        run.say("decode: the corpus has no tags, so there are no classes to read from the states")
        return
    longest = max(len(stream) for stream in text.streams)
    frames = []
    for state in run.states:
        probes = probe_states(
            run.model,
            text,
            delays=[delay for delay in settings.delays if delay < longest],
            state=state,
            sample=settings.sample,
            seeds=settings.seeds,
            C=settings.C,
            seed=settings.seed,
            show_progress=run.show_progress,
        )
        frames.append(probes.to_dataframe().assign(state=state))
    record.outputs.append(run.folder.write_measures("decoding", pd.concat(frames)))
    record.facts.update(decoding_steps=settings.sample, decoding_seeds=settings.seeds, decoding_rule=decoding_rule(text))


def report(run: Run, record: StageRecord) -> None:
    """Figures, tables and the page."""
    from stategrad.report.page import write_report

    manifest = run.folder.manifest()
    versions = {name: version(name) for name in LIBRARIES if name != "stategrad"}
    about = {"preset": run.config.preset, "stategrad": version("stategrad"), "versions": versions}
    run.folder.write_manifest(manifest | about)
    record.outputs.extend(write_report(run.folder.path))
