"""Strongly connected components: two vertices have one label if and only if each can reach the other.

Takes time in proportion to vertices and edges; the labels depend on the numbering alone.
"""

from __future__ import annotations

from typing import Final

_UNSEEN: Final = 0


def strong_components(follow: list[list[int]]) -> list[int]:
    """Label of the strongly connected component of each vertex.

    Tarjan's search in the form of Pearce (2005), on a stack of its own: depth is bounded by memory and
    not by the interpreter's recursion limit.

    Args:
        follow: for each vertex, numbered from 0, the vertices its edges lead to.
    """
    done = len(follow) + 1
    low = [_UNSEEN] * len(follow)  # 0 unseen, else least visit number in reach; ``done`` once assigned
    component = [-1] * len(follow)
    visits = 0
    for root in range(len(follow)):
        if low[root] != _UNSEEN:
            continue
        pending: list[int] = []
        visits += 1
        low[root] = visits
        path = [(root, visits, iter(follow[root]))]
        while path:
            vertex, visit, onward = path[-1]
            for after in onward:
                if low[after] == _UNSEEN:
                    visits += 1
                    low[after] = visits
                    path.append((after, visits, iter(follow[after])))
                    break
                low[vertex] = min(low[vertex], low[after])
            else:
                path.pop()
                pending.append(vertex)
                if low[vertex] == visit:
                    while pending and low[pending[-1]] >= visit:
                        member = pending.pop()
                        low[member] = done
                        component[member] = vertex
                else:  # so the search came here from another vertex
                    above = path[-1][0]
                    low[above] = min(low[above], low[vertex])
    return component
