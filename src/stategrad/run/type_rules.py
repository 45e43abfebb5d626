"""Word classes by word type beside those by gold tags: the paper's table 1 under every rule that a text allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stategrad.corpus.lexicon import TYPE_RULES
from stategrad.corpus.tags import CLASSES
from stategrad.gradients.request import Execution
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.run.measures import label_of

if TYPE_CHECKING:
    from stategrad.corpus.corpus import Corpus
    from stategrad.corpus.lexicon import Rule
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


def other_rules(text: Corpus) -> tuple[Rule, ...]:
    """The rules by word type where the main analysis has groups by gold tags; none elsewhere: its groups are by word type."""
    return tuple(rule for rule in text.rules if rule in TYPE_RULES) if "gold" in text.rules else ()


def measure_type_rules(run: Run, record: StageRecord) -> None:
    """The state gradients at delay 0 of the classes by word type, `gradients/types-*.nc`.

    Nothing for a text without gold tags, nor where states are read at one class of words, which at delay 0 leaves no other.
    """
    settings, text = run.config.gradients, run.text
    if settings.at is not None:
        return
    groups = {
        label_of(name, rule): masks
        for rule in other_rules(text)
        for name, masks in text.groups(rule).items()
        if name in CLASSES and any(mask.any() for mask in masks)
    }
    if not groups:
        return
    results = state_gradients(
        run.model,
        text,
        delays=1,
        state=list(run.states),
        groups=groups,
        blocks=settings.blocks,
        sample=settings.sample,
        tolerance=settings.tolerance,
        precision=settings.precision,
        seed=settings.seed,
        show_progress=run.show_progress,
        execution=Execution(workers=settings.workers),
    )
    assert isinstance(results, dict)
    for (_, name), result in results.items():
        assert isinstance(result, StateGradients)
        path = run.folder.gradients_path(f"types-{name}")
        result.save(path)
        record.outputs.append(path)


def load_type_rules(run: Run) -> dict[str, StateGradients]:
    """What `measure_type_rules` wrote, by state; empty where it had nothing to measure."""
    if run.config.gradients.at is not None or not other_rules(run.text):
        return {}
    paths = {name: run.folder.gradients_path(f"types-{name}") for name in run.states}
    return {name: StateGradients.load(path) for name, path in paths.items() if path.is_file()}
