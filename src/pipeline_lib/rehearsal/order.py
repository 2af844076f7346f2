"""The order in which a rehearsal takes things: one for all limits, so that a larger limit contains the smaller.

Strata take turns by their shares, as seats are allotted by Sainte-Laguë's divisors (Webster's). Largest remainders
would be as even, but there a stratum can lose a seat when the house grows (the Alabama paradox): nothing would nest.
"""

from collections import defaultdict
from dataclasses import dataclass

from pipeline_lib.core.seeding import derive_seed

STAGE = "choose"


@dataclass(frozen=True)
class Group:
    """What is taken whole or not at all: its name, its stratum, how many rows or questions it has."""

    name: str
    stratum: str
    size: int = 1


def taken(groups: list[Group], limit: int | None, seed: int) -> list[Group]:
    """Return the first groups in the order of `ordered` that hold `limit` or more; all where there is no limit.

    More than the limit by less than one group.
    """
    found: list[Group] = []
    count = 0
    for group in ordered(groups, seed):
        if limit is not None and count >= limit:
            break
        found.append(group)
        count += group.size
    return found


def ordered(groups: list[Group], seed: int) -> list[Group]:
    """Return all groups: first one of each stratum, the largest stratum first, then strata in turn by their shares.

    Within a stratum the digest of seed and name decides, whatever the order in which the groups are given.
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
            middle = (2 * before + group.size) / total  # of its place among the stratum's rows, from 0 to 2
            keys[group] = (before > 0, middle, ranks[group], group.stratum, group.name)
            before += group.size
    return sorted(groups, key=lambda group: keys[group])
