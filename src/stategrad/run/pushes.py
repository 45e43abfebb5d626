"""The stage that pushes the words of a run's text along directions, and holds the effects against the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.gradients.result import StateGradients
from stategrad.run.contexts import steps_of
from stategrad.run.measures import paper_properties, split_labels
from stategrad.swaps.pushes import push_states

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


def push(run: Run, record: StageRecord) -> None:
    """Effects of pushes along the leading `v_i` and the properties of every state, `measures/pushes.csv`, on all words together."""
    settings, frames = run.config.push, []
    for state in run.states:
        gradients = StateGradients.load(run.folder.gradients_path(state)).sel(group="all")
        properties = {} if gradients.embeddings is None else paper_properties(gradients.embeddings)
        if not properties and not settings.modes:
            run.say("push: there is no property and no mode to push along")
            return
        result = push_states(
            run.model,
            run.text,
            properties,
            gradients=gradients,
            modes=settings.modes,
            delays=[delay for delay in settings.delays if delay in gradients.delays],
            sizes=settings.sizes,
            state=state,
            groups={},
            at=steps_of(run.text, run.config.gradients.at),
            blocks=run.config.gradients.blocks,
            sample=settings.sample,
            seed=settings.seed,
            show_progress=run.show_progress,
        )
        frames.append(result.to_dataframe().assign(state=state))
        record.facts.update(push_unit=round(result.unit, 4))
    record.outputs.append(run.folder.write_measures("pushes", split_labels(pd.concat(frames))))
