"""Names of directions: planted ones are read off their words, and frequency is not mistaken for a class."""

import numpy as np
import pytest
import torch

import stategrad as sg
from planted import result_of_blocks

WORDS, E, H, BLOCKS = 200, 6, 9, 10
CLASSES = {"nouns": tuple(range(60)), "verbs": tuple(range(60, 130)), "two": (5, 6)}


def embeddings_of(*, frequencies=True, seed=0):
    """Nouns lie along the first axis, log frequency along the second, the rest is noise."""
    generator = np.random.default_rng(seed)
    counts = np.round(np.exp(generator.uniform(1.7, 8, WORDS)))
    vectors = 0.1 * generator.standard_normal((WORDS, E))
    vectors[:60, 0] += 2
    vectors[:, 1] += np.log(counts)
    words = ("<unk>", *(f"w{number}" for number in range(1, WORDS)))
    vectors[0] = 100  # it would be at every end
    return sg.Embeddings(vectors, words, CLASSES, counts if frequencies else None)


def result_with(axes, *, noise=0.02, seed=0, embeddings=None, delays=None):
    """Directions along axes of embedding space, the first remembered best, at two delays."""
    matrix = np.zeros((H, E))
    for mode, axis in enumerate(axes):
        matrix[mode, axis] = 3 - mode
    means = matrix + noise * np.random.default_rng(seed).standard_normal((1, BLOCKS, 2, H, E))
    return result_of_blocks(means, delays=delays, embeddings=embeddings_of() if embeddings is None else embeddings)


def test_planted_directions_have_the_words_and_the_correlates_of_their_axes():
    table = result_with([0, 1]).name_directions(3, 4).set_index(["delay", "mode"])
    assert len(table) == 6
    nouns, frequency, nothing = (table.loc[(0, mode)] for mode in (1, 2, 3))
    assert nouns["named"]
    assert nouns["class"] == "nouns"
    assert abs(nouns["class_correlation"]) > 0.95
    # the sign is that of log frequency, so that nouns may be at either end
    end = "positive" if nouns["class_correlation"] > 0 else "negative"
    assert {int(word[1:]) for word in nouns[end].split()} <= set(range(60))
    assert frequency["log_frequency"] > 0.95
    counts = embeddings_of().frequencies
    assert np.argmax(counts[1:]) + 1 in [int(word[1:]) for word in frequency["positive"].split()]
    assert not nothing["named"]
    assert nothing["positive"] == nothing["negative"] == ""
    assert table["sigma_share"].between(0, 1).all()
    assert (table["log_frequency"] >= 0).all()
    assert not table["positive"].str.contains("unk").any()


def test_a_class_of_frequent_words_is_told_from_frequency():
    generator = np.random.default_rng(4)
    counts = np.round(np.exp(generator.uniform(2, 8, WORDS)))
    frequent = tuple(np.flatnonzero(counts > np.median(counts)).tolist())
    vectors = 0.1 * generator.standard_normal((WORDS, E))
    vectors[:, 1] += np.log(counts)
    words = tuple(f"w{number}" for number in range(WORDS))
    embeddings = sg.Embeddings(vectors, words, {"frequent": frequent}, counts)
    row = result_with([1], embeddings=embeddings).name_directions(1).iloc[0]
    assert row["correlation frequent"] > 0.8
    assert abs(row["partial frequent"]) < 0.25
    # the residuals of one regression are those of numpy's own least squares
    projected = vectors @ np.linalg.svd(result_with([1], embeddings=embeddings).mean.values[0, 0])[2][0]
    design = np.column_stack([np.ones(WORDS), np.log(counts)])
    rests = [y - design @ np.linalg.lstsq(design, y, rcond=None)[0] for y in (projected, np.isin(np.arange(WORDS), frequent) * 1.0)]
    assert abs(row["partial frequent"]) == pytest.approx(abs(np.corrcoef(*rests)[0, 1]), abs=1e-9)


def test_chance_is_what_random_directions_reach():
    result = result_with([0])
    row = result.name_directions(1).iloc[0]
    embeddings = result.embeddings
    kept = np.array([word != "<unk>" for word in embeddings.words])
    kept &= embeddings.frequencies >= 5
    random = np.random.default_rng(9).standard_normal((E, 4000))
    scores = (embeddings.vectors[kept] - embeddings.vectors[kept].mean(0)) @ random
    frequency = np.log(embeddings.frequencies[kept])
    values = [abs(np.corrcoef(column, frequency)[0, 1]) for column in scores.T]
    assert row["log_frequency_chance"] == pytest.approx(np.quantile(values, 0.95), abs=0.02)
    assert row["class_chance"] < 1


