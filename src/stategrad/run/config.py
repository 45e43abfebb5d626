"""What a run is made of: one frozen settings class, read from presets and written beside the results."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from stategrad.corpus.sources import CorpusConfig
from stategrad.corpus.tags import WORD_CLASSES
from stategrad.errors import Problems, suggestion
from stategrad.models.embedding_settings import EmbeddingsConfig
from stategrad.models.language_model import Architecture, LanguageModel, ModelConfig
from stategrad.models.training import TrainingConfig
from stategrad.probes.grid import ProbeConfig
from stategrad.run.properties import Side, check_sides
from stategrad.words.sentence_memory import SHORTEST


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Architecture):
    """The language model's sizes and initial weights; its vocabulary comes from the corpus.

    Attributes:
        seed: of the initial weights.
    """

    seed: int = 0

    def model(self, vocabulary_size: int) -> LanguageModel:
        """The untrained model for a vocabulary."""
        sizes = {field.name: getattr(self, field.name) for field in dataclasses.fields(Architecture)}
        return LanguageModel(ModelConfig(vocabulary_size=vocabulary_size, **sizes), seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class GradientsConfig:
    """What is measured, and on which part of the text.

    Attributes:
        text: the part of the corpus whose words are followed: `train`, `valid` (as the paper) or `test`.
        delays: how many delays, 0, 1, … (the paper has 30).
        states: names of the last layer's states; the first is the one that the page opens with. None named: all that it has.
        blocks: into how many blocks the text is cut for estimates of error.
        sample: this many positions, drawn at random; `auto` draws until more would no longer narrow the intervals; None for all.
        tolerance: with `auto` the half-width, relative to `σ_1`, that sampling may leave.
        precision: of the gradients; sums are always float64. `bfloat16` is of products, on processors with matrix units for it.
        workers: processes of one thread each that share the positions.
        seed: of the draw of a sample.
        at: a word class, such as `verbs`: states are read only where the current word is of it, by gold tags where tokens have
            them, else in any class that a word can have; of a sample as many positions remain as are followed by one. None for all.
    """

    text: Literal["train", "valid", "test"] = "valid"
    delays: int = 30
    states: tuple[str, ...] = ()
    blocks: int = 10
    sample: int | Literal["auto"] | None = None
    tolerance: float = 0.05
    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    workers: int = 1
    seed: int = 0
    at: str | None = None

    def __post_init__(self) -> None:
        problems = Problems("gradients")
        if self.at is not None and self.at not in WORD_CLASSES:
            problems.add(f"unknown word class '{self.at}' in gradients.at: {suggestion(self.at, WORD_CLASSES)}")
        for name in ("delays", "blocks", "sample", "workers"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 1:
                problems.add(f"gradients.{name} is {value}; give at least 1")
        if not 0 < self.tolerance < 1:
            problems.add(f"gradients.tolerance is {self.tolerance}; give a part of σ_1 between 0 and 1")
        if self.seed < 0:
            problems.add(f"gradients.seed is {self.seed}; give 0 or more")
        if len(set(self.states)) < len(self.states):
            problems.add(f"gradients.states names a state twice: {', '.join(self.states)}")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class SwapConfig:
    """How swap memory is measured: words are replaced, and the states that follow compared.

    Attributes:
        kinds: what takes a word's place: `unigram` (a word drawn by frequency), `same class`, `mean` (the mean embedding). The
            first is drawn beside the other measures; a text without tags has no classes.
        sample: how many words are replaced, drawn at random; None for all.
        divergence: also measure how far the swaps of the first kind move the distribution of the next word.
        pairs: how many nouns are replaced by their own plural or singular, drawn at random; 0 for none.
        seed: of the draws.
    """

    kinds: tuple[Literal["unigram", "same class", "mean"], ...] = ("unigram", "same class", "mean")
    sample: int | None = 10_000
    divergence: bool = True
    pairs: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("swap")
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            problems.add(f"swap.kinds is {self.kinds}; give each kind once, and at least one")
        if self.sample is not None and self.sample < 1:
            problems.add(f"swap.sample is {self.sample}; give at least 1")
        if self.pairs < 0:
            problems.add(f"swap.pairs is {self.pairs}; give 0 or more")
        if self.seed < 0:
            problems.add(f"swap.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class PushConfig:
    """How pushes along directions are measured: words are moved a little or a lot, and the effects held against the gradients.

    Attributes:
        modes: how many leading directions `v_i` of the mean gradient are pushed along, beside the properties.
        delays: at which; those that the gradients have.
        sizes: of the pushes, in typical word swaps; each with both signs.
        sample: how many words are pushed, drawn at random; None for all.
        seed: of the draws.
    """

    modes: int = 1
    delays: tuple[int, ...] = (0, 1, 2, 5, 10)
    sizes: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5, 1.0)
    sample: int | None = 500
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("push")
        if self.modes < 0:
            problems.add(f"push.modes is {self.modes}; give 0 or more")
        if 0 not in self.delays or min(self.delays) < 0 or len(set(self.delays)) < len(self.delays):
            problems.add(f"push.delays is {self.delays}; give each once, 0 among them")
        if not self.sizes or min(self.sizes) <= 0 or len(set(self.sizes)) < len(self.sizes):
            problems.add(f"push.sizes is {self.sizes}; give each once, above 0")
        if self.sample is not None and self.sample < 1:
            problems.add(f"push.sample is {self.sample}; give at least 1")
        if self.seed < 0:
            problems.add(f"push.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class ControlsConfig:
    """What the curves are held against.

    Attributes:
        kinds: `untrained` (the same model before training), `shuffled` (the words of the text in a random order), `boundaries`
            (within sentences, and across their ends), `equal counts` (the word classes at delay 0 from equally many positions).
        sample: positions that each control uses, and at most so many per class.
        seed: of the draws.
    """

    kinds: tuple[Literal["untrained", "shuffled", "boundaries", "equal counts"], ...] = (
        "untrained",
        "shuffled",
        "boundaries",
        "equal counts",
    )
    sample: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("controls")
        if len(set(self.kinds)) < len(self.kinds):
            problems.add(f"controls.kinds names a kind twice: {', '.join(self.kinds)}")
        if self.sample < 1:
            problems.add(f"controls.sample is {self.sample}; give at least 1")
        if self.seed < 0:
            problems.add(f"controls.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class DecodingConfig:
    """What is read from the states by linear probes: the class of the word some delays earlier.

    Attributes:
        delays: which.
        sample: steps whose state is read, drawn at random for each seed.
        seeds: repetitions, each with other steps, another split of the words and another untrained model.
        C: inverse strength of the penalty.
        seed: of the first repetition.
    """

    delays: tuple[int, ...] = (0, 1, 2, 5, 10, 20)
    sample: int = 5000
    seeds: int = 5
    C: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("decoding")
        for name in ("sample", "seeds"):
            if getattr(self, name) < 1:
                problems.add(f"decoding.{name} is {getattr(self, name)}; give at least 1")
        if not self.delays or min(self.delays) < 0 or len(set(self.delays)) < len(self.delays):
            problems.add(f"decoding.delays is {self.delays}; give each once, from 0 upwards")
        if self.C <= 0:
            problems.add(f"decoding.C is {self.C}; give a number above 0")
        if self.seed < 0:
            problems.add(f"decoding.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class AnalysisConfig:
    """Which measures are taken from the gradients.

    Attributes:
        directions: n, how many of the best-remembered directions a property is compared with; the paper has 5.
        properties: of your own, beside the two of the paper: by name two sides, each a list of words, a word class, a tag, or
            several tags with spaces between them, such as `{tense: [[walked, went], [walk, go]], number: [VBZ, VBP]}`.
        whitened: take the measures in whitened embedding space too, the convention of the 2020 follow-up.
        convention: the units of every measure: `paper2018`, of the model's own embeddings, or `csl2020`, whitened; properties and
            directions are there in both.
        converged_perplexity: what a fully trained model of this size reaches on the held-out text; the page calls a model
            young that is far from it. None where it is not known.
    """

    directions: tuple[int, ...] = (1, 5)
    properties: dict[str, list[Side]] = field(default_factory=dict)
    whitened: bool = True
    convention: Literal["paper2018", "csl2020"] = "paper2018"
    converged_perplexity: float | None = None

    def __post_init__(self) -> None:
        problems = Problems("analysis")
        if not self.directions or min(self.directions) < 1:
            problems.add(f"analysis.directions is {self.directions}; give numbers from 1 upwards")
        if len(set(self.directions)) < len(self.directions):
            problems.add(f"analysis.directions is {self.directions}; give each number once")
        check_sides(problems, self.properties)
        if self.convention == "csl2020" and not self.whitened:
            problems.add("analysis.convention is csl2020 and analysis.whitened false; leave one of them as it is by default")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class WordsConfig:
    """How every word is measured on its own, against its frequency.

    Attributes:
        enabled: whether it is.
        minimum: positions that a word must have, and that are drawn of each at equal counts.
        most: positions that are used of a word.
        words: this many, at even steps of the ranks of frequency; None for all.
        delays: at which.
        draws: groups of any words of each size, for comparison.
        seed: of the draws.
    """

    enabled: bool = False
    minimum: int = 20
    most: int = 100
    words: int | None = None
    delays: tuple[int, ...] = (0, 1, 2, 5, 10)
    draws: int = 40
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("words")
        for name, value in (("minimum", self.minimum), ("words", self.words), ("draws", self.draws)):
            if value is not None and value < 1:
                problems.add(f"words.{name} is {value}; give at least 1")
        if self.most < self.minimum:
            problems.add(f"words.most is {self.most} and words.minimum {self.minimum}; give at least as many")
        if not self.delays or min(self.delays) < 0 or len(set(self.delays)) < len(self.delays):
            problems.add(f"words.delays is {self.delays}; give each delay once, from 0 upwards")
        if self.seed < 0:
            problems.add(f"words.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class SentencesConfig:
    """Which sentences are followed word by word.

    Attributes:
        count: how many, drawn at random; 0 for none.
        longest: words of a sentence, its end among them.
        seed: of the draw.
    """

    count: int = 3
    longest: int = 25
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("sentences")
        for name, least in (("count", 0), ("longest", SHORTEST), ("seed", 0)):
            if getattr(self, name) < least:
                problems.add(f"sentences.{name} is {getattr(self, name)}; give {least} or more")
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """All settings of a run.

    Attributes:
        preset: the preset it started from.
        corpus: the text.
        network: the language model.
        embeddings: where its embeddings come from.
        training: how it is trained.
        gradients: what is measured, and where.
        swap: how swap memory is measured.
        push: how pushes along directions are measured.
        controls: what the curves are held against.
        analysis: which measures are taken.
        probe: how linear separability is searched.
        decoding: what is read from the states.
        words: how every word is measured on its own.
        sentences: which are followed word by word.
        model: a trained model, X.safetensors with vocabulary.txt beside it, in place of training.
        fallback: the preset to run where this one's corpus cannot be had.
    """

    preset: str
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    embeddings: EmbeddingsConfig = field(default_factory=EmbeddingsConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    gradients: GradientsConfig = field(default_factory=GradientsConfig)
    swap: SwapConfig = field(default_factory=SwapConfig)
    push: PushConfig = field(default_factory=PushConfig)
    controls: ControlsConfig = field(default_factory=ControlsConfig)
    analysis: AnalysisConfig = field(default_factory=AnalysisConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    words: WordsConfig = field(default_factory=WordsConfig)
    sentences: SentencesConfig = field(default_factory=SentencesConfig)
    model: str | None = None
    fallback: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, as they are written to `config.yaml`; tuples become lists."""
        return _plain(dataclasses.asdict(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
