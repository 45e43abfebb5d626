"""The cosine between two properties, and its interval over words."""

import numpy as np

import stategrad as sg
from stategrad.measures.properties import property_cosine


def test_the_interval_holds_the_cosine_and_narrows_with_more_words(recwarn):
    widths = []
    for number in (2, 40):
        rng = np.random.default_rng(0)
        words = [f"{side}{i}" for side in "abcd" for i in range(number)]
        centres = np.repeat([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0], [0, 0, 1.0]], number, axis=0)
        embeddings = sg.Embeddings(centres + 0.3 * rng.normal(size=centres.shape), tuple(words))
        sides = [[word for word in words if word[0] == side] for side in "abcd"]
        u, v = (sg.property_vector(embeddings, *pair) for pair in (sides[:2], sides[2:]))
        cosine, low, high = property_cosine(embeddings, u, v)
        assert cosine == u.vector @ v.vector / (np.linalg.norm(u.vector) * np.linalg.norm(v.vector))
        assert low < cosine < high
        widths.append(high - low)
    assert widths[1] < 0.5 * widths[0]
    assert not recwarn.list, "classes of two words are at times without any, and that draw counts for nothing"
