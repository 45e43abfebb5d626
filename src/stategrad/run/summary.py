"""What the terminal shows of a run and of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.lexicon import Rule
from stategrad.corpus.splits import Splits
from stategrad.corpus.tags import WORD_CLASSES, classes_of, listed
from stategrad.run.folder import RunFolder

_MOST_TAGS = 40


def run_summary(folder: RunFolder) -> str:
    """The main numbers of a run, and where its page lies."""
    facts = folder.manifest()["facts"]
    state = facts["state"]
    memory = folder.read_measures("memory")
    everything = memory[(memory["state"] == state) & (memory["group"] == "all")].set_index("delay")
    shown = [delay for delay in (0, 1, 2, 5, 10, 20, int(everything.index.max())) if delay in everything.index]
    lines = [
        "",
        f"{facts['text']}: {facts['positions']:,} of {facts['population']:,} positions, {state} state of "
        f"{'an LSTM' if facts['cell'] == 'lstm' else 'a ' + facts['cell'].upper()} with {facts['hidden_size']} units",
        f"perplexity (base e)  validation {facts['perplexity_valid']:.1f}, test {facts['perplexity_test']:.1f}; "
        f"word frequencies alone {facts['perplexity_unigram']:.0f}, untrained {facts['perplexity_untrained']:.0f}",
        *_embedding_line(facts),
        "",
        "delay τ          " + "".join(f"{delay:>9}" for delay in dict.fromkeys(shown)),
    ]
    for label, column in (("σ_1 of the mean", "sigma_1"), ("its noise floor", "sigma_1_floor"), ("rms", "rms"), ("swap", "swap")):
        lines.append(f"{label:<17}" + "".join(f"{everything[column][delay]:9.3g}" for delay in dict.fromkeys(shown)))
    classes = folder.read_measures("classes")
    if len(classes):
        lines += ["", "σ_1 at delay 0 by word class (share of their sum)"]
        for rule, part in classes[classes["state"] == state].groupby("rule", sort=False):
            listed = part.sort_values("sigma_1", ascending=False)
            names = ", ".join(f"{row.group} {row.sigma_1:.2f} ({row.normalised:.2f})" for row in listed.itertuples())
            lines.append(f"  by {'gold tags' if rule == 'gold' else f'word type, rule {rule}'}: {names}")
    return "\n".join([*lines, "", f"The page: {folder.path / 'report.html'}"])


def _embedding_line(facts: Mapping[str, Any]) -> list[str]:
    """Which vectors were given, where any were."""
    if facts.get("embeddings_source") is None:
        return []
    lacking = facts["embeddings_missing"]
    return [
        f"embeddings {facts['embeddings']} ({facts['embeddings_source']}), {lacking:,} word{'s' * (lacking != 1)} without a vector"
    ]


def corpus_summary(splits: Splits) -> str:
    """The parts of a corpus, its words, its tags, and how many tokens each class has."""
    lines = [f"{splits.name}: {len(splits.vocabulary.words):,} words in the vocabulary"]
    for part in (splits.train, splits.valid, splits.test):
        lines.append(f"  {part.name:<20}{part.size:>10,} tokens in {len(part.streams):,} streams")
    lines += [f"  {name}: {value}" for name, value in splits.facts.items()]
    lines += [line for rule in splits.valid.rules for line in _class_lines(splits.valid, rule)]
    return "\n".join(lines + _tag_lines(splits))


def _class_lines(corpus: Corpus, rule: Rule) -> list[str]:
    counts = {label: sum(int(mask.sum()) for mask in masks) for label, masks in corpus.groups(rule).items()}
    listed = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    return [f"  classes in {corpus.name} by rule {rule}: {listed}"]


def _tag_lines(splits: Splits) -> list[str]:
    """Which tags, with how many tokens, make each class, and which make none."""
    if splits.tag_set is None:
        return []
    counts: Counter[str] = Counter()
    if splits.train.tags is not None:
        for part in (splits.train, splits.valid, splits.test):
            counts.update(tag for tags in part.tags or () for tag in tags if tag is not None)
    elif splits.lexicon is not None:
        for tags in splits.lexicon.counts.values():
            counts.update(tags)
    members: dict[str, dict[str, int]] = {word_class: {} for word_class in (*WORD_CLASSES, "")}
    for tag, number in counts.most_common():
        for word_class in classes_of(tag, splits.tag_set) or ("",):
            members[word_class][tag] = number
    named = [(f"tags of {word_class}" if word_class else "tags in no class", tags) for word_class, tags in members.items()]
    return [f"  {name}: {listed(tags, _MOST_TAGS)}" for name, tags in named if tags]
