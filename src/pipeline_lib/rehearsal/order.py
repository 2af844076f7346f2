"""The order in which a rehearsal takes groups: it does not depend on the limit, so smaller choices nest in larger ones.

Strata alternate by their shares, as in the Sainte-Laguë (Webster) method of apportionment. The largest remainder method
is as even, but a stratum can lose a seat when the total grows (the Alabama paradox), so choices would not nest.
"""

from collections import defaultdict
from dataclasses import dataclass

from pipeline_lib.core.seeding import derive_seed

STAGE = "choose"


@dataclass(frozen=True)
class Group:
    """Rows or questions that belong together: their name, stratum and number."""

    name: str
    stratum: str
    size: int = 1


def taken(groups: list[Group], limit: int | None, seed: int) -> list[Group]:
    """Return the first groups, in the order of `ordered`, with `limit` or more members in all; without a limit, all.

    They exceed the limit by less than one group.
    """
    first: list[Group] = []
    count = 0
    for group in ordered(groups, seed):
        if limit is not None and count >= limit:
            break
        first.append(group)
        count += group.size
    return first


def ordered(groups: list[Group], seed: int) -> list[Group]:
    """Return all groups: first one of each stratum, from the largest stratum on, then the rest by the strata's shares.

    Within a stratum, groups are in the order of the digests of seed and name; the order of `groups` has no effect.
    """
    strata: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        strata[group.stratum].append(group)
    keys = {}
    for members in strata.values():
        ranks = {group: derive_seed(seed, STAGE, group.name) for group in members}
        total = sum(group.size for group in members)
        before = 0
        for group in sorted(members, key=lambda group: (ranks[group], group.name)):
            middle = (2 * before + group.size) / total  # of its position among the stratum's rows, from 0 to 2
            keys[group] = (before > 0, middle, ranks[group], group.stratum, group.name)
            before += group.size
    return sorted(groups, key=lambda group: keys[group])