def test_whitened_directions_score_the_words_as_they_would_in_white_coordinates():
    result = result_with([0, 1])
    white = result.whiten()
    root, embeddings = white.whitening.values, result.embeddings
    table = white.name_directions(1, 5, delays=0).iloc[0]
    vectors = white.leading_directions(1, delays=[0]).sel(group="all", delay=0, mode=1)
    kept = np.flatnonzero((np.array(embeddings.words) != "<unk>") & (embeddings.frequencies >= 5))
    centred = embeddings.vectors[kept] - embeddings.vectors[kept].mean(0)
    scores = centred @ vectors["readout"].values
    order = np.argsort(-scores, kind="stable")
    assert table["positive"].split() == [embeddings.words[kept[at]] for at in order[:5]]
    # z = D⁻¹ v: the pattern is what the direction looks like among inputs, and read-out · pattern = |v|² = 1
    assert vectors["readout"].values @ vectors["pattern"].values == pytest.approx(1)
    np.testing.assert_allclose(root.T @ vectors["readout"].values, np.linalg.solve(root, vectors["pattern"].values), atol=1e-9)
    plain = result.leading_directions(2)
    np.testing.assert_array_equal(plain["pattern"], plain["readout"])
    for mode in (1, 2):
        one = plain.sel(group="all", delay=0, mode=mode)
        image = one["image"].values * float(one["singular_values"])
        np.testing.assert_allclose(result.mean.values[0, 0] @ one["pattern"].values, image, atol=1e-12)


def test_unstable_directions_have_no_words_and_rare_types_take_no_part():
    loud = result_with([], noise=1.0, seed=5).name_directions(3)
    assert not loud["named"].any()
    assert (loud["positive"] == "").all()
    assert loud["log_frequency"].notna().all()
    rare = embeddings_of()
    rare.frequencies[1:20] = 4
    rare.vectors[1:20, 0] = 50
    ends = result_with([0], embeddings=rare).name_directions(1, 10).iloc[0]
    assert not {f"w{number}" for number in range(1, 20)} & set((ends["positive"] + " " + ends["negative"]).split())
    assert "w7" in " ".join(
        result_with([0], embeddings=rare).name_directions(1, 19, least_count=1).iloc[0][["positive", "negative"]]
    )


def test_words_without_counts_or_classes_are_names_all_the_same():
    bare = sg.Embeddings(embeddings_of().vectors, embeddings_of().words)
    row = result_with([0], embeddings=bare).name_directions(1).iloc[0]
    assert row["named"]
    assert row["class"] == ""
    assert np.isnan(row["log_frequency"])
    uncounted = result_with([0], embeddings=embeddings_of(frequencies=False)).name_directions(1).iloc[0]
    assert uncounted["class"] == "nouns"
    assert np.isnan(uncounted["class_partial"])


def test_conditions_and_delays_have_rows_of_their_own():
    model = torch.nn.LSTM(E, 7).eval()
    vectors = embeddings_of()
    result = sg.state_gradients(
        model, torch.randn(80, E), delays=3, segments=np.arange(80) // 9, embeddings=vectors, show_progress=False
    )  # fmt: skip
    table = result.name_directions(1)
    assert list(zip(table["boundary"], table["delay"], strict=True)) == [
        (place, delay) for place in ("any", "within", "across") for delay in (0, 1)
    ]
    assert table.query("boundary == 'across' and delay == 0")["sigma"].isna().all()
    assert result_with([0], delays=[3, 7]).name_directions(1)["delay"].unique().tolist() == [3]


def test_what_cannot_be_named_is_refused():
    without = result_of_blocks(np.ones((1, BLOCKS, 1, H, E)))
    with pytest.raises(sg.InvalidInputError, match="named by words, and this result holds no embeddings; give state_gradients"):
        without.name_directions()
    result = result_with([0])
    with pytest.raises(sg.InvalidInputError, match=r"words is 0; give at least 1\. Also: least_count is 0; give at least 1"):
        result.name_directions(1, 0, least_count=0)
    with pytest.raises(sg.InvalidInputError, match="0 of 200 words occur at least 1000000 times; directions need 10 words"):
        result.name_directions(1, least_count=1_000_000)
    with pytest.raises(sg.InvalidInputError, match="unknown delay '9'"):
        result.name_directions(1, delays=9)
    with pytest.raises(sg.InvalidInputError, match="n is 7; give a number of directions from 1 to 6"):
        result.name_directions(7)
