from hypothesis import given
from hypothesis import strategies as st

from stategrad.corpus.documents import Document
from stategrad.corpus.partition import by_documents, by_sentences, partition

genres = st.lists(st.sampled_from(["news", "humor", None]), max_size=80)
lengths = st.lists(st.integers(0, 30), min_size=1, max_size=12)


def numbered(lengths):
    """Documents whose sentences are all different."""
    return [Document(f"d{i}", [[(f"{i}.{j}", None)] for j in range(length)], "g") for i, length in enumerate(lengths)]


@given(genres=genres)
def test_every_document_is_in_one_part_and_the_genres_are_shared_out(genres):
    documents = [Document(f"d{i}", (), genre) for i, genre in enumerate(genres)]
    parts = by_documents(documents)
    assert sorted(d.name for part in parts.values() for d in part) == sorted(d.name for d in documents)
    for genre in set(genres):
        size = genres.count(genre)
        for part in ("valid", "test"):
            assert abs(sum(d.genre == genre for d in parts[part]) - size / 10) < 1
    for part in parts.values():
        assert [d.name for d in part] == [d.name for d in documents if d in part]


@given(lengths=lengths)
def test_sentences_keep_their_order_through_the_parts(lengths):
    documents = numbered(lengths)
    parts = by_sentences(documents)
    rebuilt = [s for name in ("train", "valid", "test") for d in parts[name] for s in d.sentences]
    assert rebuilt == [s for d in documents for s in d.sentences]
    total = sum(lengths)
    for part, share in (("train", 0.8), ("valid", 0.1), ("test", 0.1)):
        assert abs(sum(len(d.sentences) for d in parts[part]) - share * total) <= 1
        assert all(d.sentences and d.genre == "g" for d in parts[part])


def test_ten_documents_are_not_cut():
    assert {d.name for d in partition(numbered([5] * 10))["valid"]} == {"d2"}
    assert [len(d.sentences) for d in partition(numbered([50, 50]))["train"]] == [50, 30]
