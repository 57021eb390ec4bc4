"""Who is in a segment, and how that changes."""

from collections.abc import Sequence

from .chance import generator


def settled(members: Sequence[int]) -> Sequence[int]:
    """The members as something nobody can change; a range stays a range, however long."""
    return members if isinstance(members, range) else tuple(members)


def drifted(members: Sequence[int], share: float, seed: tuple[object, ...]) -> Sequence[int]:
    """The members some time later: half of the share left, as many joined.

    Args:
        members: Contact ids.
        share: 0 to 1.
        seed: What the choice follows from.

    Returns:
        As many contact ids, ascending.
    """
    if not members:
        return members
    chance = generator(*seed, "drift")
    exact = len(members) * share / 2
    # A small segment changes only now and then, but on average as much as a large one.
    moves = int(exact) + (chance.random() < exact % 1)
    remaining = set(members)
    remaining.difference_update(
        members[place] for place in chance.sample(range(len(members)), moves)
    )
    former, highest = set(members), max(members) + len(members)
    while len(remaining) < len(former):
        contact = chance.randrange(1, highest + 1)
        if contact not in former:
            remaining.add(contact)
    return tuple(sorted(remaining))
