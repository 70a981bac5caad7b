"""Components are the classes of mutual reachability."""

from hypothesis import given
from hypothesis import strategies as st

from accord_ledger.strong_components import strong_components


def _reach(follow: list[list[int]], start: int) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        for after in follow[todo.pop()]:
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(0, 9))
    targets = st.lists(st.integers(0, max(size - 1, 0)), max_size=4)
    return [draw(targets) for _ in range(size)]


@given(graphs())
def test_same_label_means_mutual_reach(follow: list[list[int]]) -> None:
    label = strong_components(follow)
    reach = [_reach(follow, vertex) for vertex in range(len(follow))]
    for one in range(len(follow)):
        for other in range(len(follow)):
            assert (label[one] == label[other]) == (other in reach[one] and one in reach[other])


def test_depth_is_not_the_interpreters() -> None:
    size = 50_000
    ring = [[(vertex + 1) % size] for vertex in range(size)]
    assert len(set(strong_components(ring))) == 1
    ring[-1] = []
    assert len(set(strong_components(ring))) == size
